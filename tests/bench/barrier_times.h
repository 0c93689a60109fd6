/* What a barrier bench measures. All processes are on one kernel, so their monotonic clocks are
 * one. */
#pragma once

#include <glib.h>
#include <stdint.h>

struct barrier_times {
    int64_t *round_ns; /* for each round, from the last arrival to the last release, both as the
                          nodes themselves saw them */
    int64_t total_ns;  /* all rounds, on the coordinator */
    int64_t rss_bytes; /* of the coordinator, when they are over */
};

struct moment { /* of one round at one node, CLOCK_MONOTONIC */
    int64_t arrived_ns, released_ns;
};

#define MOMENTS_A_MESSAGE 4096

/* moments: for each node the struct moment of all rounds. Transfer full of times->round_ns. */
void barrier_times_join(struct barrier_times *times, GArray *const *moments, unsigned nodes,
                        unsigned rounds);

/* In microseconds; sorts the rounds. */
double barrier_times_percentile(struct barrier_times *times, unsigned rounds, unsigned percent);
