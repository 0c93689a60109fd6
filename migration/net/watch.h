/*
 * Learns which addresses a guest uses from what it says to its neighbours: ARP, and IPv6's
 * neighbour discovery, as it comes out of the guest's own tap, before a bridge has a say. Only
 * frames with the guest's MAC as their sender count; the rest does not even reach us (a filter in
 * the kernel).
 *
 * Needs CAP_NET_RAW. Loop thread.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

struct net_watch;

/* address: numeric, of the guest, never a link-local one. Called from the loop. */
typedef void (*net_watch_fn)(const char *address, void *arg);

/* name: of the tap. Transfer full; NULL where this user may not look (VM_ERROR_START). */
struct net_watch *net_watch_open(const char *name, const guint8 mac[6], net_watch_fn fn, void *arg,
                                 GError **err);
void net_watch_close(struct net_watch *watch); /* NULL is fine */

/* Whose address a frame tells, if it is of that MAC: into text (INET6_ADDRSTRLEN). For tests. */
bool net_watch_read(const guint8 *frame, gsize size, const guint8 mac[6], char *text,
                    gsize text_size);
