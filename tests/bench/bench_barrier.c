/* How long a barrier of N nodes holds them up: from the last arrival to the last release. */
#include "bench_barrier_memory.h"
#include "bench_barrier_tcp.h"
#include "node_process.h"
#include "sync/fiber.h"
#include "sync/meeting.h"

#include <stdio.h>
#include <string.h>

#define PAIRS_MAX 99

static int run_bare(unsigned nodes_wanted, unsigned rounds_wanted, struct barrier_times *times,
                    GError **err)
{
    const struct bare_star star = barrier_tcp_yardstick(nodes_wanted, rounds_wanted);

    return bare_star_run(&star, times, err);
}

static int run_bare_abort(unsigned nodes_wanted, unsigned rounds_wanted,
                          struct barrier_times *times, GError **err)
{
    const struct bare_star star = abort_tcp_yardstick(nodes_wanted, rounds_wanted);

    return bare_star_run(&star, times, err);
}

typedef int (*run_fn)(unsigned nodes, unsigned rounds, struct barrier_times *times, GError **err);

static const struct transport {
    const char *name;
    run_fn run;
    run_fn yardstick; /* or NULL */
    int least;        /* nodes */
} transports[] = {
    {"memory", barrier_memory_run, NULL, 1},     {"tcp", barrier_tcp_run, run_bare, 1},
    {"abort", abort_tcp_run, run_bare_abort, 2}, {"bare", run_bare, NULL, 1},
    {"bare-abort", run_bare_abort, NULL, 2},
};

static int nodes = 2;
static int rounds = 10000;
static char *transport_name;
static gboolean baseline;
static int pairs = 5;

static const GOptionEntry options[] = {
    {"nodes", 0, 0, G_OPTION_ARG_INT, &nodes, "members of the barrier, 1 to 128 (2)", "N"},
    {"rounds", 0, 0, G_OPTION_ARG_INT, &rounds, "barriers one after the other (10000)", "R"},
    {"transport", 0, 0, G_OPTION_ARG_STRING, &transport_name,
     "memory: all are fibers of one loop; tcp: node processes over sealed links; abort: as tcp, "
     "but "
     "each is aborted; bare, bare-abort: the yardsticks of these two (memory)",
     "NAME"},
    {"baseline", 0, 0, G_OPTION_ARG_NONE, &baseline, "in turns with the yardstick; their ratio",
     NULL},
    {"pairs", 0, 0, G_OPTION_ARG_INT, &pairs, "turns, of which the median counts (5)", "N"},
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

static void print_begin(const struct transport *transport)
{
    printf("{\"bench\": \"barrier\", \"transport\": \"%s\", \"nodes\": %d, \"rounds\": %d, ",
           transport->name, nodes, rounds);
}

static int measure(void *arg, GError **err)
{
    const struct transport *transport = arg;
    struct barrier_times times = {0};

    if (transport->run((unsigned)nodes, (unsigned)rounds, &times, err) < 0)
        return -1;
    print_begin(transport);
    printf("\"p50_us\": %.1f, \"p99_us\": %.1f, \"per_s\": %.0f, \"coordinator_rss_mb\": %.1f}\n",
           barrier_times_percentile(&times, (unsigned)rounds, 50),
           barrier_times_percentile(&times, (unsigned)rounds, 99),
           rounds / ((double)times.total_ns / 1e9), (double)times.rss_bytes / 1e6);
    g_free(times.round_ns);
    return 0;
}

/* The runs of one of the two, or of their ratio. */
struct runs {
    double p50[PAIRS_MAX], p99[PAIRS_MAX];
};

static void note_run(struct runs *runs, int i, struct barrier_times *times)
{
    runs->p50[i] = barrier_times_percentile(times, (unsigned)rounds, 50);
    runs->p99[i] = barrier_times_percentile(times, (unsigned)rounds, 99);
    g_clear_pointer(&times->round_ns, g_free);
}

static int compare_double(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

static double median(double *values)
{
    qsort(values, (size_t)pairs, sizeof(*values), compare_double);
    return values[pairs / 2];
}

/* Ours and the yardstick in turns: what else the machine does meets both. */
static int measure_against_baseline(void *arg, GError **err)
{
    const struct transport *transport = arg;
    struct runs ours, bare, ratio;

    for (int i = 0; i < pairs; i++) {
        struct barrier_times times = {0};

        if (transport->run((unsigned)nodes, (unsigned)rounds, &times, err) < 0)
            return -1;
        note_run(&ours, i, &times);
        if (transport->yardstick((unsigned)nodes, (unsigned)rounds, &times, err) < 0)
            return -1;
        note_run(&bare, i, &times);
        ratio.p50[i] = ours.p50[i] / bare.p50[i];
        ratio.p99[i] = ours.p99[i] / bare.p99[i];
    }
    print_begin(transport);
    printf("\"pairs\": %d, \"p50_us\": %.1f, \"p99_us\": %.1f, \"bare_p50_us\": %.1f, "
           "\"bare_p99_us\": %.1f, \"ratio\": %.2f, \"ratio_p99\": %.2f}\n",
           pairs, median(ours.p50), median(ours.p99), median(bare.p50), median(bare.p99),
           median(ratio.p50), median(ratio.p99));
    return 0;
}

int main(int argc, char **argv)
{
    g_autoptr(GOptionContext) context = g_option_context_new("- measure the barrier");
    g_autoptr(GError) err = NULL;
    const struct transport *transport;

    if (argc == 2 && strcmp(argv[1], NODE_OPTION) == 0)
        return barrier_tcp_node();
    if (argc == 2 && strcmp(argv[1], BARE_NODE_OPTION) == 0)
        return bare_star_node();
    g_option_context_add_main_entries(context, options, NULL);
    if (!g_option_context_parse(context, &argc, &argv, &err) || argc > 1 || nodes < 1 ||
        nodes > MEETING_MAX_HOSTS || rounds < 1 || pairs < 1 || pairs > PAIRS_MAX) {
        fprintf(stderr, "bench_barrier: %s\n", err ? err->message : "wrong arguments, see --help");
        return 4;
    }
    transport = find_transport(transport_name ? transport_name : "memory");
    if (!transport) {
        fprintf(stderr, "bench_barrier: there is no transport %s, see --help\n", transport_name);
        return 4;
    }
    if (nodes < transport->least) {
        fprintf(stderr, "bench_barrier: %s takes %d nodes\n", transport->name, transport->least);
        return 4;
    }
    if (baseline && transport->yardstick == NULL) {
        fprintf(stderr, "bench_barrier: %s has no baseline\n", transport->name);
        return 4;
    }
    if (fiber_run(baseline ? measure_against_baseline : measure, (void *)transport, &err) == 0)
        return 0;
    fprintf(stderr, "bench_barrier: %s\n", err->message);
    return 1;
}
