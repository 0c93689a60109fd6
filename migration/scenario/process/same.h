/*
 * Whether a VM that lives on is what another test would start: by the command line that its
 * hypervisor would have, by what stands beside that, and by what works in its guest.
 */
#pragma once

#include "migration/move/seat.h"

/* What the VM here is started as, a line a word. Needs the platform. Transfer full. */
char *same_made_of(const struct seat *seat, GError **err);

/* What works in its guest, a line a parameter. background: whether migration_bg_command does.
 * Transfer full. */
char *same_works(const struct params *params, bool background);

/* "-m 64M instead of -m 32M": where two of them differ first; NULL: nowhere. Transfer full. */
char *same_difference(const char *is, const char *would_be);
