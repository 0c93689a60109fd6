/*
 * The sealed link between two processes on loopback: the round trip of one message, then as many as
 * go through in one direction.
 */
#include "bench_link_bare.h"
#include "node_process.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REPORT_EVERY 32 /* messages of a flow that the node answers with one */
#define UNDER_WAY 512
#define WARM_UP 200
#define TURNS 5 /* of ours and the yardstick, one after the other */

static int size_bytes = 64;
static double seconds = 4;
static gboolean baseline;
static uint64_t received; /* by the node, in a flow */

/* A message that is to be answered in full is marked as truncated; a flow only now and then. */
static int serve(struct link *link, const Vtmh__Envelope *message, GError **err)
{
    Vtmh__Envelope answer = VTMH__ENVELOPE__INIT;
    Vtmh__Progress progress = VTMH__PROGRESS__INIT;

    if (message->file_chunk->truncated)
        return link_send(link, message, err);
    if (++received % REPORT_EVERY != 0)
        return 0;
    answer.body_case = VTMH__ENVELOPE__BODY_PROGRESS;
    answer.progress = &progress;
    progress.test = received;
    return link_send(link, &answer, err);
}

static int send_chunk(struct link *link, uint8_t *data, bool answered, GError **err)
{
    Vtmh__Envelope envelope = VTMH__ENVELOPE__INIT;
    Vtmh__FileChunk chunk = VTMH__FILE_CHUNK__INIT;

    chunk.data.data = data;
    chunk.data.len = (size_t)size_bytes;
    chunk.truncated = answered;
    envelope.body_case = VTMH__ENVELOPE__BODY_FILE_CHUNK;
    envelope.file_chunk = &chunk;
    return link_send(link, &envelope, err);
}

static int compare_int64(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return x < y ? -1 : x > y;
}

static int round_trip(struct link *link, uint8_t *data, GError **err)
{
    g_autoptr(vtmh_envelope) answer = NULL;

    if (send_chunk(link, data, true, err) < 0)
        return -1;
    answer = link_receive(link, deadline_in(NODE_PATIENCE_MS), err);
    return answer != NULL ? 0 : -1;
}

/* Round trips for so long; an array of ns. Transfer full. */
static GArray *measure_round_trips(struct link *link, double for_s, GError **err)
{
    g_autoptr(GArray) times = g_array_new(FALSE, FALSE, sizeof(int64_t));
    g_autofree uint8_t *data = g_malloc0((size_t)size_bytes + 1);
    uint64_t end;

    for (int i = 0; i < WARM_UP; i++) {
        if (round_trip(link, data, err) < 0)
            return NULL;
    }
    end = uv_hrtime() + (uint64_t)(for_s * 1e9);
    while (uv_hrtime() < end) {
        int64_t begin = (int64_t)uv_hrtime(), took;

        if (round_trip(link, data, err) < 0)
            return NULL;
        took = (int64_t)uv_hrtime() - begin;
        g_array_append_val(times, took);
    }
    return g_steal_pointer(&times);
}

/* Sends for so long, with a bounded number under way. Gives messages per second, or -1. */
static double measure_flow(struct link *link, uint8_t *data, double for_s, GError **err)
{
    uint64_t begin = uv_hrtime(), end = begin + (uint64_t)(for_s * 1e9);
    uint64_t sent = 0, reported = 0;

    while (uv_hrtime() < end || sent % REPORT_EVERY != 0 || reported < sent) {
        bool may_send = uv_hrtime() < end || sent % REPORT_EVERY != 0;
        g_autoptr(vtmh_envelope) report = NULL;

        if (may_send && sent - reported < UNDER_WAY) {
            if (send_chunk(link, data, false, err) < 0)
                return -1;
            sent++;
            continue;
        }
        report = link_receive(link, deadline_in(NODE_PATIENCE_MS), err);
        if (report == NULL)
            return -1;
        reported = report->progress->test;
    }
    return (double)sent / ((double)(uv_hrtime() - begin) / 1e9);
}

static double percentile_us(GArray *times, unsigned percent)
{
    g_array_sort(times, compare_int64);
    unsigned at = times->len * percent / 100;
    return (double)g_array_index(times, int64_t, at) / 1e3;
}

static int compare_double(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

static double median(double values[TURNS])
{
    qsort(values, TURNS, sizeof(*values), compare_double);
    return values[TURNS / 2];
}

/* Ours and the yardstick in turns: what else the machine does meets both. */
struct turns {
    double p50[TURNS], p99[TURNS], bare_p50[TURNS], ratio[TURNS];
    size_t round_trips; /* ours */
};

static int measure_turns(struct link *link, struct bare_echo *echo, struct turns *turns,
                         GError **err)
{
    double for_s = seconds / 2 / TURNS / (echo != NULL ? 2 : 1);

    for (int i = 0; i < TURNS; i++) {
        g_autoptr(GArray) ours = measure_round_trips(link, for_s, err);
        g_autoptr(GArray) bare = echo != NULL ? bare_echo_measure(echo, for_s) : NULL;

        if (ours == NULL || ours->len == 0)
            return -1;
        turns->round_trips += ours->len;
        turns->p50[i] = percentile_us(ours, 50);
        turns->p99[i] = percentile_us(ours, 99);
        turns->bare_p50[i] = bare != NULL ? percentile_us(bare, 50) : 0;
        turns->ratio[i] = bare != NULL ? turns->p50[i] / turns->bare_p50[i] : 0;
    }
    return 0;
}

static int measure(struct link *link, struct bare_echo *echo, GError **err)
{
    g_autofree uint8_t *data = g_malloc0((size_t)size_bytes + 1);
    struct turns turns = {.round_trips = 0};
    double per_s;

    if (measure_turns(link, echo, &turns, err) < 0)
        return -1;
    per_s = measure_flow(link, data, seconds / 2, err);
    if (per_s < 0)
        return -1;
    printf("{\"bench\": \"link\", \"transport\": \"tcp\", \"sealed\": true, \"size\": %d, "
           "\"round_trips\": %zu, \"p50_us\": %.1f, \"p99_us\": %.1f, ",
           size_bytes, turns.round_trips, median(turns.p50), median(turns.p99));
    if (echo != NULL)
        printf("\"bare_p50_us\": %.1f, \"ratio\": %.2f, ", median(turns.bare_p50),
               median(turns.ratio));
    printf("\"messages_per_s\": %.0f, \"bytes_per_s\": %.0f}\n", per_s, per_s * size_bytes);
    return 0;
}

static int run(void *arg, GError **err)
{
    struct bare_echo *echo = NULL;
    struct node_process node;
    int rc = node_process_start(&node, err);

    (void)arg;
    if (rc == 0 && baseline) {
        echo = bare_echo_start((size_t)MAX(size_bytes, 1), err);
        rc = echo != NULL ? 0 : -1;
    }
    if (rc == 0)
        rc = measure(node.link, echo, err);
    bare_echo_free(echo);
    return node_process_end(&node, rc == 0 ? err : NULL) < 0 ? -1 : rc;
}

static const GOptionEntry options[] = {
    {"size", 0, 0, G_OPTION_ARG_INT, &size_bytes, "bytes in a message (64)", "BYTES"},
    {"seconds", 0, 0, G_OPTION_ARG_DOUBLE, &seconds, "how long to measure (4)", "S"},
    {"baseline", 0, 0, G_OPTION_ARG_NONE, &baseline,
     "in turns with bare nanomsg polled by libuv, not sealed; the ratio of the round trips", NULL},
    {NULL, 0, 0, 0, NULL, NULL, NULL},
};

int main(int argc, char **argv)
{
    g_autoptr(GOptionContext) context = g_option_context_new("- measure the sealed link");
    g_autoptr(GError) err = NULL;

    if (argc == 2 && strcmp(argv[1], NODE_OPTION) == 0)
        return node_process_main(serve);
    if (argc == 2 && strcmp(argv[1], BARE_NODE_OPTION) == 0)
        return bare_echo_node();
    g_option_context_add_main_entries(context, options, NULL);
    if (!g_option_context_parse(context, &argc, &argv, &err) || argc > 1 || size_bytes < 0 ||
        size_bytes > LINK_MAX_FRAME - 1024 || seconds <= 0) {
        fprintf(stderr, "bench_link: %s\n",
                err != NULL ? err->message : "wrong arguments, see --help");
        return 4;
    }
    if (fiber_run(run, NULL, &err) == 0)
        return 0;
    fprintf(stderr, "bench_link: %s\n", err != NULL ? err->message : "failed");
    return 1;
}
