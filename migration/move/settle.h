/* What settling does whoever moves the VM: shared by settle.c and managed.c. */
#pragma once

#include "migration/move/handover.h"

/* What the destination's copy is, in the settling exchange. */
#define COPY_DEAD "dead" /* destroyed and confirmed; it never ran */
#define COPY_RAN "ran"   /* destroyed or died, but it had been started: the guest went on there */
#define COPY_RUNNING "running" /* the guest lives there */
#define COPY_WAITS                                                                                 \
    "waits" /* the guest went on there, in post-copy; the rest of it may still come */
#define COPY_UNKNOWN                                                                               \
    "unknown" /* it could not be destroyed, or may have been started before it was */

#define SETTLE_COMMAND_MS 10000 /* for a hypervisor to do what it is told */

/* A meeting that survives the abort of the leg. */
struct test_meeting settle_meeting(const struct handover *h, const char *what, int64_t timeout_ms,
                                   char tag[80]);

/* Source: whether its guest runs; continues it, and sees whether it lives; takes it back after a
 * switch to post-copy that has not come to anything. */
bool settle_is_running(struct handover *h);
Vtmh__Survivor settle_continue(struct handover *h);
Vtmh__Survivor settle_take_back(struct handover *h);

/* Destination: what has become of a guest that was started here and whose hypervisor lives. */
const char *settle_look_at_running(const struct handover *h);

/* Destination: ends the copy here. Returns what there is to say of it then: copy, if it is gone. */
const char *settle_end_copy(struct handover *h, const char *copy);

/* Either end: what is here may be the only copy, and outlives the test. */
void settle_keep(struct handover *h);
