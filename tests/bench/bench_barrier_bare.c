#include "tests/bench/bench_barrier_bare.h"

#include "tests/bench/bare_link.h"
#include "tests/bench/node_process.h"

#include <string.h>

/* What the centre says first, to each node. */
struct task {
    struct bare_star star;
    bool fails; /* comes to no round before it is told to */
};

struct node {
    struct task task;
    bool is_told; /* that it fails */
    uint8_t *arrival;
    struct moment *moments;
    unsigned round;
};

static void send_moments(struct bare_link *link, const struct node *node)
{
    for (size_t at = 0; at < node->task.star.rounds; at += MOMENTS_A_MESSAGE)
        bare_send(link, node->moments + at,
                  MIN(node->task.star.rounds - at, MOMENTS_A_MESSAGE) * sizeof(*node->moments));
}

static void arrive(struct bare_link *link, struct node *node)
{
    node->moments[node->round].arrived_ns = (int64_t)uv_hrtime();
    bare_send(link, node->arrival, node->task.star.arrive_bytes);
}

static void begin_round(struct bare_link *link, struct node *node)
{
    node->is_told = false;
    if (!node->task.fails)
        arrive(link, node);
}

static void on_node_message(struct bare_link *link, const void *data, size_t size, void *arg)
{
    struct node *node = arg;

    if (size == 0) {
        bare_close(link);
        return;
    }
    if (node->moments == NULL) {
        memcpy(&node->task, data, sizeof(node->task));
        node->arrival = g_malloc0(node->task.star.arrive_bytes);
        node->moments = g_new0(struct moment, node->task.star.rounds);
        begin_round(link, node);
        return;
    }
    if (node->task.fails && !node->is_told) {
        node->is_told = true;
        arrive(link, node);
        return;
    }
    node->moments[node->round].released_ns = (int64_t)uv_hrtime();
    if (++node->round < node->task.star.rounds)
        begin_round(link, node);
    else
        send_moments(link, node);
}

int bare_star_node(void)
{
    struct node node = {0};

    return node_process_bare(true, on_node_message, &node);
}

struct centre {
    const struct bare_star *star;
    struct node_process *processes;
    struct bare_link **links;
    GArray **moments;
    uint8_t *release;
    unsigned arrived, round, told;
    uint64_t end_ns;
};

struct spoke {
    struct centre *centre;
    unsigned index;
};

static void take_arrival(struct centre *c)
{
    c->arrived++;
    if (c->star->aborts && c->arrived == c->star->nodes - 1)
        bare_send(c->links[0], c->release, c->star->release_bytes);
    if (c->arrived < c->star->nodes)
        return;
    c->arrived = 0;
    c->round++;
    for (unsigned i = 0; i < c->star->nodes; i++)
        bare_send(c->links[i], c->release, c->star->release_bytes);
}

static void on_centre_message(struct bare_link *link, const void *data, size_t size, void *arg)
{
    struct spoke *spoke = arg;
    struct centre *c = spoke->centre;
    GArray *moments = c->moments[spoke->index];

    (void)link;
    if (c->round < c->star->rounds) {
        take_arrival(c);
        return;
    }
    g_array_append_vals(moments, data, (guint)(size / sizeof(struct moment)));
    if (moments->len < c->star->rounds || ++c->told < c->star->nodes)
        return;
    c->end_ns = uv_hrtime();
    for (unsigned i = 0; i < c->star->nodes; i++) {
        bare_send(c->links[i], NULL, 0);
        bare_close(c->links[i]);
    }
}

static void hold_rounds(struct centre *c, uv_loop_t *loop, char *const *addresses,
                        struct barrier_times *times)
{
    unsigned n = c->star->nodes;
    g_autofree struct spoke *spokes = g_new(struct spoke, n);
    uint64_t begin = uv_hrtime();

    for (unsigned i = 0; i < n; i++) {
        spokes[i] = (struct spoke){c, i};
        c->links[i] =
            bare_connect(loop, addresses[i], c->processes[i].key, on_centre_message, &spokes[i]);
    }
    for (unsigned i = 0; i < n; i++) {
        const struct task task = {*c->star, c->star->aborts && i == 0};

        bare_send(c->links[i], &task, sizeof(task));
    }
    uv_run(loop, UV_RUN_DEFAULT);
    times->total_ns = (int64_t)(c->end_ns - begin);
    barrier_times_join(times, c->moments, n, c->star->rounds);
}

int bare_star_run(const struct bare_star *star, struct barrier_times *times, GError **err)
{
    unsigned n = star->nodes;
    g_autofree struct node_process *processes = g_new0(struct node_process, n);
    g_autofree struct bare_link **links = g_new0(struct bare_link *, n);
    g_autofree GArray **moments = g_new0(GArray *, n);
    g_autofree uint8_t *release = g_malloc0(star->release_bytes);
    g_auto(GStrv) addresses = g_new0(char *, n + 1);
    struct centre c = {.star = star,
                       .processes = processes,
                       .links = links,
                       .moments = moments,
                       .release = release};
    uv_loop_t loop;
    int rc = 0;

    uv_loop_init(&loop);
    for (unsigned i = 0; i < n && rc == 0; i++) {
        moments[i] = g_array_new(FALSE, FALSE, sizeof(struct moment));
        addresses[i] = node_process_spawn(&processes[i], BARE_NODE_OPTION, err);
        rc = addresses[i] != NULL ? 0 : -1;
    }
    if (rc == 0)
        hold_rounds(&c, &loop, addresses, times);
    for (unsigned i = 0; i < n && processes[i].child != NULL; i++) {
        if (rc == 0)
            rc = child_await(processes[i].child, deadline_in(NODE_PATIENCE_MS), NULL, err);
        child_free(processes[i].child);
    }
    for (unsigned i = 0; i < n && moments[i] != NULL; i++)
        g_array_unref(moments[i]);
    uv_loop_close(&loop);
    return rc;
}
