/*
 * The yardstick of the barrier over TCP: a star of as many processes over bare sealed links
 * (bare_link.h), whose messages are as long as those of the barrier. The centre counts.
 *
 * With `aborts` it is the yardstick of an abort: in each round all but the first node come, then
 * the centre has that one say that it has failed, and tells all.
 */
#pragma once

#include "tests/bench/barrier_times.h"

#include <stdbool.h>

#define BARE_NODE_OPTION "--bare-node"

struct bare_star {
    unsigned nodes, rounds;
    bool aborts;
    size_t arrive_bytes, release_bytes; /* of the plain messages */
};

/* In a fiber, which it blocks. Transfer full of round_ns. */
int bare_star_run(const struct bare_star *star, struct barrier_times *times, GError **err);

/* The body of main() in a node process: called when argv[1] is BARE_NODE_OPTION. */
int bare_star_node(void);
