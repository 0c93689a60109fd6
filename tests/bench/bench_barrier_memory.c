/*
 * What the meeting book and the fibers cost by themselves. Each node is a fiber that puts its
 * arrivals into the coordinator's mailbox and waits for the answer; the coordinator is a fiber that
 * hands them to the book and sets the events of those whom the book releases.
 */
#include "bench_barrier_memory.h"

#include "sync/fiber.h"
#include "sync/mailbox.h"
#include "sync/meeting.h"

#define TEST_ID 1
#define TAG "round"
#define MEETING_MS 60000

struct bench {
    unsigned nodes, rounds;
    struct meeting_hosts members;
    struct meeting_book *book;
    struct mailbox *arrivals; /* of struct node, transfer none */
    struct node *all;
    int64_t *arrived_ns, *released_ns; /* by round, of the last node */
};

struct node {
    struct bench *bench;
    unsigned index;
    unsigned round;
    struct event released;
};

static int64_t now_ns(void)
{
    return (int64_t)uv_hrtime();
}

static int run_node(void *arg, GError **err)
{
    struct node *node = arg;
    struct bench *bench = node->bench;

    for (node->round = 0; node->round < bench->rounds; node->round++) {
        event_reset(&node->released);
        bench->arrived_ns[node->round] = now_ns();
        mailbox_put(bench->arrivals, node);
        if (await_event(&node->released, deadline_in(MEETING_MS), err) < 0)
            return -1;
        bench->released_ns[node->round] = now_ns();
    }
    return 0;
}

static int release(struct bench *bench, const GPtrArray *actions, GError **err)
{
    for (unsigned i = 0; i < actions->len; i++) {
        const struct meeting_action *action = actions->pdata[i];

        if (action->kind != MEETING_RELEASE) {
            g_set_error(err, SYNC_ERROR, SYNC_ERROR_SYSTEM, "aborted: %s", action->cause->message);
            return -1;
        }
        event_set(&bench->all[action->to].released);
    }
    return 0;
}

static int run_coordinator(void *arg, GError **err)
{
    struct bench *bench = arg;

    for (uint64_t left = (uint64_t)bench->nodes * bench->rounds; left > 0; left--) {
        g_autoptr(GPtrArray) actions = meeting_actions_new();
        const struct node *node = mailbox_take(bench->arrivals, deadline_in(MEETING_MS), err);
        struct meeting_arrival arrival = {
            .test = TEST_ID, .tag = TAG, .members = bench->members, .timeout_ms = MEETING_MS};

        if (!node)
            return -1;
        arrival.host = node->index;
        arrival.use = node->round;
        meeting_arrive(bench->book, &arrival, now_ns() / 1000000, actions);
        if (release(bench, actions, err) < 0)
            return -1;
    }
    return 0;
}

static int run_rounds(struct bench *bench, GError **err)
{
    g_autoptr(scope) scope = scope_open("barrier");

    scope_spawn(scope, "coordinator", run_coordinator, bench);
    for (unsigned i = 0; i < bench->nodes; i++)
        scope_spawn(scope, "node", run_node, &bench->all[i]);
    return scope_close(g_steal_pointer(&scope), err);
}

static void open_test(struct bench *bench)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);

    for (unsigned i = 0; i < bench->nodes; i++) {
        g_ptr_array_add(names, g_strdup_printf("node%u", i));
        meeting_hosts_add(&bench->members, i);
        bench->all[i].bench = bench;
        bench->all[i].index = i;
    }
    meeting_open_test(bench->book, TEST_ID, bench->nodes, (const char *const *)names->pdata);
}

int barrier_memory_run(unsigned nodes, unsigned rounds, struct barrier_times *times, GError **err)
{
    g_autoptr(meeting_book) book = meeting_book_new();
    g_autoptr(mailbox) arrivals = mailbox_new(NULL);
    g_autofree struct node *all = g_new0(struct node, nodes);
    g_autofree int64_t *arrived_ns = g_new0(int64_t, rounds);
    g_autofree int64_t *released_ns = g_new0(int64_t, rounds);
    struct bench bench = {.nodes = nodes,
                          .rounds = rounds,
                          .book = book,
                          .arrivals = arrivals,
                          .all = all,
                          .arrived_ns = arrived_ns,
                          .released_ns = released_ns};
    int64_t begin_ns;

    open_test(&bench);
    begin_ns = now_ns();
    if (run_rounds(&bench, err) < 0)
        return -1;
    times->total_ns = now_ns() - begin_ns;
    for (unsigned i = 0; i < rounds; i++)
        released_ns[i] -= arrived_ns[i];
    times->round_ns = g_steal_pointer(&released_ns);
    return 0;
}
