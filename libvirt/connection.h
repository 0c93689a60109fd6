/*
 * The two connections to one libvirtd. libvirtd takes a handful of requests at a time of each
 * client; so what lasts has a connection of its own, and an abort never waits behind it.
 */
#pragma once

#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <stdbool.h>

enum connection_kind {
    CONNECTION_NONE,
    CONNECTION_CALLS,   /* what may last for minutes */
    CONNECTION_CONTROL, /* all else, and the events */
};
#define CONNECTION_KINDS 3

/* Connects both, with keepalive, and has the events come; then closes those there were. Waits as
 * long as libvirtd lets it: on a call's thread. -1: *why_out says why (virFreeError(); NULL:
 * libvirt does not say). *generation_out: a number of its own each time; the connections' events
 * tell it.
 */
int connection_open(const char *uri, int keepalive_s, unsigned *generation_out,
                    virErrorPtr *why_out);

/* Transfer full (virConnectClose()); NULL if there is none. Any thread. */
virConnectPtr connection_ref(enum connection_kind kind);

/* Another one, with keepalive, for as long as a call lasts. Transfer full; NULL: *why_out,
 * likewise.
 */
virConnectPtr connection_open_other(const char *uri, int keepalive_s, virErrorPtr *why_out);

/* Closes both. Waits for libvirtd's answer. */
void connection_close_all(void);
