/* The barrier without a wire: nodes and coordinator are fibers of one loop. */
#pragma once

#include "bench_barrier_tcp.h"

/* Runs `rounds` barriers of `nodes` fibers, in a fiber. Transfer full of round_ns. */
int barrier_memory_run(unsigned nodes, unsigned rounds, struct barrier_times *times, GError **err);
