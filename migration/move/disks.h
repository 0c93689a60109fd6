/*
 * Disks that no host shares move along with their VM (migrate_storage), in each leg:
 *
 *     destination                            source
 *     its images are there, as large         .
 *     disks_offer(): can be written
 *                       "ready": disks_ticket()
 *                       "start"
 *     .                                      disks_mirror(): copied, and kept the same
 *     (receives)                             (migrates; the copies end when the guest has stopped)
 *     completed                              completed
 *     .                                      disks_compare(): both ends' content, read
 *                       "moved"
 *     disks_withdraw(), then the ledger: owns
 *
 * The way is one of the nodes' own (transport/relayed.h): nobody but the source comes to a disk
 * that can be written.
 *
 * What this means for the handover's promise: until the destination owns the guest nothing but the
 * copies writes to its disks, and the source's own disks have all that the guest has written, also
 * when the copies have ended and the stream then fails: it may go on with them. Once the guest has
 * run at the destination they are its past, as its memory is.
 */
#pragma once

#include "migration/move/handover.h"

/* Destination, its VM ready to receive. */
int disks_offer(struct handover *h, int64_t deadline, GError **err);

/* What the source must know; NULL: no disk moves. Transfer full. */
json_t *disks_ticket(const struct handover *h);

/* Source. theirs: what the destination has said in "ready". */
int disks_mirror(struct handover *h, const json_t *theirs, GError **err);

/* Source, when it has completed: how much was copied, into the leg's record; whoever did it. */
void disks_record(struct handover *h);

/* Source, when both have completed and no guest runs: reads the disks at both ends, unless the test
 * does not want it. A difference is a MIGRATION error. */
int disks_compare(struct handover *h, GError **err);

/* Destination, before it owns the guest. */
int disks_withdraw(struct handover *h, GError **err);

/* Source, after a failure: gives up what is copied, so that the guest can go on, and be moved
 * again. Works on a cancelled fiber. */
void disks_give_up(struct handover *h);

/* Either end, when the leg is over. */
void disks_end(struct handover *h);
