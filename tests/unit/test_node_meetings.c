/* The node's side of meetings. What it sends is caught here; the coordinator's answers are put in
 * by hand. */
#include "node/meetings.h"

#include <criterion/criterion.h>
#include <string.h>

#define N_HOSTS 3
#define TEST 7

/* What was sent last, and how often something was. */
static struct {
    unsigned n;
    char *tag, *payload;
    uint64_t scope, use, members[N_HOSTS];
    size_t n_members;
    int64_t timeout_ms;
    bool settle;
} sent;

/* Instead of the one in node.c, which needs a link. */
void node_send(struct node *node, const Vtmh__Envelope *envelope)
{
    (void)node;
    const Vtmh__Arrive *arrive = envelope->arrive;
    cr_assert_eq(envelope->body_case, VTMH__ENVELOPE__BODY_ARRIVE);
    cr_assert_eq(arrive->test, TEST);
    cr_assert_leq(arrive->n_members, N_HOSTS);
    g_free(sent.tag);
    g_free(sent.payload);
    sent.n++;
    sent.tag = g_strdup(arrive->tag);
    sent.payload = g_strndup((const char *)arrive->payload.data, arrive->payload.len);
    sent.scope = arrive->scope;
    sent.use = arrive->use;
    sent.n_members = arrive->n_members;
    for (size_t i = 0; i < arrive->n_members; i++)
        sent.members[i] = arrive->members[i];
    sent.timeout_ms = arrive->timeout_ms;
    sent.settle = arrive->settle;
}

/* A fiber at a meeting. */
struct arrival {
    struct test_meeting meeting;
    const char *payload; /* NULL: none */
    struct fiber *fiber;
    GPtrArray *answers; /* untouched: NULL */
    GError *error;
    int result;
};

struct world {
    struct node node;
    struct meetings *meetings;
    struct scope *scope;
};

static struct world world;

static int exchange(void *arg, GError **err)
{
    struct arrival *arrival = arg;
    (void)err;
    g_autoptr(GBytes) payload =
        arrival->payload == NULL ? NULL
                                 : g_bytes_new_static(arrival->payload, strlen(arrival->payload));
    arrival->result = meetings_exchange(world.meetings, &arrival->meeting, payload,
                                        &arrival->answers, &arrival->error);
    return 0;
}

static void begin(struct arrival *arrival)
{
    arrival->result = 1;
    arrival->fiber = fiber_ref(scope_spawn(world.scope, arrival->meeting.tag, exchange, arrival));
    /* Until it waits. */
    await_turn(NULL);
}

static void end(struct arrival *arrival)
{
    fiber_join(arrival->fiber, DEADLINE_NEVER, NULL);
    g_clear_pointer(&arrival->fiber, fiber_unref);
}

static void clear(struct arrival *arrival)
{
    g_clear_pointer(&arrival->answers, g_ptr_array_unref);
    g_clear_error(&arrival->error);
}

static void expect_error(const struct arrival *arrival, int code, const char *part)
{
    cr_assert_eq(arrival->result, -1);
    cr_expect_null(arrival->answers, "an output was touched");
    cr_expect(g_error_matches(arrival->error, SYNC_ERROR, code), "%s", arrival->error->message);
    cr_expect_not_null(strstr(arrival->error->message, part), "%s", arrival->error->message);
}

/* words: of each member, in order. */
static void release_use(uint64_t scope, const char *tag, uint32_t use, const uint32_t *members,
                        size_t n, const char *const *words)
{
    ProtobufCBinaryData payloads[N_HOSTS + 1];
    Vtmh__Release body = VTMH__RELEASE__INIT;
    for (size_t i = 0; i < n; i++)
        payloads[i] = (ProtobufCBinaryData){strlen(words[i]), (uint8_t *)words[i]};
    body.test = TEST;
    body.tag = (char *)tag;
    body.scope = scope;
    body.use = use;
    body.n_members = body.n_payloads = n;
    body.members = (uint32_t *)members;
    body.payloads = payloads;
    meetings_release(world.meetings, &body);
}

/* The first time in the test's own scope. */
static void release(const char *tag, const uint32_t *members, size_t n, const char *const *words)
{
    release_use(0, tag, 0, members, n, words);
}

static void abort_one(uint64_t scope, const char *tag, uint32_t use, const char *message)
{
    Vtmh__Abort body = VTMH__ABORT__INIT;
    body.test = TEST;
    body.tag = (char *)tag;
    body.scope = scope;
    body.use = use;
    body.message = (char *)message;
    meetings_abort(world.meetings, &body);
}

static void expect_answer(const struct arrival *arrival, unsigned host, const char *words)
{
    gsize size;
    GBytes *answer = g_ptr_array_index(arrival->answers, host);
    cr_assert_not_null(answer, "no word of host %u", host);
    const char *data = g_bytes_get_data(answer, &size);
    cr_expect(size == strlen(words) && memcmp(data, words, size) == 0, "not '%s'", words);
}

static int run_body(void *arg, GError **err)
{
    void (*body)(void) = arg;
    (void)err;
    world.meetings = meetings_new(&world.node, TEST, N_HOSTS);
    world.scope = scope_open("test");
    body();
    scope_abandon(world.scope);
    meetings_free(world.meetings);
    g_free(sent.tag);
    g_free(sent.payload);
    return 0;
}

static void run(void (*body)(void))
{
    cr_assert_eq(fiber_run(run_body, body, NULL), 0);
}

TestSuite(node_meetings, .timeout = 30);

static const uint32_t all[] = {0, 1, 2};
static const char *const words[] = {"a", "b", "c"};

static void meet_all(void)
{
    struct arrival arrival = {
        {.tag = "agree", .scope = 4, .timeout_ms = 9000}, "mine", NULL, NULL, NULL, 0};
    begin(&arrival);
    cr_expect_eq(sent.n, 1);
    cr_expect_str_eq(sent.tag, "agree");
    cr_expect_str_eq(sent.payload, "mine");
    cr_expect(sent.scope == 4 && sent.use == 0 && sent.timeout_ms == 9000 && !sent.settle);
    cr_expect(sent.n_members == 3 && sent.members[0] == 0 && sent.members[2] == 2);
    cr_expect_eq(arrival.result, 1, "it does not wait");
    release_use(4, "agree", 0, all, 3, words);
    end(&arrival);
    cr_assert_eq(arrival.result, 0);
    for (unsigned i = 0; i < N_HOSTS; i++)
        expect_answer(&arrival, i, words[i]);
    clear(&arrival);
}

Test(node_meetings, without_members_all_hosts_meet_and_each_answer_is_at_its_hosts_index)
{
    run(meet_all);
}

static void meet_two(void)
{
    static const unsigned who[] = {2, 0};
    static const uint32_t members[] = {2, 0};
    struct arrival arrival = {.meeting = {.tag = "moved vm1", .who = who, .n_who = 2}};
    begin(&arrival);
    cr_expect(sent.n_members == 2 && sent.members[0] == 2 && sent.members[1] == 0);
    release("moved vm1", members, 2, words);
    end(&arrival);
    cr_assert_eq(arrival.result, 0);
    expect_answer(&arrival, 2, "a");
    expect_answer(&arrival, 0, "b");
    cr_expect_null(g_ptr_array_index(arrival.answers, 1), "no member");
    clear(&arrival);
}

Test(node_meetings, who_is_no_member_has_no_answer)
{
    run(meet_two);
}

static void meet_incompletely(void)
{
    struct arrival arrival = {.meeting = {.tag = "moved vm1"}};
    begin(&arrival);
    release("moved vm1", all, 2, words);
    end(&arrival);
    expect_error(&arrival, SYNC_ERROR_SYSTEM, "without an answer of host 3");
    clear(&arrival);
}

Test(node_meetings, an_answer_that_lacks_a_member_is_none)
{
    run(meet_incompletely);
}

static void hear_nonsense(void)
{
    static const uint32_t members[] = {0, 1, 2, 900};
    static const char *const four[] = {"a", "b", "c", "d"};
    struct arrival arrival = {.meeting = {.tag = "agree", .scope = 1}};
    begin(&arrival);
    release_use(2, "agree", 0, all, 3, words);
    release_use(1, "agree", 1, all, 3, words);
    release_use(1, "Agree", 0, all, 3, words);
    abort_one(2, "agree", 0, "another scope");
    abort_one(1, "agree", 1, "another use");
    await_turn(NULL);
    cr_expect_eq(arrival.result, 1, "an answer to another meeting let it go");
    release_use(1, "agree", 0, members, 4, four);
    release_use(1, "agree", 0, all, 3, four + 1); /* again, and otherwise: comes too late */
    end(&arrival);
    cr_assert_eq(arrival.result, 0);
    expect_answer(&arrival, 0, "a");
    clear(&arrival);
    release_use(1, "agree", 0, all, 3, words);
}

Test(node_meetings, only_the_first_answer_to_this_scope_tag_and_use_counts)
{
    run(hear_nonsense);
}

static void be_aborted(void)
{
    struct arrival arrival = {.meeting = {.tag = "settle vm1", .settle = true}};
    begin(&arrival);
    cr_expect(sent.settle);
    abort_one(0, "settle vm1", 0, "host2 is lost");
    release("settle vm1", all, 3, words);
    end(&arrival);
    expect_error(&arrival, SYNC_ERROR_CLOSED, "host2 is lost");
    clear(&arrival);
}

Test(node_meetings, one_that_is_aborted_says_why)
{
    run(be_aborted);
}

static void be_cancelled(void)
{
    g_autoptr(GError) cause = g_error_new_literal(SYNC_ERROR, SYNC_ERROR_CANCELLED, "host2: died");
    struct arrival waiting = {.meeting = {.tag = "start vm1"}};
    struct arrival late = {.meeting = {.tag = "moved vm1"}};
    begin(&waiting);
    fiber_cancel(waiting.fiber, cause);
    end(&waiting);
    expect_error(&waiting, SYNC_ERROR_CANCELLED, "barrier 'start vm1': host2: died");

    /* Cancelled before it could begin: who arrives promises to act on the answer. */
    late.fiber = fiber_ref(scope_spawn(world.scope, "late", exchange, &late));
    fiber_cancel(late.fiber, cause);
    end(&late);
    expect_error(&late, SYNC_ERROR_CANCELLED, "barrier 'moved vm1'");
    cr_expect_eq(sent.n, 1, "it arrived all the same");
    clear(&waiting);
    clear(&late);
}

Test(node_meetings, a_cancelled_fiber_leaves_and_does_not_arrive_any_more)
{
    run(be_cancelled);
}

static void be_answered_and_cancelled(void)
{
    g_autoptr(GError) cause = g_error_new_literal(SYNC_ERROR, SYNC_ERROR_CANCELLED, "host2: died");
    struct arrival arrival = {.meeting = {.tag = "moved vm1"}};
    begin(&arrival);
    release("moved vm1", all, 3, words);
    fiber_cancel(arrival.fiber, cause);
    end(&arrival);
    cr_expect_eq(arrival.result, 0, "the others act on the answer, so must we");
    clear(&arrival);
}

Test(node_meetings, an_answer_counts_that_came_together_with_the_abort)
{
    run(be_answered_and_cancelled);
}

static void meet_twice(void)
{
    struct arrival first = {.meeting = {.tag = "agree"}};
    struct arrival second = {.meeting = {.tag = "agree"}};
    struct arrival other_scope = {.meeting = {.tag = "agree", .scope = 1}};
    begin(&first);
    begin(&second);
    begin(&other_scope);
    end(&second);
    expect_error(&second, SYNC_ERROR_SYSTEM, "two waits");
    release_use(1, "agree", 0, all, 3, words);
    release("agree", all, 3, words);
    end(&first);
    end(&other_scope);
    cr_expect(first.result == 0 && other_scope.result == 0);
    clear(&first);
    clear(&second);
    clear(&other_scope);
}

Test(node_meetings, two_fibers_cannot_wait_at_one_tag_but_at_it_in_two_scopes)
{
    run(meet_twice);
}

static void meet_again(void)
{
    struct arrival first = {.meeting = {.tag = "booted"}};
    struct arrival second = {.meeting = {.tag = "booted"}};
    begin(&first);
    release("booted", all, 3, words);
    end(&first);
    begin(&second);
    cr_expect_eq(sent.n, 2);
    cr_expect_eq(sent.use, 1);
    release("booted", all, 3, words); /* repeated, for the first */
    await_turn(NULL);
    cr_expect_eq(second.result, 1, "the answer to the first let it go");
    release_use(0, "booted", 1, all, 3, words);
    end(&second);
    cr_expect(first.result == 0 && second.result == 0);
    clear(&first);
    clear(&second);
}

Test(node_meetings, the_same_tag_again_is_another_meeting)
{
    run(meet_again);
}

static void count_by_scope(void)
{
    const struct test_meeting of_test = {.tag = "x"}, of_leg = {.scope = 7, .tag = "x"},
                              of_other = {.scope = 70, .tag = "x"};
    meetings_tell(world.meetings, &of_test, NULL);
    meetings_tell(world.meetings, &of_leg, NULL);
    meetings_tell(world.meetings, &of_leg, NULL);
    meetings_tell(world.meetings, &of_other, NULL);
    cr_expect(sent.scope == 70 && sent.use == 0);
    meetings_end_scope(world.meetings, 7);
    meetings_tell(world.meetings, &of_leg, NULL);
    cr_expect(sent.scope == 7 && sent.use == 0);
    meetings_tell(world.meetings, &of_test, NULL);
    cr_expect(sent.scope == 0 && sent.use == 1);
    meetings_tell(world.meetings, &of_other, NULL);
    cr_expect(sent.scope == 70 && sent.use == 1);
}

Test(node_meetings, uses_are_counted_in_each_scope_until_it_ends)
{
    run(count_by_scope);
}

static void tell(void)
{
    const struct test_meeting meeting = {.tag = "settle vm1", .settle = true, .timeout_ms = 5};
    g_autoptr(GBytes) payload = g_bytes_new_static("dead", 4);
    meetings_tell(world.meetings, &meeting, payload);
    cr_expect_eq(sent.n, 1);
    cr_expect_str_eq(sent.payload, "dead");
    cr_expect(sent.settle);
    release("settle vm1", all, 3, words);
    meetings_end(world.meetings, "the coordinator is lost");
    meetings_tell(world.meetings, &meeting, payload);
    cr_expect_eq(sent.n, 1, "nobody is there to tell it to");
}

Test(node_meetings, telling_does_not_wait_and_ignores_the_answer)
{
    run(tell);
}

static void be_orphaned(void)
{
    struct arrival waiting = {.meeting = {.tag = "moved vm1"}};
    struct arrival answered = {.meeting = {.tag = "running vm1"}};
    struct arrival late = {.meeting = {.tag = "settle vm1", .settle = true}};
    begin(&waiting);
    begin(&answered);
    release("running vm1", all, 3, words);
    meetings_end(world.meetings, "the coordinator is lost");
    meetings_end(world.meetings, "another cause");
    begin(&late);
    end(&waiting);
    end(&answered);
    end(&late);
    expect_error(&waiting, SYNC_ERROR_CLOSED, "the coordinator is lost");
    cr_expect_eq(answered.result, 0);
    expect_error(&late, SYNC_ERROR_CLOSED, "barrier 'settle vm1': the coordinator is lost");
    clear(&waiting);
    clear(&answered);
    clear(&late);
}

Test(node_meetings, without_a_coordinator_all_who_wait_and_who_come_later_are_let_go)
{
    run(be_orphaned);
}
