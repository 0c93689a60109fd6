/* Whether a guest has told that something broke in it (guest/look.h), and what becomes of a test
 * where it has. */
#pragma once

#include "migration/move/seat.h"

/* The guest is here. VM_ERROR_GUEST with its lines; with `guest_dmesg_ignore` they make the test a
 * WARN. leg: its number; 0: before the first. */
int said_check(struct seat *seat, unsigned leg, GError **err);

/* The same of what it has said here on its serial port, where it is no longer: to be asked while
 * the copy that has moved is still held. */
int said_check_left(struct seat *seat, unsigned leg, GError **err);
