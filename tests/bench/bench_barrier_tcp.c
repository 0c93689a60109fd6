#include "bench_barrier_tcp.h"

#include "node_process.h"
#include "sync/meeting.h"
#include "sync/usage.h"

#include <string.h>
#include <unistd.h>

#define TEST_ID 1
#define TAG "round"
#define FAILURE "QEMU ended"
#define MEETING_MS 60000

/* Transfer full. */
static uint32_t *all_members(unsigned n)
{
    uint32_t *members = g_new(uint32_t, n);

    for (unsigned i = 0; i < n; i++)
        members[i] = i;
    return members;
}

static Vtmh__Arrive make_arrival(uint32_t round, uint32_t *members, unsigned n)
{
    Vtmh__Arrive arrival = VTMH__ARRIVE__INIT;

    arrival.test = TEST_ID;
    arrival.tag = (char *)TAG;
    arrival.use = round;
    arrival.members = members;
    arrival.n_members = n;
    arrival.timeout_ms = MEETING_MS;
    return arrival;
}

static int arrive(struct link *link, uint32_t round, uint32_t *members, unsigned n, GError **err)
{
    Vtmh__Envelope envelope = VTMH__ENVELOPE__INIT;
    Vtmh__Arrive arrival = make_arrival(round, members, n);

    envelope.body_case = VTMH__ENVELOPE__BODY_ARRIVE;
    envelope.arrive = &arrival;
    return link_send(link, &envelope, err);
}

static int await_release(struct link *link, uint32_t round, GError **err)
{
    g_autoptr(vtmh_envelope) message = link_receive(link, deadline_in(NODE_PATIENCE_MS), err);

    if (message == NULL)
        return -1;
    if (message->body_case == VTMH__ENVELOPE__BODY_RELEASE && message->release->use == round)
        return 0;
    g_set_error(err, LINK_ERROR, LINK_ERROR_PROTOCOL, "no release from round %u", round);
    return -1;
}

static int send_moments(struct link *link, const struct moment *moments, size_t n, GError **err)
{
    for (size_t at = 0; at < n; at += MOMENTS_A_MESSAGE) {
        Vtmh__Envelope envelope = VTMH__ENVELOPE__INIT;
        Vtmh__FileChunk chunk = VTMH__FILE_CHUNK__INIT;

        chunk.data.data = (uint8_t *)(moments + at);
        chunk.data.len = MIN(n - at, MOMENTS_A_MESSAGE) * sizeof(*moments);
        envelope.body_case = VTMH__ENVELOPE__BODY_FILE_CHUNK;
        envelope.file_chunk = &chunk;
        if (link_send(link, &envelope, err) < 0)
            return -1;
    }
    return 0;
}

static Vtmh__Envelope *await_message(struct link *link, Vtmh__Envelope__BodyCase body, GError **err)
{
    g_autoptr(vtmh_envelope) message = link_receive(link, deadline_in(NODE_PATIENCE_MS), err);

    if (message == NULL || message->body_case == body)
        return g_steal_pointer(&message);
    g_set_error(err, LINK_ERROR, LINK_ERROR_PROTOCOL, "a message %d in place of %d",
                (int)message->body_case, (int)body);
    return NULL;
}

/* The first node's part in an abort: it fails when it is told that the others wait. */
static int fail_when_told(struct link *link, struct moment *moment, GError **err)
{
    g_autoptr(vtmh_envelope) word = await_message(link, VTMH__ENVELOPE__BODY_PROGRESS, err);
    Vtmh__Envelope envelope = VTMH__ENVELOPE__INIT;
    Vtmh__TestFailing failing = VTMH__TEST_FAILING__INIT;

    if (word == NULL)
        return -1;
    failing.message = (char *)FAILURE;
    envelope.body_case = VTMH__ENVELOPE__BODY_TEST_FAILING;
    envelope.test_failing = &failing;
    moment->arrived_ns = (int64_t)uv_hrtime();
    return link_send(link, &envelope, err);
}

static int serve_aborts(struct link *link, const Vtmh__StartTest *start, struct moment *moments,
                        uint32_t *members, GError **err)
{
    for (uint32_t round = 0; round < start->test; round++) {
        g_autoptr(vtmh_envelope) abort = NULL;
        int rc = start->self == 0 ? fail_when_told(link, &moments[round], err)
                                  : arrive(link, round, members, (unsigned)start->n_hosts, err);

        if (rc == 0)
            abort = await_message(link, VTMH__ENVELOPE__BODY_ABORT, err);
        if (abort == NULL)
            return -1;
        moments[round].released_ns = (int64_t)uv_hrtime();
    }
    return 0;
}

/* A StartTest says how many hosts there are, and in its test number how many rounds to run;
 * with only_agree each is aborted. */
static int serve(struct link *link, const Vtmh__Envelope *message, GError **err)
{
    uint32_t rounds = (uint32_t)message->start_test->test;
    unsigned n = (unsigned)message->start_test->n_hosts;
    g_autofree struct moment *moments = g_new0(struct moment, rounds);
    g_autofree uint32_t *members = all_members(n);

    if (message->start_test->only_agree &&
        serve_aborts(link, message->start_test, moments, members, err) < 0)
        return -1;
    for (uint32_t round = 0; round < rounds && !message->start_test->only_agree; round++) {
        moments[round].arrived_ns = (int64_t)uv_hrtime();
        if (arrive(link, round, members, n, err) < 0 || await_release(link, round, err) < 0)
            return -1;
        moments[round].released_ns = (int64_t)uv_hrtime();
    }
    return send_moments(link, moments, rounds, err);
}

int barrier_tcp_node(void)
{
    return node_process_main(serve);
}

struct coordinator {
    unsigned nodes, rounds;
    bool aborts;        /* in place of releases */
    unsigned arrived;   /* in a meeting that will be aborted */
    unsigned attended;  /* nodes that are not through */
    uint64_t heard;     /* messages */
    struct event ended; /* all are */
    char **names;
    struct node_process *processes;
    struct meeting_book *book;
    struct member *members;
};

struct member {
    struct coordinator *coordinator;
    unsigned index;
    GArray *moments;
};

static Vtmh__Release make_release(uint64_t test, char *tag, uint32_t use)
{
    Vtmh__Release message = VTMH__RELEASE__INIT;

    message.test = test;
    message.tag = tag;
    message.use = use;
    return message;
}

/* All actions release the same meeting, as the book releases one at a time. */
static int release(struct coordinator *c, const GPtrArray *actions, GError **err)
{
    const struct meeting_action *first = actions->pdata[0];
    Vtmh__Envelope envelope = VTMH__ENVELOPE__INIT;
    Vtmh__Release release = make_release(first->test, first->tag, first->use);
    g_autoptr(packed) message = NULL;

    if (first->kind != MEETING_RELEASE) {
        g_set_error(err, LINK_ERROR, LINK_ERROR_PROTOCOL, "aborted: %s", first->cause->message);
        return -1;
    }
    envelope.body_case = VTMH__ENVELOPE__BODY_RELEASE;
    envelope.release = &release;
    message = link_pack(&envelope, err);
    if (message == NULL)
        return -1;
    for (unsigned i = 0; i < actions->len; i++) {
        const struct meeting_action *action = actions->pdata[i];

        link_send_packed(c->processes[action->to].link, message);
    }
    return 0;
}

static int take_arrival(struct member *member, const Vtmh__Arrive *message, GError **err)
{
    struct coordinator *c = member->coordinator;
    g_autoptr(GPtrArray) actions = meeting_actions_new();
    struct meeting_arrival arrival = {
        .test = message->test,
        .tag = message->tag,
        .use = message->use,
        .host = member->index,
        .timeout_ms = message->timeout_ms,
    };

    for (size_t i = 0; i < message->n_members; i++)
        meeting_hosts_add(&arrival.members, message->members[i]);
    meeting_arrive(c->book, &arrival, (int64_t)(uv_hrtime() / 1000000), actions);
    return actions->len > 0 ? release(c, actions, err) : 0;
}

static int tell_first_to_fail(struct coordinator *c, GError **err)
{
    Vtmh__Envelope envelope = VTMH__ENVELOPE__INIT;
    Vtmh__Progress word = VTMH__PROGRESS__INIT;

    c->arrived = 0;
    envelope.body_case = VTMH__ENVELOPE__BODY_PROGRESS;
    envelope.progress = &word;
    return link_send(c->processes[0].link, &envelope, err);
}

static Vtmh__Abort make_abort(char *why)
{
    Vtmh__Abort message = VTMH__ABORT__INIT;

    message.test = TEST_ID;
    message.message = why;
    return message;
}

/* Aborts the test, tells all of it, and opens it again for the next round. */
static int take_failing(struct coordinator *c, const Vtmh__TestFailing *failing, GError **err)
{
    g_autoptr(GPtrArray) actions = meeting_actions_new();
    g_autoptr(packed) message = NULL;
    Vtmh__Envelope envelope = VTMH__ENVELOPE__INIT;
    Vtmh__Abort abort = make_abort(failing->message);

    meeting_fail(c->book, TEST_ID, MEETING_TEST_SCOPE, 0, failing->message, 0, actions);
    envelope.body_case = VTMH__ENVELOPE__BODY_ABORT;
    envelope.abort = &abort;
    message = link_pack(&envelope, err);
    if (message == NULL)
        return -1;
    for (unsigned i = 0; i < actions->len; i++) {
        const struct meeting_action *action = actions->pdata[i];

        link_send_packed(c->processes[action->to].link, message);
    }
    meeting_close_test(c->book, TEST_ID);
    meeting_open_test(c->book, TEST_ID, c->nodes, (const char *const *)c->names);
    return 0;
}

static int take_message(struct member *member, const Vtmh__Envelope *message, GError **err)
{
    struct coordinator *c = member->coordinator;

    switch (message->body_case) {
    case VTMH__ENVELOPE__BODY_ARRIVE:
        if (take_arrival(member, message->arrive, err) < 0)
            return -1;
        return c->aborts && ++c->arrived == c->nodes - 1 ? tell_first_to_fail(c, err) : 0;
    case VTMH__ENVELOPE__BODY_TEST_FAILING:
        return take_failing(c, message->test_failing, err);
    case VTMH__ENVELOPE__BODY_FILE_CHUNK:
        g_array_append_vals(member->moments, message->file_chunk->data.data,
                            (guint)(message->file_chunk->data.len / sizeof(struct moment)));
        return 0;
    default:
        return 0;
    }
}

/* One fiber a node: its arrivals, then its times. It waits as vtmh does, without a deadline. */
static int attend(void *arg, GError **err)
{
    struct member *member = arg;
    struct coordinator *c = member->coordinator;

    while (member->moments->len < c->rounds) {
        g_autoptr(vtmh_envelope) message =
            link_receive(c->processes[member->index].link, DEADLINE_NEVER, err);

        if (message == NULL || take_message(member, message, err) < 0)
            return -1;
        c->heard++;
    }
    if (--c->attended == 0)
        event_set(&c->ended);
    return 0;
}

/* Fails when nothing was heard for so long. */
static int mind_silence(void *arg, GError **err)
{
    struct coordinator *c = arg;
    uint64_t heard = UINT64_MAX;

    while (c->attended > 0 && heard != c->heard) {
        g_autoptr(GError) error = NULL;

        heard = c->heard;
        if (await_event(&c->ended, deadline_in(NODE_PATIENCE_MS), &error) < 0 &&
            fiber_is_cancelled()) {
            g_propagate_error(err, g_steal_pointer(&error));
            return -1;
        }
    }
    if (c->attended == 0)
        return 0;
    g_set_error_literal(err, LINK_ERROR, LINK_ERROR_PROTOCOL, "the nodes say nothing more");
    return -1;
}

static int start_rounds(struct coordinator *c, GError **err)
{
    g_autofree Vtmh__Host **hosts = g_new(Vtmh__Host *, c->nodes);
    Vtmh__Host host = VTMH__HOST__INIT;
    Vtmh__Envelope envelope = VTMH__ENVELOPE__INIT;
    Vtmh__StartTest start = VTMH__START_TEST__INIT;

    for (unsigned i = 0; i < c->nodes; i++)
        hosts[i] = &host;
    start.test = c->rounds;
    start.n_hosts = c->nodes;
    start.hosts = hosts;
    start.only_agree = c->aborts;
    envelope.body_case = VTMH__ENVELOPE__BODY_START_TEST;
    envelope.start_test = &start;
    for (unsigned i = 0; i < c->nodes; i++) {
        start.self = i;
        if (link_send(c->processes[i].link, &envelope, err) < 0)
            return -1;
    }
    return 0;
}

static int run_rounds(struct coordinator *c, struct barrier_times *times, GError **err)
{
    g_autofree GArray **moments = g_new(GArray *, c->nodes);
    uint64_t begin = uv_hrtime();
    struct scope *scope = scope_open("nodes");

    c->attended = c->nodes;
    for (unsigned i = 0; i < c->nodes; i++)
        scope_spawn(scope, "node", attend, &c->members[i]);
    scope_spawn(scope, "silence", mind_silence, c);
    if (start_rounds(c, err) < 0) {
        scope_abandon(scope);
        return -1;
    }
    if (scope_close(scope, err) < 0)
        return -1;
    times->total_ns = (int64_t)(uv_hrtime() - begin);
    times->rss_bytes = footprint_of(getpid()).rss_bytes;
    for (unsigned i = 0; i < c->nodes; i++)
        moments[i] = c->members[i].moments;
    barrier_times_join(times, moments, c->nodes, c->rounds);
    return 0;
}

static int start_nodes(struct coordinator *c, GError **err)
{
    for (unsigned i = 0; i < c->nodes; i++) {
        c->names[i] = g_strdup_printf("node%u", i);
        c->members[i].coordinator = c;
        c->members[i].index = i;
        c->members[i].moments = g_array_new(FALSE, FALSE, sizeof(struct moment));
        if (node_process_start(&c->processes[i], err) < 0)
            return -1;
    }
    meeting_open_test(c->book, TEST_ID, c->nodes, (const char *const *)c->names);
    return 0;
}

static int run_star(unsigned nodes, unsigned rounds, bool aborts, struct barrier_times *times,
                    GError **err)
{
    struct coordinator c = {
        .nodes = nodes,
        .rounds = rounds,
        .aborts = aborts,
        .names = g_new0(char *, nodes + 1),
        .processes = g_new0(struct node_process, nodes),
        .book = meeting_book_new(),
        .members = g_new0(struct member, nodes),
    };
    int rc = start_nodes(&c, err);

    if (rc == 0)
        rc = run_rounds(&c, times, err);
    for (unsigned i = 0; i < nodes; i++) {
        if (c.processes[i].child != NULL)
            node_process_end(&c.processes[i], NULL);
        if (c.members[i].moments != NULL)
            g_array_unref(c.members[i].moments);
    }
    meeting_book_free(c.book);
    g_strfreev(c.names);
    g_free(c.processes);
    g_free(c.members);
    return rc;
}

int barrier_tcp_run(unsigned nodes, unsigned rounds, struct barrier_times *times, GError **err)
{
    return run_star(nodes, rounds, false, times, err);
}

int abort_tcp_run(unsigned nodes, unsigned rounds, struct barrier_times *times, GError **err)
{
    return run_star(nodes, rounds, true, times, err);
}

/* Of an envelope with its numbers and a body, beside the body. */
static size_t head_bytes(unsigned rounds)
{
    Vtmh__Envelope head = VTMH__ENVELOPE__INIT;

    head.session = UINT64_MAX;
    head.sequence = head.ack = rounds;
    /* And the tag and the length of the body. */
    return vtmh__envelope__get_packed_size(&head) + 3;
}

struct bare_star barrier_tcp_yardstick(unsigned nodes, unsigned rounds)
{
    g_autofree uint32_t *members = all_members(nodes);
    Vtmh__Arrive arrival = make_arrival(rounds, members, nodes);
    Vtmh__Release message = make_release(TEST_ID, (char *)TAG, rounds);

    return (struct bare_star){
        .nodes = nodes,
        .rounds = rounds,
        .arrive_bytes = head_bytes(rounds) + vtmh__arrive__get_packed_size(&arrival),
        .release_bytes = head_bytes(rounds) + vtmh__release__get_packed_size(&message),
    };
}

struct bare_star abort_tcp_yardstick(unsigned nodes, unsigned rounds)
{
    struct bare_star star = barrier_tcp_yardstick(nodes, rounds);
    Vtmh__Abort message = make_abort((char *)FAILURE);

    star.aborts = true;
    star.release_bytes = head_bytes(rounds) + vtmh__abort__get_packed_size(&message);
    return star;
}
