/*
 * The handover where managers move the VM (vm_is_managed()): one call at the source, which makes
 * the destination's copy, and ends the source's when all has arrived.
 *
 *     source                                destination
 *                  exchange "ready", barrier "start"
 *     the call -----------------------------> the copy comes
 *                                           all is here: the copy is held, paused
 *     the manager has ended the copy here;
 *     the call returns
 *                  exchange "moved", and on as in handover.h
 *
 * A copy that is held (VIR_MIGRATE_PAUSED; mig_hold) is started by the destination's node alone,
 * and only on a word of the source: its arrival at "moved", or in settling. So the token passes as
 * between hypervisors; but where it has not passed when the leg fails, the source may have nothing
 * to go on with. A destination therefore ends no copy before it knows what became of the call,
 * which the source has first aborted, and waited for. At "left" the source says
 *
 *     left      its manager has ended it: the held copy is the guest, and goes on
 *     has       the call is over and has failed, so the guest is here: the copy there is ended
 *     gone      the hypervisor here died: as has, and the guest with it
 *     unknown   the call does not return, or the manager does not answer
 *
 * With the last, or none, the destination first cuts the managers' way, so that nothing completes
 * any more. What is not complete then never will be, and is ended, which is also what lets a call
 * return that waited for it. A copy that is complete may be the guest: it is kept, paused.
 * A source whose call has failed need not know what became of a held copy: nobody starts it.
 *
 * Where the copy is not held (mig_hold = no, post-copy), the destination's manager starts it when
 * all has arrived: the destination owns the guest before the call ("give", "owned"), and that the
 * source's does not go on beside it is the managers' promise, not ours.
 */
#pragma once

#include "migration/move/handover.h"

/* For the destination to settle: it waits for the source's call to be over, and may have to start
 * the guest. */
#define MANAGED_SETTLE_MS 90000

bool managed_is(const struct handover *h);

/* Whether the destination's copy waits for our vm_cont(). */
bool managed_is_held(const struct handover *h);

/* Either end, between "start" and the call: the destination owns what its manager will start. */
int managed_give(struct handover *h, GError **err);
int managed_own(struct handover *h, GError **err);

/* Source, settling: ends the call, and tells the destination what became of the guest here. */
void managed_stop_call(struct handover *h);

/* Source, then: where the guest is, given what the destination has said of its copy (settle.c). */
Vtmh__Survivor managed_decide(struct handover *h, const char *copy);

/* Destination, settling: what there is to say of the copy here, which is ended, goes on, or is kept
 * by this (seat->is_uncertain). */
const char *managed_settle_copy(struct handover *h);
