/* A look at what a guest has said of its own health: on its serial port, in its kernel's log. */
#pragma once

#include "migration/guest/guest.h"

/*
 * Whatever it has said since the last look, here or on the host that it came from, that a sound
 * guest does not say (complaint.h): "on its serial port: …; in its kernel's log: …". *out is NULL
 * where it has said nothing of the kind. Transfer full. The log is read where the guest can be
 * logged in to and `verify_guest_dmesg` does not say no; one that cannot be read, as that of
 * Windows, is *unread_out, a sentence (transfer full). Errors as of guest_command().
 */
int guest_look(struct guest *guest, int64_t deadline, char **out, char **unread_out, GError **err);

/* The same of its serial port alone, which waits for nothing. NULL: nothing. Transfer full. */
char *guest_look_at_serial(struct guest *guest);
