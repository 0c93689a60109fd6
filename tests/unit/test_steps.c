/* What is done around a test: in which order, for what, with which parameters; and what a failure
 * of it means. The steps are of this file, hosts and meetings made up. */
#include "migration/scenario/process/step.h"
#include "tests/unit/fiber_checks.h"

#include <criterion/criterion.h>
#include <string.h>

TestSuite(steps, .timeout = 60);

static GString *done; /* what was done, in its order */
static GString *said; /* notes */
static struct params *params;
static const struct step *table;
static bool meets;             /* VMs of earlier tests live on */
static const char *test_error; /* of the test itself; NULL: it passes */

/* ---- the test's surroundings */

static int meet(void *node, const struct test_meeting *meeting, GBytes *payload,
                GPtrArray **answers_out, GError **err)
{
    (void)node, (void)payload, (void)err;
    g_string_append_printf(done, "meet:%s ", meeting->tag);
    *answers_out = g_ptr_array_new();
    return 0;
}

static void record(void *node, const Vtmh__Record *told)
{
    (void)node;
    g_string_append(said, told->note);
}

static void log_nothing(void *node, Vtmh__LogLevel level, const char *role, const char *vm,
                        const char *text)
{
    (void)node, (void)level, (void)role, (void)vm, (void)text;
}

static void no_context(void *node, const char *text)
{
    (void)node, (void)text;
}

static const struct test_ops test_ops = {.exchange = meet, .record = record};
static const struct host_ops host_ops = {.log = log_nothing, .context = no_context};
static const struct host host = {.ops = &host_ops, .name = "host1"};

/* Of vm1 and vm2. Returns what steps_end() made of the test. */
static int run_steps(void *arg, GError **err)
{
    struct test test = {.host = &host, .params = params, .ops = &test_ops, .meets_kept = meets};
    struct seat vm1 = {.name = (char *)"vm1", .params = params_object_params(params, "vm1")};
    struct seat vm2 = {.name = (char *)"vm2", .params = params_object_params(params, "vm2")};
    g_autoptr(GPtrArray) seats = g_ptr_array_new();
    struct scene scene = {.test = &test, .seats = seats};
    g_autoptr(GError) error = NULL;

    (void)arg;
    test_init(&test);
    g_ptr_array_add(seats, &vm1);
    g_ptr_array_add(seats, &vm2);
    struct steps *steps = steps_new(&scene, table);
    int result = steps_begin(steps, &error);
    if (result == 0 && test_error != NULL) {
        g_set_error_literal(&error, SYNC_ERROR, SYNC_ERROR_CLOSED, test_error);
        result = -1;
    }
    if (result == 0)
        result = steps_await_others(steps, &error);
    g_string_append(done, "| ");
    result = steps_end(steps, result, &error);
    if (error != NULL)
        g_propagate_error(err, g_steal_pointer(&error));
    params_unref(vm1.params);
    params_unref(vm2.params);
    test_clear(&test);
    return result;
}

static void set_up(void)
{
    done = g_string_new(NULL);
    said = g_string_new(NULL);
    params = params_new();
}

/* What the test's error is; "": it passed. */
static int judge(void *arg, GError **err)
{
    g_autoptr(GError) error = NULL;
    int result = run_steps(NULL, &error);
    (void)err;
    check((result < 0) == (error != NULL));
    cr_expect_str_eq(error != NULL ? error->message : "", (const char *)arg);
    return 0;
}

/* Expects what was done, and the test's error. */
static void expect(const char *what, const char *error)
{
    expect_run(judge, (void *)error);
    cr_expect_str_eq(done->str, what);
    params_unref(params);
    g_string_free(done, TRUE);
}

/* ---- steps */

static void tell(const char *what, const struct step_on *on)
{
    g_string_append_printf(done, "%s", what);
    if (on->seat != NULL)
        g_string_append_printf(done, ":%s", on->seat->name);
    g_string_append_c(done, ' ');
}

#define STEP(name)                                                                                 \
    static int begin_##name(struct step_on *on, GError **err)                                      \
    {                                                                                              \
        (void)err;                                                                                 \
        tell("+" #name, on);                                                                       \
        return 0;                                                                                  \
    }                                                                                              \
    static int end_##name(struct step_on *on, GError **err)                                        \
    {                                                                                              \
        (void)err;                                                                                 \
        tell("-" #name, on);                                                                       \
        return 0;                                                                                  \
    }
STEP(one)
STEP(two)
STEP(three)

static int fail(struct step_on *on, GError **err)
{
    tell("!fails", on);
    g_set_error_literal(err, SYNC_ERROR, SYNC_ERROR_SYSTEM, "it failed");
    return -1;
}

#define ROW(name_, object_)                                                                        \
    {                                                                                              \
        .name = #name_, .object = (object_), .begin = begin_##name_, .end = end_##name_            \
    }

Test(steps, begin_in_their_order_and_end_backwards_for_each_object, .init = set_up)
{
    static const struct step rows[] = {
        ROW(one, STEP_TEST), ROW(two, STEP_VM), ROW(three, STEP_VM), {.name = NULL}};
    table = rows;
    expect("+one +two:vm1 +two:vm2 +three:vm1 +three:vm2 meet:prepared "
           "| -three:vm2 -three:vm1 -two:vm2 -two:vm1 -one ",
           "");
}

Test(steps, that_fail_to_begin_are_ended_too_and_those_behind_are_not_begun, .init = set_up)
{
    static const struct step rows[] = {ROW(one, STEP_TEST),
                                       {.name = "bad", .begin = fail, .end = end_two},
                                       ROW(three, STEP_TEST),
                                       {.name = NULL}};
    table = rows;
    expect("+one !fails | -two -one ", "it failed");
}

static const struct step ends_badly[] = {
    ROW(one, STEP_TEST), {.name = "bad", .end = fail}, ROW(three, STEP_TEST), {.name = NULL}};

Test(steps, whose_end_fails_turn_a_pass_into_that_error_and_the_others_still_end, .init = set_up)
{
    table = ends_badly;
    expect("+one +three meet:prepared | -three !fails -one ", "it failed");
    cr_expect_str_eq(said->str, "");
}

Test(steps, whose_end_fails_are_a_note_where_the_test_had_failed, .init = set_up)
{
    table = ends_badly;
    test_error = "the test's own";
    expect("+one +three meet:prepared | -three !fails -one ", "the test's own");
    cr_expect_str_eq(said->str, "after the test / bad: it failed");
}

static int tell_params(struct step_on *on, GError **err)
{
    (void)err;
    g_string_append_printf(done, "%s/%s/%s ", params_get_or(on->params, "key", "-"),
                           params_get_or(on->params, "test_passed", "-"),
                           on->failure != NULL ? on->failure->message : "fine");
    return 0;
}

static const struct step tells_params[] = {
    {.name = "p", .object = STEP_VM, .begin = tell_params, .end = tell_params}, {.name = NULL}};

static void set_keys(void)
{
    set_up();
    params_set(params, "key", "all", NULL);
    params_set(params, "key_on_error", "after", NULL);
    params_set(params, "key_vm2_on_error", "of vm2", NULL);
}

Test(steps, end_with_what_is_for_after_a_failure_only_after_one, .init = set_keys)
{
    table = tells_params;
    expect("all/-/fine all/-/fine meet:prepared meet:through with the test "
           "| all/True/fine all/True/fine ",
           "");
}

Test(steps, end_with_what_is_for_after_a_failure, .init = set_keys)
{
    table = tells_params;
    test_error = "bad";
    expect("all/-/fine all/-/fine meet:prepared | of vm2/False/bad after/False/bad ", "bad");
}

static const char *const key[] = {"key", NULL};
static const struct step asked[] = {
    {.name = "p", .asked_by = key, .begin = begin_one, .end = end_one}, {.name = NULL}};

static bool meets_kept(const struct test *test)
{
    return test->meets_kept;
}

static const struct step due[] = {
    {.name = "p", .is_due = meets_kept, .begin = begin_one, .end = end_one}, {.name = NULL}};

Test(steps, that_are_not_due_are_not_done_and_nobody_meets, .init = set_up)
{
    table = due;
    expect("| ", "");
}

Test(steps, that_are_due_are_done, .init = set_up)
{
    table = due;
    meets = true;
    expect("+one meet:prepared | -one ", "");
}

Test(steps, end_only_when_all_have_passed_where_vms_are_kept, .init = set_up)
{
    static const struct step rows[] = {ROW(one, STEP_TEST), {.name = NULL}};
    table = rows;
    params_set(params, "keep_vms_after_test_vm2", "yes", NULL);
    expect("+one meet:prepared meet:through with the test | -one ", "");
}

Test(steps, that_nobody_asks_for_are_not_done_and_nobody_meets, .init = set_up)
{
    table = asked;
    params_set(params, "keys", "another", NULL);
    params_set(params, "key_host2", "  ", NULL);
    expect("| ", "");
}

Test(steps, that_one_host_is_asked_for_are_waited_for_by_all, .init = set_up)
{
    table = asked;
    params_set(params, "key_host2", "x", NULL);
    expect("+one meet:prepared | -one ", "");
}

/* ---- called off */

static unsigned calls;

/* Is cancelled in its first call; in the second one it may wait. */
static int end_slowly(struct step_on *on, GError **err)
{
    struct event never = EVENT_INIT;
    calls++;
    if (calls == 1) {
        check(on->ends_by == DEADLINE_NEVER);
        fiber_cancel(on->state, NULL);
        return await_event(&never, step_deadline(on, 3600 * 1000), err);
    }
    check(on->ends_by != DEADLINE_NEVER && deadline_left(on->ends_by) <= 60000);
    check(await_turn(NULL) == 0);
    tell("-slow", on);
    return 0;
}

static struct fiber *runner;

static int keep_state(struct step_on *on, GError **err)
{
    (void)err;
    on->state = runner;
    return 0;
}

static int call_off(void *arg, GError **err)
{
    g_autoptr(scope) scope = scope_open("runner");
    (void)arg;
    runner = fiber_ref(scope_spawn_detached(scope, "steps", run_steps, NULL));
    int result = fiber_join(runner, DEADLINE_NEVER, err);
    fiber_unref(runner);
    return result;
}

Test(steps, that_are_called_off_while_they_end_go_on_for_a_while, .init = set_up)
{
    static const struct step rows[] = {ROW(one, STEP_TEST),
                                       {.name = "slow", .begin = keep_state, .end = end_slowly},
                                       {.name = NULL}};
    g_autoptr(GError) err = NULL;
    table = rows;
    cr_expect_eq(fiber_run(call_off, NULL, &err), -1);
    cr_expect(g_error_matches(err, SYNC_ERROR, SYNC_ERROR_CANCELLED));
    cr_expect_str_eq(done->str, "+one meet:prepared | -slow -one ");
    cr_expect_eq(calls, 2);
    cr_expect_eq(failures, 0);
}

Test(steps, of_a_failed_test_that_are_called_off_while_they_end_are_no_note, .init = set_up)
{
    static const struct step rows[] = {ROW(one, STEP_TEST),
                                       {.name = "slow", .begin = keep_state, .end = end_slowly},
                                       {.name = NULL}};
    g_autoptr(GError) err = NULL;
    table = rows;
    test_error = "the test's own";
    cr_expect_eq(fiber_run(call_off, NULL, &err), -1);
    cr_expect_str_eq(err->message, "the test's own");
    cr_expect_str_eq(done->str, "+one meet:prepared | -slow -one ");
    cr_expect_str_eq(said->str, "");
    cr_expect_eq(failures, 0);
}
