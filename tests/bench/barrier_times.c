#include "tests/bench/barrier_times.h"

#include <stdlib.h>

static int64_t round_time(GArray *const *moments, unsigned nodes, unsigned round)
{
    int64_t arrived = INT64_MIN, released = INT64_MIN;

    for (unsigned i = 0; i < nodes; i++) {
        const struct moment *m = &g_array_index(moments[i], struct moment, round);

        arrived = MAX(arrived, m->arrived_ns);
        released = MAX(released, m->released_ns);
    }
    return released - arrived;
}

void barrier_times_join(struct barrier_times *times, GArray *const *moments, unsigned nodes,
                        unsigned rounds)
{
    times->round_ns = g_new(int64_t, rounds);
    for (unsigned round = 0; round < rounds; round++)
        times->round_ns[round] = round_time(moments, nodes, round);
}

static int compare_int64(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return x < y ? -1 : x > y;
}

double barrier_times_percentile(struct barrier_times *times, unsigned rounds, unsigned percent)
{
    qsort(times->round_ns, rounds, sizeof(*times->round_ns), compare_int64);
    uint64_t at = (uint64_t)rounds * percent / 100;
    return (double)times->round_ns[at] / 1e3;
}
