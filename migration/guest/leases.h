/* Where a guest's address stands written down: in the leases of a DHCP server, or in what its own
 * agent says of its interfaces. */
#pragma once

#include <glib.h>
#include <jansson.h>
#include <stdbool.h>

/*
 * The address that a DHCP server has given to that MAC, by its file of leases: dnsmasq's (a line
 * each: "EXPIRY MAC ADDRESS NAME ID", of IPv6 "EXPIRY IAID ADDRESS NAME DUID", where the DUID ends
 * with the MAC), or libvirt's (BRIDGE.status, JSON). Of several the one that lasts longest; none
 * that has ended at now_s (seconds since 1970). NULL: there is none. Transfer full.
 */
char *leases_find(const char *text, const char *mac, bool is_ipv6, gint64 now_s);

/* The same by QGA's guest-network-get-interfaces; never a link-local one. */
char *interfaces_find(const json_t *interfaces, const char *mac, bool is_ipv6);
