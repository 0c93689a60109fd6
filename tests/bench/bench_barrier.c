/* How long a barrier of N nodes holds them up: from the last arrival to the last release. */
#include "bench_barrier_memory.h"
#include "bench_barrier_tcp.h"
#include "node_process.h"
#include "sync/fiber.h"
#include "sync/meeting.h"

#include <stdio.h>
#include <string.h>

static const struct transport {
    const char *name;
    int (*run)(unsigned nodes, unsigned rounds, struct barrier_times *times, GError **err);
} transports[] = {
    {"memory", barrier_memory_run},
    {"tcp", barrier_tcp_run},
};

static int nodes = 2;
static int rounds = 10000;
static char *transport_name;

static const GOptionEntry options[] = {
    {"nodes", 0, 0, G_OPTION_ARG_INT, &nodes, "members of the barrier, 1 to 128 (2)", "N"},
    {"rounds", 0, 0, G_OPTION_ARG_INT, &rounds, "barriers one after the other (10000)", "R"},
    {"transport", 0, 0, G_OPTION_ARG_STRING, &transport_name,
     "memory: all are fibers of one loop; tcp: node processes over sealed links (memory)", "NAME"},
    {NULL, 0, 0, 0, NULL, NULL, NULL},
};

static const struct transport *find_transport(const char *name)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(transports); i++) {
        if (strcmp(transports[i].name, name) == 0)
            return &transports[i];
    }
    return NULL;
}

static int compare_int64(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return x < y ? -1 : x > y;
}

static double percentile_us(const int64_t *sorted_ns, int percent)
{
    int64_t i = (int64_t)rounds * percent / 100;

    return (double)sorted_ns[i] / 1e3;
}

static int measure(void *arg, GError **err)
{
    const struct transport *transport = arg;
    struct barrier_times times = {0};

    if (transport->run((unsigned)nodes, (unsigned)rounds, &times, err) < 0)
        return -1;
    qsort(times.round_ns, (size_t)rounds, sizeof(*times.round_ns), compare_int64);
    printf("{\"bench\": \"barrier\", \"transport\": \"%s\", \"nodes\": %d, \"rounds\": %d, "
           "\"p50_us\": %.1f, \"p99_us\": %.1f, \"per_s\": %.0f}\n",
           transport->name, nodes, rounds, percentile_us(times.round_ns, 50),
           percentile_us(times.round_ns, 99), rounds / ((double)times.total_ns / 1e9));
    g_free(times.round_ns);
    return 0;
}

int main(int argc, char **argv)
{
    g_autoptr(GOptionContext) context = g_option_context_new("- measure the barrier");
    g_autoptr(GError) err = NULL;
    const struct transport *transport;

    if (argc == 2 && strcmp(argv[1], NODE_OPTION) == 0)
        return barrier_tcp_node();
    g_option_context_add_main_entries(context, options, NULL);
    if (!g_option_context_parse(context, &argc, &argv, &err) || argc > 1 || nodes < 1 ||
        nodes > MEETING_MAX_HOSTS || rounds < 1) {
        fprintf(stderr, "bench_barrier: %s\n", err ? err->message : "wrong arguments, see --help");
        return 4;
    }
    transport = find_transport(transport_name ? transport_name : "memory");
    if (!transport) {
        fprintf(stderr, "bench_barrier: the transport is memory or tcp, not %s\n", transport_name);
        return 4;
    }
    if (fiber_run(measure, (void *)transport, &err) == 0)
        return 0;
    fprintf(stderr, "bench_barrier: %s\n", err->message);
    return 1;
}
