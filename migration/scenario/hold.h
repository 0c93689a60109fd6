/*
 * Holding a test for its user (--hold POINT), who is told how to get at the VMs that are on this
 * host, and presses Enter to go on. Meanwhile no time of the test is over: neither its own limit
 * nor that of a meeting.
 */
#pragma once

#include "migration/scenario/scenario.h"
#include "proto/hold_points.h"

/*
 * Holds here, if the user wants that at this point. seats: of struct seat; of those that have a VM
 * here it is said how to get in. leg: 0: none. Whoever comes to the same point of the same VM on
 * another host is held with it, and goes on with it. CANCELLED, unless shielded.
 */
int hold_at(struct test *test, const char *point, const GPtrArray *seats, unsigned leg,
            GError **err);

/* The same for one VM. */
int hold_seat_at(struct seat *seat, const char *point, unsigned leg, GError **err);

/* How to get into the VM that is here, a line each: by ssh, its serial line, QEMU's monitor.
 * serial: the socket of that; NULL: it is only to be listened to. */
void hold_add_ways_in(const struct seat *seat, const char *serial, GStrvBuilder *lines);
