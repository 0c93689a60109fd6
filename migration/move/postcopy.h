/*
 * Post-copy: the guest goes on at the destination while the rest of its memory still moves.
 *
 *     source                                destination
 *     (the stream flows, the guest runs)
 *                  exchange "switch": whether it is to be; the guest's state
 *                                           ledger: owns
 *                  barrier "owned"
 *     migrate-start-postcopy: the guest stops
 *                                           postcopy-active: cont; RESUME
 *     completed                             completed
 *
 * The source gives the guest up with its command: from then on it goes on only if the destination's
 * copy is dead and has never run. The destination starts the guest when its own hypervisor says
 * that it has come to post-copy, which that does only by what the source has sent after it had
 * stopped the guest. Neither asks anybody in between: once both were released from "owned", an
 * abort comes too late. It only bounds how long the destination waits for a switch that does not
 * come.
 *
 * A stream that breaks then leaves both hypervisors waiting for another one, which they get where
 * mig_postcopy_recover says so. Often only one end sees that it has broken, so each stream is a
 * scope of meetings (sync/meeting.h) that this end fails: then the other one breaks it, too, though
 * it may not have it yet. Both come to "recover" for the next one, or say there that they need
 * none, as all is over. Until then there is the guest, but no whole copy of it.
 */
#pragma once

#include "migration/move/handover.h"

/* Whether the legs of this VM may switch. */
bool postcopy_is_asked_for(const struct handover *h);

/* Whether a hypervisor has lost its stream in post-copy, and waits for another. */
bool postcopy_lacks_stream(const struct vm *vm);

/* Source: switches. h: a struct handover. 0 also if the migration completed before it could. */
int postcopy_switch(void *h, GError **err);

/* Source, which has completed: lets the destination know if there was no switch. */
void postcopy_decline(struct handover *h);

/* Destination, instead of vm_await_migrated(). */
int postcopy_receive(struct handover *h, int64_t deadline, GError **err);

/*
 * Either end: waits, by wait(arg), for the end of the stream, and of those that replace it: h's
 * channel is another one then.
 */
int postcopy_await_streams(struct handover *h, fiber_fn wait, void *arg, int64_t deadline,
                           GError **err);

/* Destination, settling: what becomes of a guest that was started here. */
enum postcopy_rest {
    POSTCOPY_WHOLE, /* all of it is here: it lives */
    POSTCOPY_LOST,  /* the rest of it does not come */
    POSTCOPY_WAITS, /* the rest may still come, though it has not for long */
};
enum postcopy_rest postcopy_await_rest(const struct handover *h);

/* How much longer settling may take for that, in ms. */
int64_t postcopy_patience_ms(const struct handover *h);
