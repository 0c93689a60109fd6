/* The guest's clock, beside the host's. */
#pragma once

#include "migration/guest/guest.h"

/*
 * By how much the guest's clock is ahead of CLOCK_REALTIME here, in ms, to within half of what the
 * question takes. False: nobody is logged in to it now by ssh or its agent, or it does not say.
 */
bool guest_clock(struct guest *guest, int64_t deadline, double *ahead_ms_out);

/* The time that an answer tells, in seconds since 1970; negative: none. For tests. */
double guest_clock_read(const char *answer);
