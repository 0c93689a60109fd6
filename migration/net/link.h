/*
 * Network interfaces of this host, by name. Each call is a system call or two that take a moment;
 * what the kernel refuses is said in its words.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* Longest name of an interface, without its NUL. */
#define LINK_NAME_MAX 15

/* Names of interfaces that vtmh makes begin so; nothing else is ever deleted. */
#define LINK_PREFIX "vtmh"

/* Whether an interface of this name may be ours: the prefix, and letters and digits behind it. */
bool link_may_be_ours(const char *name);

bool link_exists(const char *name);

/* Deletes an interface that may be ours (rtnetlink RTM_DELLINK). Whether it is gone. */
bool link_delete(const char *name);

/* "bridge", "veth", "tun", … as its driver says (SIOCETHTOOL); "" if it does not. Transfer full. */
char *link_driver(const char *name);

/* Whether it is switched on, as an administrator does it. */
bool link_is_up(const char *name);

/* Its own address. Whether it has one. */
bool link_mac(const char *name, guint8 mac[6]);

/* 0; -1 with errno. mac: six bytes. */
int link_set_up(const char *name);
int link_set_mac(const char *name, const guint8 mac[6]);
int link_copy_mtu(const char *name, const char *from);
int link_join_bridge(const char *name, const char *bridge);

/* Six pairs of hexadecimal digits as bytes. Whether the text is that. */
bool link_parse_mac(const char *text, guint8 mac[6]);
