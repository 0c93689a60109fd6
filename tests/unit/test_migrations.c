/*
 * Migrations as a test type writes them: handles and their joins, hooks, parameters for one of them
 * alone. The scenario of each test is here, in the place of the registry; it runs in the world of
 * handover_world.h.
 */
#include "migration/move/asked.h"
#include "migration/scenario/migration.h"
#include "migration/scenario/registry.h"
#include "tests/unit/handover_world_private.h"

#include <criterion/criterion.h>
#include <string.h>

TestSuite(migrations, .init = world_set_up, .fini = world_tear_down);

/* In the place of registry.c: whatever the type, what the test has set. */
static struct scenario scenario;

const struct scenario *scenario_find(const char *type, GError **err)
{
    (void)type, (void)err;
    return &scenario;
}

/* Runs it, with a fault; legs: where the VMs are in the end. */
static struct world_outcome *run(int (*steps)(struct scene *, int64_t, GError **), unsigned legs,
                                 const struct fault *fault)
{
    static struct world_setup setup;
    setup = (struct world_setup){.n_vms = 2, .legs = legs, .slow_host = -1};
    scenario.run = steps;
    return world_run(&setup, fault, fault != NULL ? 1 : 0);
}

static void show(const struct world_outcome *outcome)
{
    for (unsigned i = 0; i < outcome->wrong->len; i++)
        cr_log_error("WRONG: %s", (char *)g_ptr_array_index(outcome->wrong, i));
    for (unsigned i = 0; g_getenv("HANDOVER_LOG") != NULL && i < outcome->log->len; i++)
        g_printerr("    %s\n", (char *)g_ptr_array_index(outcome->log, i));
}

static void expect_end(struct world_outcome *outcome, Vtmh__Status status, const char *cause)
{
    show(outcome);
    cr_expect_eq(outcome->status, status, "status %d: %s", outcome->status, outcome->cause);
    cr_expect_eq(outcome->wrong->len, 0);
    if (cause != NULL)
        cr_expect(outcome->cause != NULL && strstr(outcome->cause, cause) != NULL,
                  "the cause: %s, not: %s", outcome->cause, cause);
}

/* The number of the line in which all words are, from one on; -1: there is none. */
static int find_line(const struct world_outcome *outcome, unsigned from, const char *const *words)
{
    for (unsigned i = from; i < outcome->log->len; i++) {
        const char *line = g_ptr_array_index(outcome->log, i);
        unsigned n = 0;
        while (words[n] != NULL && strstr(line, words[n]) != NULL)
            n++;
        if (words[n] == NULL)
            return (int)i;
    }
    return -1;
}
#define FIND(outcome, from, ...) find_line(outcome, from, (const char *const[]){__VA_ARGS__, NULL})

/* The point at which a call is made in a run without a fault. */
static struct fault fault_at(int (*steps)(struct scene *, int64_t, GError **), unsigned legs,
                             enum fault_kind kind, const char *call)
{
    struct world_outcome *outcome = run(steps, legs, NULL);
    int line = FIND(outcome, 0, call);
    cr_assert_geq(line, 0, "nobody calls %s", call);
    const struct fault fault = {kind,
                                (unsigned)g_ascii_strtoull(outcome->log->pdata[line], NULL, 10)};
    world_outcome_free(outcome);
    return fault;
}

/* ---- handles */

static int in_two_at_once(struct scene *scene, int64_t count, GError **err)
{
    (void)count;
    struct migration *first = scene_migrate(scene, VMS("vm1", "vm2"), 0, 1, NULL, err);
    if (first == NULL)
        return -1;
    return scene_migrate(scene, VMS("vm2"), 0, 1, NULL, err) != NULL ? 0 : -1;
}

Test(migrations, a_vm_in_two_unfinished_ones_is_an_error_at_the_call)
{
    struct world_outcome *outcome = run(in_two_at_once, 1, NULL);
    expect_end(outcome, VTMH__STATUS__STATUS_ERROR,
               "migrate vm2: it is in migration 1, which was not joined yet");
    cr_expect_lt(FIND(outcome, 0, "runs", "destination"), 0, "something moved");
    world_outcome_free(outcome);
}

static int never_joined(struct scene *scene, int64_t count, GError **err)
{
    (void)count;
    return scene_migrate(scene, VMS("vm1", "vm2"), 0, 1, NULL, err) != NULL ? 0 : -1;
}

Test(migrations, one_that_is_never_joined_is_joined_in_the_end)
{
    struct world_outcome *outcome = run(never_joined, 1, NULL);
    expect_end(outcome, VTMH__STATUS__STATUS_PASS, NULL);
    world_outcome_free(outcome);
}

Test(migrations, the_error_of_one_that_is_never_joined_counts)
{
    const struct fault fault = fault_at(never_joined, 1, FAULT_REFUSED, "destination V vm2");
    struct world_outcome *outcome = run(never_joined, 1, &fault);
    expect_end(outcome, VTMH__STATUS__STATUS_FAIL, "does not know the command V");
    world_outcome_free(outcome);
}

static int apart(struct scene *scene, int64_t count, GError **err)
{
    (void)count;
    struct migration *first = scene_migrate(scene, VMS("vm1"), 0, 1, NULL, err);
    struct migration *second = scene_migrate(scene, VMS("vm2"), 0, 1, NULL, err);
    if (first == NULL || second == NULL || migration_join(second, err) < 0)
        return -1;
    return migration_join(first, err);
}

Test(migrations, when_one_fails_the_other_is_cancelled_and_its_guest_lives_on_its_source)
{
    const struct fault fault = fault_at(apart, 1, FAULT_REFUSED, "source check_migratable vm2");
    struct world_outcome *outcome = run(apart, 1, &fault);
    expect_end(outcome, VTMH__STATUS__STATUS_FAIL, "check_migratable refused");
    cr_expect_geq(FIND(outcome, 0, "source: vm1: the guest goes on running here"), 0);
    cr_expect_geq(FIND(outcome, 0, "source: vm2: the guest goes on running here"), 0);
    world_outcome_free(outcome);
}

Test(migrations, whatever_fails_in_one_of_two_leaves_no_guest_behind)
{
    struct world_outcome *whole = run(apart, 1, NULL);
    unsigned n_points = whole->phases->len;
    world_outcome_free(whole);
    cr_assert_gt(n_points, 80);
    for (unsigned point = 0; point < n_points; point++) {
        const struct fault fault = {FAULT_REFUSED, point};
        struct world_outcome *outcome = run(apart, 1, &fault);
        if (outcome->wrong->len > 0)
            show(outcome);
        cr_expect_eq(outcome->wrong->len, 0, "point %u", point);
        world_outcome_free(outcome);
    }
}

/* ---- whose fault it is */

/* vm2 begins when vm1's stream flows. */
static int one_behind_the_other(struct scene *scene, int64_t count, GError **err)
{
    (void)count;
    struct seat *first_seat = g_ptr_array_index(scene->seats, 0);
    struct migration *first = scene_migrate(scene, VMS("vm1"), 0, 1, NULL, err);
    if (first == NULL || await_event(&first_seat->moving, DEADLINE_NEVER, err) < 0)
        return -1;
    struct migration *second = scene_migrate(scene, VMS("vm2"), 0, 1, NULL, err);
    if (second == NULL || migration_join(first, err) < 0)
        return -1;
    return migration_join(second, err);
}

Test(migrations, work_that_cannot_begin_is_the_testbeds_fault_also_beside_a_vm_that_moves)
{
    int (*const ways[])(struct scene *, int64_t, GError **) = {apart, one_behind_the_other};
    for (unsigned i = 0; i < G_N_ELEMENTS(ways); i++) {
        const struct fault fault = fault_at(ways[i], 1, FAULT_REFUSED, "source W 00001000 vm2");
        struct world_outcome *outcome = run(ways[i], 1, &fault);
        expect_end(outcome, VTMH__STATUS__STATUS_ERROR, "does not know the command W");
        int struck = FIND(outcome, 0, "source W 00001000 vm2");
        int moving = FIND(outcome, 0, "source: vm1: leg 1: preparing -> moving");
        cr_expect(i == 0 || (moving >= 0 && moving < struck), "vm1 did not move yet");
        world_outcome_free(outcome);
    }
}

/* ---- hooks */

static GString *called;

#define HOOK(hook)                                                                                 \
    static int hook(struct seat *seat, GError **err)                                               \
    {                                                                                              \
        (void)err;                                                                                 \
        g_string_append_printf(called, "%s %s on %s\n", #hook, seat->name,                         \
                               seat->test->host->name);                                            \
        return 0;                                                                                  \
    }
HOOK(start)
HOOK(before)
HOOK(during)
HOOK(after)
HOOK(check)
HOOK(verify)

static int only_the_first(struct migration *migration, GError **err)
{
    return migration_move(migration, migration_vms(migration)[0], err);
}

static const struct work all_hooks = {
    .move = only_the_first,
    .start = start,
    .before = before,
    .during = during,
    .after = after,
    .check = check,
    .verify = verify,
};

/* vm2 is not moved by the first migration, and can be by the second. */
static int with_hooks(struct scene *scene, int64_t count, GError **err)
{
    (void)count;
    if (scene_migrate_wait(scene, VMS("vm1", "vm2"), 0, 1, &all_hooks, err) < 0)
        return -1;
    g_string_append_printf(called, "moved\n");
    return scene_migrate_wait(scene, VMS("vm2"), 0, 1, NULL, err);
}

static bool is_before(const char *one, const char *other)
{
    const char *first = strstr(called->str, one);
    const char *second = strstr(called->str, other);
    return first != NULL && second != NULL && first < second;
}

Test(migrations, hooks_are_called_at_their_ends_in_their_order_for_what_moves)
{
    called = g_string_new(NULL);
    struct world_outcome *outcome = run(with_hooks, 1, NULL);
    expect_end(outcome, VTMH__STATUS__STATUS_PASS, NULL);
    cr_expect(is_before("before vm1 on source", "start vm1 on source"), "%s", called->str);
    cr_expect(is_before("before vm1 on destination", "during vm1 on source"), "%s", called->str);
    cr_expect(is_before("start vm1 on source", "during vm1 on source"), "%s", called->str);
    cr_expect(is_before("during vm1 on source", "after vm1 on source"), "%s", called->str);
    cr_expect(is_before("during vm1 on source", "after vm1 on destination"), "%s", called->str);
    cr_expect(is_before("after vm1 on destination", "check vm1 on destination"), "%s", called->str);
    cr_expect(is_before("check vm1 on destination", "verify vm1 on destination"), "%s",
              called->str);
    cr_expect(is_before("verify vm1 on destination", "moved"), "%s", called->str);
    cr_expect_null(strstr(called->str, "start vm1 on destination"));
    cr_expect_null(strstr(called->str, "check vm1 on source"));
    cr_expect_null(strstr(called->str, "vm2 on"), "it was not to move: %s", called->str);
    world_outcome_free(outcome);
    g_string_free(called, TRUE);
}

static int fail_once(struct seat *seat, GError **err)
{
    g_set_error(err, VM_ERROR, VM_ERROR_GUEST, "%s is not what it was", seat->name);
    return -1;
}

static const struct work failing = {.verify = fail_once};

static int with_a_hook_that_fails(struct scene *scene, int64_t count, GError **err)
{
    (void)count;
    return scene_migrate_wait(scene, VMS("vm1"), 0, 1, &failing, err);
}

Test(migrations, a_hook_that_fails_fails_the_test)
{
    struct world_outcome *outcome = run(with_a_hook_that_fails, 1, NULL);
    expect_end(outcome, VTMH__STATUS__STATUS_FAIL, "vm1 is not what it was");
    world_outcome_free(outcome);
}

static int move_a_stranger(struct migration *migration, GError **err)
{
    return migration_move(migration, "vm2", err);
}

static const struct work strange = {.move = move_a_stranger};

static int with_a_stranger(struct scene *scene, int64_t count, GError **err)
{
    (void)count;
    return scene_migrate_wait(scene, VMS("vm1"), 0, 1, &strange, err);
}

Test(migrations, only_vms_of_a_migration_move_in_it)
{
    struct world_outcome *outcome = run(with_a_stranger, 1, NULL);
    expect_end(outcome, VTMH__STATUS__STATUS_ERROR, "move vm2: it is not in migration 1");
    world_outcome_free(outcome);
}

/* ---- parameters for one of them */

static const struct work called_off = {.params = ASKED("mig_script = active cancel")};

/* What this host has told of a leg of vm1. */
static const Vtmh__Migration *told_leg(const struct scene *scene, unsigned number)
{
    const GPtrArray *told = sim_host_of(scene->test->host)->told_records;
    for (unsigned i = 0; i < told->len; i++) {
        const Vtmh__Record *record = g_ptr_array_index(told, i);
        if (record->body_case == VTMH__RECORD__BODY_LEG && record->leg->leg == number &&
            strcmp(record->leg->vm, "vm1") == 0)
            return record->leg;
    }
    cr_assert_fail("nothing was told of leg %u", number);
    return NULL;
}

/* vm1 is called off the first time, by what is asked for that migration alone. */
static int with_params(struct scene *scene, int64_t count, GError **err)
{
    (void)count;
    struct seat *seat = g_ptr_array_index(scene->seats, 0);
    if (scene_migrate_wait(scene, VMS("vm1"), 0, 1, &called_off, err) < 0)
        return -1;
    g_string_append_printf(called, "%s is on %u, script %s\n", seat->name, seat->where,
                           seat->request.script != NULL ? "left" : "gone");
    if (scene_migrate_wait(scene, VMS("vm1", "vm2"), 0, 1, NULL, err) < 0)
        return -1;
    const Vtmh__Migration *first = told_leg(scene, 1), *second = told_leg(scene, 2);
    g_string_append_printf(called, "%s: %zu asked: %s = %s; then %s: %zu asked\n", first->status,
                           first->n_asked, first->asked[0]->key, first->asked[0]->value,
                           second->status, second->n_asked);
    return 0;
}

static int many_called_off(struct scene *scene, int64_t count, GError **err)
{
    for (unsigned i = 0; i < 20; i++)
        if (scene_migrate_wait(scene, VMS("vm1"), 0, 1, &called_off, err) < 0)
            return -1;
    (void)count;
    return scene_migrate_wait(scene, VMS("vm1", "vm2"), 0, 1, NULL, err);
}

Test(migrations, nothing_of_a_leg_stays_with_its_node_when_it_is_over)
{
    struct world_outcome *outcome = run(many_called_off, 1, NULL);
    expect_end(outcome, VTMH__STATUS__STATUS_PASS, NULL); /* handover_truth.c looks into the node */
    world_outcome_free(outcome);
}

Test(migrations, parameters_of_one_count_for_it_alone_and_stand_in_its_record)
{
    called = g_string_new(NULL);
    struct world_outcome *outcome = run(with_params, 1, NULL);
    expect_end(outcome, VTMH__STATUS__STATUS_PASS, NULL);
    cr_expect_not_null(strstr(called->str, "vm1 is on 0, script gone"), "%s", called->str);
    cr_expect_not_null(strstr(called->str, "cancelled: 1 asked: mig_script = active cancel; then "
                                           "completed: 0 asked"),
                       "%s", called->str);
    world_outcome_free(outcome);
    g_string_free(called, TRUE);
}

static const struct work never_called_off = {
    .params =
        ASKED("mig_retry = 1", "mig_script = postcopy-paused cancel", "mig_expect = cancelled")};

static int with_attempts(struct scene *scene, int64_t count, GError **err)
{
    (void)count;
    return scene_migrate_wait(scene, VMS("vm1"), 0, 1, &never_called_off, err);
}

Test(migrations, a_first_attempt_that_completes_is_not_one_that_may_end_in_any_way)
{
    struct world_outcome *outcome = run(with_attempts, 1, NULL);
    expect_end(outcome, VTMH__STATUS__STATUS_FAIL, "planned was: cancelled");
    world_outcome_free(outcome);
}

static const char *const *wrong_params;

static int with_wrong_params(struct scene *scene, int64_t count, GError **err)
{
    (void)count;
    static struct work work;
    work.params = wrong_params;
    return scene_migrate(scene, VMS("vm1"), 0, 1, &work, err) != NULL ? 0 : -1;
}

Test(migrations, what_cannot_be_asked_for_one_is_an_error_at_the_call_before_anything_starts)
{
    static const struct {
        const char *asked;
        const char *cause;
    } cases[] = {
        {"mem = 64", "'mem = 64' cannot be asked for one migration"},
        {"mig_address = 10.0.0.9", "cannot be asked for one migration"},
        {"mig_speed", "cannot be asked for one migration"},
        {"mig_speed = fast", "mig_speed = fast: "},
        {"mig_script = 1s dance", "mig_script = 1s dance: "},
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        wrong_params = (const char *const[]){cases[i].asked, NULL};
        struct world_outcome *outcome = run(with_wrong_params, 1, NULL);
        expect_end(outcome, VTMH__STATUS__STATUS_ERROR, cases[i].cause);
        cr_expect_lt(FIND(outcome, 0, "is made on"), 0, "%s: a VM has started", cases[i].asked);
        world_outcome_free(outcome);
    }
}
