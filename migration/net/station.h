/*
 * Whether a network segment has a station with a MAC address already, before a card with that one
 * is put on its bridge.
 *
 * Three things are looked at: the bridge's own table, in which an interface of this host or a tap
 * of another VM stands for as long as it is there; who says something while we look; and who
 * answers when it is asked at that MAC address alone (ICMPv6 echo to all nodes, ARP for the address
 * that is known of it). What the table remembers of somebody far away who says nothing any more is
 * no station: a guest that has ended stays in the tables of bridges for minutes.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

struct station {
    const char *bridge;
    guint8 mac[6];
    const char *address; /* numeric, without /BITS; NULL: not known */
    bool asks;           /* and waits for an answer; else what the bridge remembers is enough */
};

/* How long an answer is waited for, of all stations together. */
#define STATION_WAIT_MS 200

/*
 * -1 when one of them is there: VM_ERROR_START with bridge and how it was seen; *which_out is its
 * index. Who may not look at a bridge sees nothing. 0: none was seen. In a fiber.
 */
int stations_look(const struct station *stations, unsigned n, unsigned *which_out, GError **err);
