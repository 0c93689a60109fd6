/*
 * The barrier between node processes: each node is a process that arrives over a sealed link, the
 * coordinator keeps the meeting book. All are on one kernel, so their monotonic clocks are one.
 */
#pragma once

#include <glib.h>
#include <stdint.h>

struct barrier_times {
    int64_t *round_ns; /* for each round, from the last arrival to the last release, both as the
                          nodes themselves saw them */
    int64_t total_ns;  /* all rounds, on the coordinator */
};

/* Runs `rounds` barriers of `nodes` processes. Transfer full of round_ns. */
int barrier_tcp_run(unsigned nodes, unsigned rounds, struct barrier_times *times, GError **err);

/* The body of main() in a node process: called when argv[1] is NODE_OPTION. */
int barrier_tcp_node(void);
