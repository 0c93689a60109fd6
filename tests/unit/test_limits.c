/* Limits on what legs measured: each is seen to fail a test that breaks it. */
#include "orchestrator/limits.h"

#include <criterion/criterion.h>
#include <string.h>

#define PASS VTMH__STATUS__STATUS_PASS
#define FAIL VTMH__STATUS__STATUS_FAIL
#define ERROR VTMH__STATUS__STATUS_ERROR

static struct leg_result *add_leg(struct test_result *result, const char *vm, unsigned number)
{
    struct leg_result *leg = leg_result_new();
    leg->vm = g_strdup(vm);
    leg->leg = number;
    leg->status = g_strdup("completed");
    leg->one_clock = true;
    leg->downtime_ms = leg->total_ms = leg->setup_ms = leg->stop_to_resume_ms = leg->guest_gap_ms =
        leg->network_gap_ms = 10;
    g_ptr_array_add(result->legs, leg);
    return leg;
}

static struct test_result *passed(void)
{
    struct test_result *result = test_result_new(1, "t", "t");
    result->status = PASS;
    return result;
}

static void judge(struct test_result *result, const char *name, const char *value)
{
    g_autoptr(params) params = params_new();
    g_autoptr(limits) limits = limits_new(params);
    params_set(params, name, value, "a.cfg:3");
    for (unsigned i = 0; i < result->legs->len; i++)
        limits_take(limits, g_ptr_array_index(result->legs, i));
    limits_judge(limits, result);
}

static void expect(const struct test_result *result, Vtmh__Status status, const char *cause)
{
    cr_expect_eq(result->status, status, "is %s: %s", status_name(result->status),
                 result->fail_cause);
    if (cause != NULL)
        cr_expect_str_eq(result->fail_cause, cause);
    else
        cr_expect_null(result->fail_cause);
}

Test(limits, a_leg_above_fails_with_figure_and_limit)
{
    g_autoptr(test_result) result = passed();
    add_leg(result, "vm1", 1);
    add_leg(result, "vm1", 2)->downtime_ms = 1219;
    judge(result, "limit_downtime", "20ms");
    expect(result, FAIL, "leg 2 of vm1: downtime 1,219 ms, limit 20 ms (limit_downtime)");
}

Test(limits, every_figure_has_one)
{
    static const struct {
        const char *name, *cause;
    } limits[] = {
        {"limit_downtime", "leg 1 of vm1: downtime 20.4 ms, limit 20 ms (limit_downtime)"},
        {"limit_total", "leg 1 of vm1: total time 20.4 ms, limit 20 ms (limit_total)"},
        {"limit_setup", "leg 1 of vm1: setup 20.4 ms, limit 20 ms (limit_setup)"},
        {"limit_stop_to_resume",
         "leg 1 of vm1: stop to resume 20.4 ms, limit 20 ms (limit_stop_to_resume)"},
        {"limit_guest_gap",
         "leg 1 of vm1: gap of the guest 20.4 ms, limit 20 ms (limit_guest_gap)"},
        {"limit_network_gap",
         "leg 1 of vm1: gap on the network 20.4 ms, limit 20 ms (limit_network_gap)"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(limits); i++) {
        g_autoptr(test_result) result = passed();
        struct leg_result *leg = add_leg(result, "vm1", 1);
        double *figures[] = {&leg->downtime_ms,       &leg->total_ms,     &leg->setup_ms,
                             &leg->stop_to_resume_ms, &leg->guest_gap_ms, &leg->network_gap_ms};
        *figures[i] = 20.4;
        judge(result, limits[i].name, "20ms");
        expect(result, FAIL, limits[i].cause);
    }
}

Test(limits, one_of_what_the_test_does_not_measure_is_an_error_that_says_so)
{
    g_autoptr(test_result) result = passed();
    add_leg(result, "vm1", 1)->network_gap_ms = -1;
    judge(result, "limit_network_gap", "20ms");
    expect(result, ERROR,
           "limit_network_gap cannot be judged in leg 1 of vm1: it is not measured without "
           "network_gap");
}

Test(limits, a_leg_at_its_limit_passes)
{
    g_autoptr(test_result) result = passed();
    add_leg(result, "vm1", 1)->downtime_ms = 20;
    judge(result, "limit_downtime", "20ms");
    expect(result, PASS, NULL);
}

Test(limits, no_limit_judges_nothing)
{
    g_autoptr(test_result) result = passed();
    add_leg(result, "vm1", 1)->downtime_ms = -1;
    judge(result, "limit_downtime", "");
    expect(result, PASS, NULL);
}

Test(limits, the_95th_percentile_of_twenty_legs_is_the_nineteenth)
{
    for (unsigned above = 1; above <= 2; above++) {
        g_autoptr(test_result) result = passed();
        for (unsigned i = 1; i <= 20; i++)
            add_leg(result, "vm1", i)->downtime_ms = i <= above ? 50 : 10;
        judge(result, "limit_downtime_p95", "20ms");
        expect(result, above == 1 ? PASS : FAIL,
               above == 1 ? NULL
                          : "vm1: 95th percentile of downtime 50 ms, limit 20 ms "
                            "(limit_downtime_p95)");
    }
}

Test(limits, one_leg_of_ten_thousand_above_fails_and_legs_above_are_counted)
{
    for (unsigned above = 1; above <= 2; above++) {
        g_autoptr(test_result) result = passed();
        for (unsigned i = 1; i <= 10000; i++)
            add_leg(result, "vm1", i)->downtime_ms = i == 5000 ? 50 : i > 10000 - above ? 70 : 10;
        judge(result, "limit_downtime", "20ms");
        expect(result, FAIL, "leg 5000 of vm1: downtime 50 ms, limit 20 ms (limit_downtime)");
        cr_assert_eq(result->notes->len, 1);
        cr_expect_str_eq(result->notes->pdata[0],
                         above == 1 ? "downtime of vm1 was above its limit in 2 of 10000 legs, at "
                                      "most 70 ms (limit_downtime)"
                                    : "downtime of vm1 was above its limit in 3 of 10000 legs, at "
                                      "most 70 ms (limit_downtime)");
    }
}

Test(limits, the_95th_percentile_of_ten_thousand_legs_is_judged_exactly)
{
    for (unsigned above = 500; above <= 501; above++) {
        g_autoptr(test_result) result = passed();
        for (unsigned i = 1; i <= 10000; i++)
            add_leg(result, "vm1", i)->downtime_ms = i <= above ? 20.01 : 20;
        judge(result, "limit_downtime_p95", "20ms");
        cr_expect_eq(result->status, above == 500 ? PASS : FAIL, "%u: %s", above,
                     result->fail_cause);
    }
}

Test(limits, one_of_a_vm_is_for_that_vm)
{
    g_autoptr(test_result) result = passed();
    add_leg(result, "vm1", 1)->downtime_ms = 50;
    add_leg(result, "vm2", 1)->downtime_ms = 40;
    judge(result, "limit_downtime_vm2", "20ms");
    expect(result, FAIL, "leg 1 of vm2: downtime 40 ms, limit 20 ms (limit_downtime)");
}

Test(limits, a_figure_that_was_not_measured_cannot_be_judged)
{
    g_autoptr(test_result) result = passed();
    add_leg(result, "vm1", 1);
    add_leg(result, "vm1", 2)->guest_gap_ms = -1;
    judge(result, "limit_guest_gap", "20ms");
    expect(result, ERROR, "limit_guest_gap cannot be judged in leg 2 of vm1: it was not measured");
}

Test(limits, the_reason_is_told_why_it_was_not_measured)
{
    g_autoptr(test_result) apart = passed(), offline = passed();
    struct leg_result *leg = add_leg(apart, "vm1", 1);
    leg->guest_gap_ms = -1;
    leg->one_clock = false;
    judge(apart, "limit_guest_gap_p95", "20ms");
    expect(apart, ERROR,
           "limit_guest_gap_p95 cannot be judged in leg 1 of vm1: the two hosts do not share a "
           "kernel, and their clocks are not compared");
    leg = add_leg(offline, "vm1", 1);
    leg->downtime_ms = -1;
    leg->offline = true;
    judge(offline, "limit_downtime", "20ms");
    expect(offline, ERROR,
           "limit_downtime cannot be judged in leg 1 of vm1: the guest is stopped during the move "
           "(mig_offline)");
}

Test(limits, legs_that_were_not_completed_are_not_judged)
{
    g_autoptr(test_result) result = passed();
    struct leg_result *leg = add_leg(result, "vm1", 1);
    leg->downtime_ms = 5000;
    g_free(leg->status);
    leg->status = g_strdup("failed");
    judge(result, "limit_downtime", "20ms");
    expect(result, PASS, NULL);
}

Test(limits, a_breach_is_a_note_where_the_test_has_failed_already)
{
    g_autoptr(test_result) result = passed();
    result->status = FAIL;
    result->fail_cause = g_strdup("corrupt");
    add_leg(result, "vm1", 1)->downtime_ms = 5000;
    judge(result, "limit_downtime", "20ms");
    expect(result, FAIL, "corrupt");
    cr_assert_eq(result->notes->len, 1);
    cr_expect_not_null(strstr(result->notes->pdata[0], "5,000 ms"));
}

Test(limits, a_value_that_is_no_time_is_an_error)
{
    g_autoptr(test_result) result = passed();
    add_leg(result, "vm1", 1);
    judge(result, "limit_downtime", "soon");
    cr_expect_eq(result->status, ERROR);
}
