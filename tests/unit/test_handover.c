/*
 * The promise of the handover: never two running copies, never none that could have lived.
 *
 * Each test runs a migration once without a fault, which counts the points, and then again with
 * each kind of fault at each point. What must be true at the end is in handover_truth.c, what at
 * each step in handover_sim_copy.c.
 *
 * HANDOVER_SHARE=N: only one of N runs with faults, others each day; HANDOVER_SEED=M: those of M.
 */
#include "tests/unit/handover_world.h"

#include <criterion/criterion.h>
#include <string.h>

#define SHOWN_AT_MOST 10

TestSuite(handover, .init = world_set_up, .fini = world_tear_down);

static void show(const struct world_outcome *outcome, const struct fault *faults, unsigned n_faults)
{
    for (unsigned i = 0; i < n_faults; i++)
        cr_log_error("%s at point %u (%s)", fault_name(faults[i].kind), faults[i].point,
                     outcome->where != NULL ? outcome->where : "not reached");
    for (unsigned i = 0; i < outcome->wrong->len; i++)
        cr_log_error("    WRONG: %s", (char *)g_ptr_array_index(outcome->wrong, i));
    if (g_getenv("HANDOVER_LOG") != NULL)
        for (unsigned i = 0; i < outcome->log->len; i++)
            g_printerr("    %s\n", (char *)g_ptr_array_index(outcome->log, i));
}

static guint64 number_of(const char *name, guint64 otherwise)
{
    const char *value = g_getenv(name);
    return value != NULL ? g_ascii_strtoull(value, NULL, 10) : otherwise;
}

static unsigned share(void)
{
    return MAX((unsigned)number_of("HANDOVER_SHARE", 1), 1);
}

static guint64 seed(void)
{
    return number_of("HANDOVER_SEED", (guint64)g_get_real_time() / G_TIME_SPAN_DAY);
}

/* By what the run is, so that the share is the same in whatever order the tests run. */
static bool is_in_share(const struct fault *faults, unsigned n_faults)
{
    guint64 run = seed();
    for (unsigned i = 0; i < n_faults; i++)
        run += (guint64)faults[i].kind + faults[i].point;
    return run % share() == 0;
}

/* Whether nothing was wrong. */
static bool is_right(const struct world_setup *setup, const struct fault *faults, unsigned n_faults,
                     bool is_shown)
{
    if (!is_in_share(faults, n_faults))
        return true;
    struct world_outcome *outcome = world_run(setup, faults, n_faults);
    bool right = outcome->wrong->len == 0;
    if (!right && is_shown)
        show(outcome, faults, n_faults);
    world_outcome_free(outcome);
    return right;
}

/* A leg that has completed before it could switch is a warning. */
static bool switches_late(const struct world_setup *setup)
{
    return setup->postcopy_when != NULL && strcmp(setup->postcopy_when, POSTCOPY_AT_ONCE) != 0;
}

static unsigned count_points(const struct world_setup *setup)
{
    struct world_outcome *outcome = world_run(setup, NULL, 0);
    unsigned n = outcome->phases->len;
    if (outcome->wrong->len > 0)
        show(outcome, NULL, 0);
    cr_assert_eq(outcome->wrong->len, 0);
    cr_assert_eq(outcome->status,
                 switches_late(setup) ? VTMH__STATUS__STATUS_WARN : VTMH__STATUS__STATUS_PASS,
                 "without a fault: %s", outcome->cause);
    world_outcome_free(outcome);
    return n;
}

static void try_each_fault_at_each_point(const struct world_setup *setup)
{
    unsigned n_points = count_points(setup);
    unsigned n_wrong = 0;
    cr_assert_gt(n_points, 40);
    for (unsigned point = 0; point < n_points; point++) {
        for (enum fault_kind kind = FAULT_NONE + 1; kind < N_CALL_FAULTS; kind++) {
            const struct fault fault = {kind, point};
            n_wrong += !is_right(setup, &fault, 1, n_wrong < SHOWN_AT_MOST);
        }
    }
    cr_expect_eq(n_wrong, 0, "%u of %u runs broke the promise", n_wrong,
                 n_points * (N_CALL_FAULTS - 1));
}

Test(handover, one_vm)
{
    try_each_fault_at_each_point(&(struct world_setup){.n_vms = 1, .legs = 1, .slow_host = -1});
}

/* QEMU would wait for ever. */
Test(handover, ends_that_are_asked_for_different_migrations_move_nothing)
{
    const struct world_setup setup = {.n_vms = 1, .legs = 1, .ends_differ = true, .slow_host = -1};
    struct world_outcome *outcome = world_run(&setup, NULL, 0);
    cr_expect_eq(outcome->wrong->len, 0);
    cr_expect_eq(outcome->status, VTMH__STATUS__STATUS_ERROR);
    cr_assert_not_null(outcome->cause);
    cr_expect_not_null(strstr(outcome->cause, "mig_compress: off on "), "%s", outcome->cause);
    for (unsigned i = 0; i < outcome->log->len; i++)
        cr_expect_null(strstr(outcome->log->pdata[i], "vm_migrate_fd"), "it moved");
    world_outcome_free(outcome);
}

/* The source keeps the leg's time, and has completed in it. */
Test(handover, destination_that_has_completed_when_the_legs_time_is_over_starts_the_guest)
{
    const struct world_setup setup = {.n_vms = 1, .legs = 1, .timeout_s = 1, .slow_host = -1};
    struct world_outcome *whole = world_run(&setup, NULL, 0);
    unsigned n_struck = 0;
    for (unsigned point = 0; point < whole->phases->len; point++) {
        if (g_array_index(whole->phases, enum world_phase, point) != PHASE_COMPLETED)
            continue;
        const struct fault fault = {FAULT_DESTINATION_SLOW, point};
        struct world_outcome *outcome = world_run(&setup, &fault, 1);
        n_struck += outcome->has_struck;
        if (outcome->wrong->len > 0)
            show(outcome, &fault, 1);
        cr_expect_eq(outcome->wrong->len, 0);
        cr_expect_eq(outcome->status, VTMH__STATUS__STATUS_PASS, "%s: %s", outcome->where,
                     outcome->cause);
        world_outcome_free(outcome);
    }
    cr_expect_gt(n_struck, 0);
    world_outcome_free(whole);
}

/* The simulated hypervisors are no processes, so a step that signals one cannot be done. */
Test(handover, step_of_a_script_that_cannot_be_done_fails_the_test_however_its_leg_may_end)
{
    static const struct {
        const char *script, *where;
    } cases[] = {
        {"0s freeze destination", "destination"},
        {"0s freeze source", "source"},
    };
    for (size_t i = 0; i < 2 * G_N_ELEMENTS(cases); i++) {
        const char *script = cases[i / 2].script;
        const struct world_setup setup = {
            .n_vms = 1, .legs = 1, .script = script, .may_fail = i % 2 != 0, .slow_host = -1};
        struct world_outcome *outcome = world_run(&setup, NULL, 0);
        g_autofree char *said =
            g_strdup_printf("mig_script: '%s' on %s: ", script, cases[i / 2].where);
        if (outcome->wrong->len > 0)
            show(outcome, NULL, 0);
        cr_expect_eq(outcome->wrong->len, 0);
        cr_expect_eq(outcome->status, VTMH__STATUS__STATUS_FAIL, "%s, %zu: %d", script, i,
                     (int)outcome->status);
        cr_expect(outcome->cause != NULL && strstr(outcome->cause, said) != NULL, "%s: %s", said,
                  outcome->cause);
        world_outcome_free(outcome);
    }
}

Test(handover, one_vm_with_a_slow_source)
{
    try_each_fault_at_each_point(&(struct world_setup){.n_vms = 1, .legs = 1, .slow_host = SOURCE});
}

Test(handover, one_vm_with_a_slow_destination)
{
    try_each_fault_at_each_point(
        &(struct world_setup){.n_vms = 1, .legs = 1, .slow_host = DESTINATION});
}

Test(handover, one_vm_that_is_stopped_meanwhile)
{
    try_each_fault_at_each_point(
        &(struct world_setup){.n_vms = 1, .legs = 1, .offline = true, .slow_host = -1});
}

Test(handover, one_vm_to_and_fro)
{
    try_each_fault_at_each_point(&(struct world_setup){.n_vms = 1, .legs = 2, .slow_host = -1});
}

/* Where the log has this line for the first time from a line on. */
static unsigned line_from(const struct world_outcome *outcome, unsigned from, const char *format,
                          unsigned vm)
{
    g_autofree char *text = g_strdup_printf(format, vm);
    for (unsigned i = from; i < outcome->log->len; i++)
        if (strcmp(outcome->log->pdata[i], text) == 0)
            return i;
    cr_assert_fail("there is no '%s' from line %u on", text, from);
    return from;
}

/* Not while another VM of the test still moves, and before the next leg is asked for. */
Test(handover, a_next_destination_is_started_ahead_only_while_guests_are_checked)
{
    struct world_outcome *outcome = world_run(
        &(struct world_setup){.n_vms = 2, .legs = 2, .ahead = true, .slow_host = -1}, NULL, 0);
    cr_assert_eq(outcome->status, VTMH__STATUS__STATUS_PASS, "%s", outcome->cause);
    unsigned moved = MAX(line_from(outcome, 0, "source: vm%u: leg 1: given -> done", 1),
                         line_from(outcome, 0, "source: vm%u: leg 1: given -> done", 2));
    for (unsigned vm = 1; vm <= 2; vm++) {
        unsigned booted = line_from(outcome, 0, "vm%u is made on source", vm);
        unsigned made = line_from(outcome, booted + 1, "vm%u is made on source", vm);
        unsigned checked = line_from(outcome, 0, "source arrives at 'checked vm%u'", vm);
        cr_expect_gt(made, moved, "vm%u", vm);
        cr_expect_lt(made, checked, "vm%u", vm);
    }
    world_outcome_free(outcome);
}

Test(handover, one_vm_whose_next_destination_is_started_ahead)
{
    try_each_fault_at_each_point(
        &(struct world_setup){.n_vms = 1, .legs = 3, .ahead = true, .slow_host = -1});
}

Test(handover, one_vm_whose_legs_may_end_anyhow_with_a_next_destination_ahead)
{
    try_each_fault_at_each_point(&(struct world_setup){
        .n_vms = 1, .legs = 2, .ahead = true, .may_fail = true, .slow_host = DESTINATION});
}

Test(handover, two_vms_at_once)
{
    try_each_fault_at_each_point(&(struct world_setup){.n_vms = 2, .legs = 1, .slow_host = -1});
}

Test(handover, two_vms_to_and_fro_with_a_slow_destination)
{
    try_each_fault_at_each_point(
        &(struct world_setup){.n_vms = 2, .legs = 2, .slow_host = DESTINATION});
}

Test(handover, one_vm_whose_legs_may_end_anyhow)
{
    try_each_fault_at_each_point(
        &(struct world_setup){.n_vms = 1, .legs = 2, .may_fail = true, .slow_host = -1});
}

Test(handover, one_vm_whose_legs_may_end_anyhow_with_a_slow_source)
{
    try_each_fault_at_each_point(
        &(struct world_setup){.n_vms = 1, .legs = 2, .may_fail = true, .slow_host = SOURCE});
}

Test(handover, two_vms_whose_legs_may_end_anyhow)
{
    try_each_fault_at_each_point(
        &(struct world_setup){.n_vms = 2, .legs = 1, .may_fail = true, .slow_host = -1});
}

Test(handover, one_vm_that_is_tried_again)
{
    try_each_fault_at_each_point(
        &(struct world_setup){.n_vms = 1, .legs = 2, .retries = 1, .slow_host = -1});
}

Test(handover, one_vm_that_is_tried_again_with_a_slow_destination)
{
    try_each_fault_at_each_point(
        &(struct world_setup){.n_vms = 1, .legs = 1, .retries = 1, .slow_host = DESTINATION});
}

#define MANAGED .managed = true, .n_vms = 1

Test(handover, one_managed_vm)
{
    try_each_fault_at_each_point(&(struct world_setup){MANAGED, .legs = 1, .slow_host = -1});
}

Test(handover, one_managed_vm_with_a_slow_source)
{
    try_each_fault_at_each_point(&(struct world_setup){MANAGED, .legs = 1, .slow_host = SOURCE});
}

Test(handover, one_managed_vm_with_a_slow_destination)
{
    try_each_fault_at_each_point(
        &(struct world_setup){MANAGED, .legs = 1, .slow_host = DESTINATION});
}

Test(handover, one_managed_vm_to_and_fro_between_managers_that_need_no_node)
{
    try_each_fault_at_each_point(
        &(struct world_setup){MANAGED, .legs = 2, .is_direct = true, .slow_host = -1});
}

Test(handover, one_managed_vm_that_is_stopped_meanwhile)
{
    try_each_fault_at_each_point(
        &(struct world_setup){MANAGED, .legs = 1, .offline = true, .slow_host = -1});
}

Test(handover, one_managed_vm_whose_legs_may_end_anyhow)
{
    try_each_fault_at_each_point(
        &(struct world_setup){MANAGED, .legs = 2, .may_fail = true, .slow_host = DESTINATION});
}

Test(handover, one_managed_vm_that_is_tried_again)
{
    try_each_fault_at_each_point(
        &(struct world_setup){MANAGED, .legs = 2, .retries = 1, .slow_host = -1});
}

Test(handover, one_vm_that_its_manager_starts)
{
    try_each_fault_at_each_point(
        &(struct world_setup){MANAGED, .legs = 1, .lets_go = true, .slow_host = -1});
}

Test(handover, one_vm_that_its_manager_starts_to_and_fro_with_a_slow_source)
{
    try_each_fault_at_each_point(
        &(struct world_setup){MANAGED, .legs = 2, .lets_go = true, .slow_host = SOURCE});
}

#define IN_POSTCOPY .legs = 1, .postcopy_when = POSTCOPY_AT_ONCE

Test(handover, one_vm_in_postcopy)
{
    try_each_fault_at_each_point(&(struct world_setup){IN_POSTCOPY, .n_vms = 1, .slow_host = -1});
}

Test(handover, one_vm_in_postcopy_with_a_slow_source)
{
    try_each_fault_at_each_point(
        &(struct world_setup){IN_POSTCOPY, .n_vms = 1, .slow_host = SOURCE});
}

Test(handover, one_vm_in_postcopy_with_a_slow_destination)
{
    try_each_fault_at_each_point(
        &(struct world_setup){IN_POSTCOPY, .n_vms = 1, .slow_host = DESTINATION});
}

Test(handover, two_vms_in_postcopy)
{
    try_each_fault_at_each_point(&(struct world_setup){IN_POSTCOPY, .n_vms = 2, .slow_host = -1});
}

Test(handover, one_vm_in_postcopy_whose_legs_may_end_anyhow)
{
    try_each_fault_at_each_point(&(struct world_setup){.n_vms = 1,
                                                       .legs = 2,
                                                       .postcopy_when = POSTCOPY_AT_ONCE,
                                                       .may_fail = true,
                                                       .slow_host = DESTINATION});
}

/* The source stops the guest at 15 ms by itself, and completes at 30 ms. */
Test(handover, one_vm_that_has_almost_moved_when_it_is_to_switch)
{
    try_each_fault_at_each_point(
        &(struct world_setup){.n_vms = 1, .legs = 1, .postcopy_when = "20ms", .slow_host = -1});
}

Test(handover, one_vm_that_completes_while_it_is_to_switch)
{
    try_each_fault_at_each_point(&(struct world_setup){
        .n_vms = 1, .legs = 1, .postcopy_when = "30ms", .slow_host = DESTINATION});
}

/* The points at which a stream can break so that another takes its place. Transfer full. */
static GArray *points_of_recovery(const struct world_setup *setup, enum fault_kind how)
{
    unsigned n_points = count_points(setup);
    GArray *points = g_array_new(FALSE, FALSE, sizeof(unsigned));
    for (unsigned point = 0; point < n_points; point++) {
        struct world_outcome *outcome = world_run(setup, &(struct fault){how, point}, 1);
        if (outcome->status == VTMH__STATUS__STATUS_WARN)
            g_array_append_val(points, point);
        world_outcome_free(outcome);
    }
    return points;
}

static unsigned try_faults_after(const struct world_setup *setup, struct fault first,
                                 enum fault_kind from)
{
    struct world_outcome *outcome = world_run(setup, &first, 1);
    unsigned n_points = 0, n_wrong = 0;
    while (n_points < outcome->phases->len &&
           g_array_index(outcome->phases, enum world_phase, n_points) < PHASE_RELEASED)
        n_points++;
    world_outcome_free(outcome);
    for (unsigned point = first.point; point < n_points; point++) {
        for (enum fault_kind kind = from; kind < N_STREAM_FAULTS; kind++) {
            const struct fault faults[] = {first, {kind, point}};
            n_wrong += !is_right(setup, faults, G_N_ELEMENTS(faults), n_wrong < SHOWN_AT_MOST);
        }
    }
    return n_wrong;
}

/* A stream breaks in post-copy, and something else happens while another takes its place: the
 * faults from that kind on. */
static void try_faults_in_recovery(enum fault_kind how, enum fault_kind from, int slow_host)
{
    const struct world_setup setup = {IN_POSTCOPY, .n_vms = 1, .slow_host = slow_host};
    g_autoptr(GArray) points = points_of_recovery(&setup, how);
    cr_assert_gt(points->len, 2);
    for (unsigned i = 0; i < points->len; i++) {
        unsigned point = g_array_index(points, unsigned, i);
        unsigned n_wrong = try_faults_after(&setup, (struct fault){how, point}, from);
        cr_expect_eq(n_wrong, 0, "%s at point %u: %u runs are wrong", fault_name(how), point,
                     n_wrong);
    }
}

Test(handover, one_vm_in_postcopy_whose_stream_breaks)
{
    try_faults_in_recovery(FAULT_STREAM_CUT, FAULT_NONE + 1, -1);
}

Test(handover, one_vm_in_postcopy_whose_source_sees_its_stream_break)
{
    try_faults_in_recovery(FAULT_STREAM_CUT_AT_SOURCE, FAULT_NONE + 1, -1);
}

Test(handover, one_vm_in_postcopy_whose_destination_sees_its_stream_break)
{
    try_faults_in_recovery(FAULT_STREAM_CUT_AT_DESTINATION, FAULT_NONE + 1, -1);
}

Test(handover, one_vm_in_postcopy_whose_stream_breaks_twice_with_a_slow_source)
{
    for (enum fault_kind how = FAULT_STREAM_CUT; how < N_STREAM_FAULTS; how++)
        try_faults_in_recovery(how, FAULT_STREAM_CUT, SOURCE);
}

Test(handover, one_vm_in_postcopy_whose_stream_breaks_twice_with_a_slow_destination)
{
    for (enum fault_kind how = FAULT_STREAM_CUT; how < N_STREAM_FAULTS; how++)
        try_faults_in_recovery(how, FAULT_STREAM_CUT, DESTINATION);
}

/* With two faults there is not always a right end, but the promise holds, and nobody waits for
 * ever. */
static void try_pairs_of_faults(const struct world_setup *setup, unsigned n_runs)
{
    unsigned n_points = count_points(setup);
    unsigned n_broken = 0;
    g_autoptr(GRand) random = g_rand_new_with_seed(share() > 1 ? (guint32)seed() : 1);
    n_runs /= share();
    for (unsigned run = 0; run < n_runs; run++) {
        struct fault faults[2];
        for (unsigned i = 0; i < G_N_ELEMENTS(faults); i++) {
            faults[i].kind =
                (enum fault_kind)g_rand_int_range(random, FAULT_NONE + 1, N_CALL_FAULTS);
            /* A failed leg has points of its own: somewhat more of them. */
            faults[i].point = (unsigned)g_rand_int_range(random, 0, (int)n_points * 5 / 4);
        }
        struct world_outcome *outcome = world_run(setup, faults, G_N_ELEMENTS(faults));
        if (outcome->is_promise_broken && n_broken++ < SHOWN_AT_MOST)
            show(outcome, faults, G_N_ELEMENTS(faults));
        world_outcome_free(outcome);
    }
    cr_expect_eq(n_broken, 0, "%u of %u runs broke the promise", n_broken, n_runs);
}

Test(handover, one_vm_and_two_faults)
{
    try_pairs_of_faults(&(struct world_setup){.n_vms = 1, .legs = 2, .slow_host = -1}, 5000);
}

Test(handover, two_vms_and_two_faults)
{
    try_pairs_of_faults(&(struct world_setup){.n_vms = 2, .legs = 1, .slow_host = DESTINATION},
                        3000);
}

Test(handover, one_vm_in_postcopy_and_two_faults)
{
    try_pairs_of_faults(&(struct world_setup){IN_POSTCOPY, .n_vms = 1, .slow_host = -1}, 2000);
}
