/*
 * Learns which addresses a guest uses from what it says to its neighbours: ARP, and IPv6's
 * neighbour discovery, as it comes out of the guest's own tap, before a bridge has a say. Only
 * frames with the guest's MAC as their sender count; the rest does not even reach us (a filter in
 * the kernel).
 *
 * And hears a prober that asks the guest nothing (net/prober.h): its numbered frames, as they go
 * into the tap. Needs CAP_NET_RAW. Loop thread.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

struct net_watch;

/* Called from the loop. */
struct net_watcher {
    void (*on_address)(const char *address, void *arg); /* numeric; never a link-local one */
    void (*on_probe)(guint64 number, void *arg);
    void *arg;
};

/* name: of the tap. Transfer full; NULL where this user may not look (VM_ERROR_START). */
struct net_watch *net_watch_open(const char *name, const guint8 mac[6],
                                 const struct net_watcher *watcher, GError **err);
void net_watch_close(struct net_watch *watch); /* NULL is fine */

/* Whose address a frame tells, if it is of that MAC: into text (INET6_ADDRSTRLEN). For tests. */
bool net_watch_read(const guint8 *frame, gsize size, const guint8 mac[6], char *text,
                    gsize text_size);

/* A frame of a prober that asks nothing: an Ethernet type for experiments, in it the magic word and
 * the number, big-endian. */
#define NET_PROBE_TYPE 0x88b5
#define NET_PROBE_MAGIC G_GUINT64_CONSTANT(0x76746d682d736179)
struct net_probe {
    guint64 magic, number;
};

/* The number of such a frame, if it goes to that MAC; 0: it is none. */
guint64 net_watch_probe(const guint8 *frame, gsize size, const guint8 mac[6]);
