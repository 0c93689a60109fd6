/*
 * The barrier between node processes: each node is a process that arrives over a sealed link, the
 * coordinator keeps the meeting book.
 */
#pragma once

#include "tests/bench/barrier_times.h"
#include "tests/bench/bench_barrier_bare.h"

/* Runs `rounds` barriers of `nodes` processes. Transfer full of round_ns. */
int barrier_tcp_run(unsigned nodes, unsigned rounds, struct barrier_times *times, GError **err);

/*
 * The same with meetings that are aborted: in each round all but the first node arrive, then that
 * one fails. round_ns: from its failing to the last that heard of it. At least two nodes.
 */
int abort_tcp_run(unsigned nodes, unsigned rounds, struct barrier_times *times, GError **err);

/* The body of main() in a node process: called when argv[1] is NODE_OPTION. */
int barrier_tcp_node(void);

/* The stars whose messages are as long as those of such barriers, and such aborts. */
struct bare_star barrier_tcp_yardstick(unsigned nodes, unsigned rounds);
struct bare_star abort_tcp_yardstick(unsigned nodes, unsigned rounds);
