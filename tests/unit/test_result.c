#include "orchestrator/result.h"

#include <criterion/criterion.h>

static struct job_result *job_with(const Vtmh__Status *statuses, unsigned count)
{
    struct job_result *job = job_result_new();

    for (unsigned i = 0; i < count; i++) {
        struct test_result *test = test_result_new(i + 1, "a.quick", "quick");

        test->status = statuses[i];
        g_ptr_array_add(job->tests, test);
    }
    return job;
}

#define JOB(...)                                                                                   \
    job_with((const Vtmh__Status[]){__VA_ARGS__},                                                  \
             sizeof((const Vtmh__Status[]){__VA_ARGS__}) / sizeof(Vtmh__Status))

Test(result, each_status_adds_its_own_exit_bit)
{
    static const struct {
        Vtmh__Status status;
        const char *name;
        int exit_status;
    } cases[] = {
        {VTMH__STATUS__STATUS_PASS, "PASS", 0},
        {VTMH__STATUS__STATUS_SKIP, "SKIP", 0},
        {VTMH__STATUS__STATUS_CANCEL, "CANCEL", 0},
        {VTMH__STATUS__STATUS_WARN, "WARN", 16},
        {VTMH__STATUS__STATUS_ERROR, "ERROR", 1},
        {VTMH__STATUS__STATUS_FAIL, "FAIL", 1},
        {VTMH__STATUS__STATUS_NONE, "NONE", 0},
        {VTMH__STATUS__STATUS_ABORTED, "ABORTED", 1},
        {VTMH__STATUS__STATUS_INTERRUPT, "INTERRUPTED", 8},
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(job_result) job = JOB(VTMH__STATUS__STATUS_PASS, cases[i].status);

        cr_expect_str_eq(status_name(cases[i].status), cases[i].name);
        cr_expect_eq(job_result_exit_status(job), cases[i].exit_status, "%s: %d", cases[i].name,
                     job_result_exit_status(job));
    }
}

Test(result, exit_bits_of_job_and_tests_add_up)
{
    g_autoptr(job_result) job =
        JOB(VTMH__STATUS__STATUS_FAIL, VTMH__STATUS__STATUS_INTERRUPT, VTMH__STATUS__STATUS_FAIL);

    job->exit_bits = EXIT_BIT_JOB;
    cr_expect_eq(job_result_exit_status(job), 1 | 2 | 8);
    cr_expect_eq(job_result_count(job, VTMH__STATUS__STATUS_FAIL), 2);
    cr_expect_eq(job_result_count(job, VTMH__STATUS__STATUS_PASS), 0);
}

Test(result, a_status_of_a_newer_node_never_passes)
{
    g_autoptr(job_result) job = JOB((Vtmh__Status)99);

    cr_expect_str_eq(status_name((Vtmh__Status)99), "ERROR");
    cr_expect_str_eq(status_name((Vtmh__Status)-1), "ERROR");
    cr_expect_eq(job_result_exit_status(job), EXIT_BIT_TESTS_FAILED);
}

Test(result, a_job_in_which_nothing_was_tested_is_no_success)
{
    g_autoptr(job_result) job = JOB(VTMH__STATUS__STATUS_SKIP, VTMH__STATUS__STATUS_CANCEL);
    g_autoptr(job_result) running = JOB(VTMH__STATUS__STATUS_SKIP, VTMH__STATUS__STATUS_NONE);
    g_autoptr(job_result) warned = JOB(VTMH__STATUS__STATUS_SKIP, VTMH__STATUS__STATUS_WARN);

    cr_expect_eq(job_result_exit_status(job), EXIT_BIT_NOTHING);
    cr_expect_eq(job_result_exit_status(running), 0);
    cr_expect_eq(job_result_exit_status(warned), EXIT_BIT_WARNINGS);
    job->allow_empty = true;
    cr_expect_eq(job_result_exit_status(job), 0);
    /* Another bit says already why nothing was tested. */
    job->allow_empty = false;
    job_result_trouble(job, "host2 is unreachable");
    cr_expect_eq(job_result_exit_status(job), EXIT_BIT_JOB);
}

Test(result, each_trouble_is_a_line_and_one_bit_of_the_exit_status)
{
    g_autoptr(job_result) job = JOB(VTMH__STATUS__STATUS_PASS);

    job_result_trouble(job, "host2 was lost");
    cr_expect_str_eq(job->trouble, "host2 was lost");
    job_result_trouble(job, "no space left");
    cr_expect_str_eq(job->trouble, "host2 was lost\nno space left");
    cr_expect_eq(job_result_exit_status(job), EXIT_BIT_JOB);
}

Test(result, trouble_that_a_test_has_for_its_cause_is_not_told_twice)
{
    g_autoptr(job_result) job = JOB(VTMH__STATUS__STATUS_CANCEL);
    struct test_result *test = g_ptr_array_index(job->tests, 0);
    g_autofree char *all = NULL, *rest = NULL, *none = NULL;

    cr_expect_null(job_result_untold_trouble(job));
    job_result_trouble(job, "host2: refused\nhost3: refused, too");
    all = job_result_untold_trouble(job);
    cr_expect_str_eq(all, job->trouble);
    test->fail_host = g_strdup("host3");
    test->fail_cause = g_strdup("refused, too");
    rest = job_result_untold_trouble(job);
    cr_expect_str_eq(rest, "host2: refused");
    g_free(test->fail_host);
    test->fail_host = g_strdup("host2");
    g_free(test->fail_cause);
    test->fail_cause = g_strdup("refused");
    none = job_result_untold_trouble(job);
    cr_expect_str_eq(none, "host3: refused, too");
}

Test(result, a_note_is_kept_once)
{
    g_autoptr(test_result) test = test_result_new(3, "variants.quick.tick", "quick.tick");
    g_autofree char *id = test_result_id(test);

    test_result_note(test, "TCG");
    test_result_note(test, "quirk");
    test_result_note(test, "TCG");
    cr_expect_eq(test->notes->len, 2);
    cr_expect_str_eq(id, "3-quick.tick");
}

Test(result, a_new_leg_has_measured_nothing)
{
    g_autoptr(leg_result) leg = leg_result_new();

    cr_expect_lt(leg->cycle_ms, 0);
    cr_expect_lt(leg->network_gap_ms, 0);
    cr_expect_lt(leg->transferred_bytes, 0);
    cr_expect_lt(leg->dirty_syncs, 0);
    cr_expect_eq(leg->memory_check, VTMH__MEMORY_CHECK__MEMORY_NOT_CHECKED);
    leg_result_free(NULL);
    test_result_free(NULL);
    job_result_free(NULL);
}

static void add_legs(struct test_result *test, unsigned n)
{
    for (unsigned i = 1; i <= n; i++) {
        struct leg_result *leg = leg_result_new();
        leg->vm = g_strdup("vm1");
        leg->leg = i;
        leg->status = g_strdup("completed");
        leg->is_as_planned = true;
        leg->cycle_ms = i;
        test_result_add_leg(test, leg);
    }
}

static unsigned number_at(const struct test_result *test, unsigned index)
{
    return ((const struct leg_result *)g_ptr_array_index(test->legs, index))->leg;
}

Test(result, keeps_all_legs_up_to_the_limit_and_of_more_the_first_and_the_last)
{
    g_autoptr(test_result) all = test_result_new(1, "t", "t");
    g_autoptr(test_result) most = test_result_new(1, "t", "t");
    g_autoptr(test_result) few = test_result_new(1, "t", "t");
    add_legs(all, LEGS_MAX_USUAL);
    cr_expect_eq(all->legs->len, LEGS_MAX_USUAL);
    add_legs(most, 5000);
    cr_assert_eq(most->legs->len, 2 * LEGS_AT_END);
    cr_expect_eq(number_at(most, LEGS_AT_END - 1), LEGS_AT_END);
    cr_expect_eq(number_at(most, LEGS_AT_END), 5000 - LEGS_AT_END + 1);
    cr_expect_eq(number_at(most, 2 * LEGS_AT_END - 1), 5000);
    few->legs_max = 5;
    add_legs(few, 6);
    cr_assert_eq(few->legs->len, 4);
    cr_expect_eq(number_at(few, 1), 2);
    cr_expect_eq(number_at(few, 2), 5);
}

Test(result, totals_are_of_all_legs_also_of_those_that_are_not_kept)
{
    g_autoptr(test_result) test = test_result_new(1, "t", "t");
    add_legs(test, 5000);
    json_t *totals = leg_totals_json(&test->totals);
    const json_t *cycle = json_object_get(totals, "cycle_ms");
    cr_expect_eq(test->totals.legs, 5000);
    cr_expect_eq(
        json_integer_value(json_object_get(json_object_get(totals, "status"), "completed")), 5000);
    cr_expect_eq(json_integer_value(json_object_get(cycle, "legs")), 5000);
    cr_expect_float_eq(json_real_value(json_object_get(cycle, "max")), 5000, 1e-9);
    cr_expect_float_eq(json_real_value(json_object_get(cycle, "p95")), 4750, 47.5);
    json_decref(totals);
}

Test(result, notes_do_not_grow_without_end_and_it_is_said)
{
    g_autoptr(test_result) test = test_result_new(1, "t", "t");
    for (unsigned i = 0; i < 2 * NOTES_MAX; i++) {
        g_autofree char *note = g_strdup_printf("note %u", i);
        test_result_note(test, note);
    }
    cr_assert_eq(test->notes->len, NOTES_MAX + 1);
    cr_expect_str_eq(test->notes->pdata[NOTES_MAX], "there are more notes: they are in the log");
}

static struct test_result *ended(struct job_result *job, unsigned number, unsigned n_legs,
                                 Vtmh__Status status)
{
    struct test_result *test = test_result_new(number, "tick", "tick");
    Vtmh__Platform platform = VTMH__PLATFORM__INIT;

    platform.vm = (char *)"vm1";
    platform.machine = platform.accelerator = platform.cpu_model = platform.binary =
        platform.version = (char *)"x";
    test_result_platform(test, "a", &platform);
    for (unsigned i = 0; i < n_legs; i++) {
        struct leg_result *leg = leg_result_new();

        leg->vm = g_strdup("vm1");
        leg->status = g_strdup("completed");
        test_result_add_leg(test, leg);
    }
    test->status = status;
    job_result_add(job, test);
    job_result_settle(job, test);
    return test;
}

static const struct test_result *test_of(const struct job_result *job, unsigned place)
{
    return g_ptr_array_index(job->tests, place);
}

Test(result, a_list_that_is_repeated_for_days_keeps_no_more_legs_than_a_job_may)
{
    g_autoptr(job_result) job = job_result_new();
    unsigned kept = 0;

    for (unsigned i = 1; i <= 3000; i++) {
        const struct test_result *test =
            ended(job, i, 10, i == 2 ? VTMH__STATUS__STATUS_FAIL : VTMH__STATUS__STATUS_PASS);

        cr_assert_eq(test->legs->len, 10, "the last one is whole");
    }
    for (unsigned i = 0; i < job->tests->len; i++)
        kept += test_of(job, i)->legs->len;
    cr_expect_leq(kept, JOB_LEGS_MAX);
    cr_expect_geq(kept, JOB_LEGS_MAX / 2);
    cr_expect_eq(test_of(job, 0)->legs->len, 0);
    cr_expect_eq(json_object_size(test_of(job, 0)->platform), 0);
    cr_expect_eq(test_of(job, 0)->totals.legs, 10, "its totals stay");
    cr_expect_eq(test_of(job, 1)->legs->len, 10, "one that failed is kept");
    cr_expect_eq(test_of(job, 2999)->legs->len, 10);
    cr_expect_gt(json_object_size(test_of(job, 2999)->platform), 0);
}

Test(result, one_test_alone_keeps_what_it_may)
{
    g_autoptr(job_result) job = job_result_new();
    struct test_result *test = test_result_new(1, "tick", "tick");

    test->legs_max = 20000;
    for (unsigned i = 0; i < 15000; i++) {
        struct leg_result *leg = leg_result_new();

        leg->vm = g_strdup("vm1");
        leg->status = g_strdup("completed");
        test_result_add_leg(test, leg);
    }
    test->status = VTMH__STATUS__STATUS_PASS;
    job_result_add(job, test);
    job_result_settle(job, test);
    cr_expect_eq(test->legs->len, 15000);
}
