/*
 * For how long a guest is not heard on the network while it moves (network_gap). One host asks it
 * all the time (net/prober.h), from before the move until it is heard regularly again behind it:
 * the *observer*, a host of the test that is neither end of the leg where there is one, since its
 * way to the guest is that of everybody else; else the destination, from whose network the guest is
 * away until the move is announced there. With client a host that has no part in the test asks, and
 * the destination speaks with it. (Not the source: when its copy ends, its bridge forgets
 * where the guest was.)
 *
 *     source                               observer
 *                exchange "probe": the guest's address
 *                                          begins to ask
 *                exchange "probing": who asks
 *     lets the guest ask, too
 *     (a second: the baseline)
 *                barrier "baseline"        from now on it counts
 *     …                                    …
 *     destination: barrier "runs", when the guest is alive, before it is logged in to
 *                                          until it is heard regularly
 *     destination: exchange "probed": what was found, for its record
 *
 * With network_gap = yes the guest answers, and with both it asks as well; both teach the bridges
 * where it is, and so does an answer to a question that it had got before it was stopped. Only a
 * guest that says nothing at all shows whether its move is announced: with silent, numbered frames
 * go to it that it takes no notice of, and both ends see them at its tap (vm_probes()).
 */
#pragma once

#include "migration/move/handover.h"

/* Whether this host can, before anything starts. UNSUPPORTED. */
int network_gap_check(const struct seat *seat, GError **err);

/* Source, before "start", when its guest works. Nothing if it is not asked for, as all of these. */
int network_gap_let_ask(struct handover *h, GError **err);

/* Destination, after "ready"; after the guest was checked. */
int network_gap_begin(struct handover *h, GError **err);
int network_gap_end(struct handover *h, int64_t stopped_at_us, uint64_t last_probe, GError **err);

/* The last frame that came to the source's tap before the guest was stopped there; 0: none. For the
 * destination. */
uint64_t network_gap_last_probe(const struct vm *vm, int64_t stopped_at_us);

/* The longest gap between frames: from the last at the source, over those that came to the
 * destination's tap since the guest runs there. *is_first_out: it is that of the switchover. -1:
 * none came. */
double network_gap_of_probes(uint64_t last, const GArray *probes, int64_t resumed_at_us,
                             bool *is_first_out);

/* On a host that is neither: the whole leg, if it is the observer. */
int network_gap_observe(struct seat *seat, const struct leg_plan *leg, GError **err);

/* Where a gap lay: "setup", before the guest was stopped at the source, "switchover", or "after" it
 * was resumed; "" if one of the times is not known (0). */
const char *network_gap_place(int64_t from_us, int64_t to_us, int64_t stopped_us,
                              int64_t resumed_us);
