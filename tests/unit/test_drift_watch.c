#include "orchestrator/drift_watch.h"

#include "orchestrator/drift/drift.h"

#include <criterion/criterion.h>
#include <string.h>

/* A soak in which every figure drifts: of node, by legs; of the legs, by time. */
static void hold(struct drift_watch *watch, const char *limits)
{
    g_autoptr(params) params = params_new();
    g_auto(GStrv) lines = g_strsplit(limits, " ", -1);
    for (char **line = lines; *line != NULL && **line != '\0'; line++) {
        char *value = strchr(*line, '=');
        *value = '\0';
        params_set(params, *line, value + 1, NULL);
    }
    drift_watch_init(watch, false);
    drift_watch_test_began(watch, params);
    for (unsigned n = 0; n < 1000; n++) {
        double at_s = n * 10;
        struct leg_result leg = {
            .vm = (char *)"vm1",
            .source = (char *)"a",
            .destination = (char *)"b",
            .status = (char *)"completed",
            .cycle_ms = 100 + n,
            .downtime_ms = 100 + n,
            .total_ms = 100 + n,
            .transferred_bytes = 1 << 20,
        };
        Vtmh__Sample sample = VTMH__SAMPLE__INIT;
        sample.process = (char *)"node";
        sample.rss_bytes = 6000000 + (int64_t)1000 * n;
        sample.descriptors = 10 + n / 10;
        sample.file_bytes = (int64_t)1000 * n;
        drift_leg(watch->drift, "quick", &leg, at_s);
        drift_sample(watch->drift, "quick", "a", &sample, at_s);
    }
}

static struct test_result *test_of(unsigned legs)
{
    struct test_result *test = test_result_new(1, "a.quick", "quick");
    test->status = VTMH__STATUS__STATUS_PASS;
    test->totals.legs = legs;
    return test;
}

static unsigned warnings_with(const char *limits, const char *what)
{
    struct drift_watch watch;
    hold(&watch, limits);
    g_autoptr(GPtrArray) warnings = drift_take_warnings(watch.drift);
    unsigned n = 0;
    for (unsigned i = 0; i < warnings->len; i++)
        n += strstr(g_ptr_array_index(warnings, i), what) != NULL;
    drift_watch_clear(&watch);
    return n;
}

Test(drift_watch, takes_the_limits_of_the_parameters)
{
    static const char *const limits[] = {
        "drift_rss_bytes_per_leg",         "drift_descriptors_per_1000_legs",
        "drift_file_bytes_per_leg",        "drift_leg_time_percent_per_hour",
        "drift_downtime_percent_per_hour", "drift_rate_percent_per_hour",
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(limits); i++) {
        g_autofree char *wide = g_strdup_printf("%s=1000000", limits[i]);
        cr_expect_eq(warnings_with("", limits[i]), 1, "%s", limits[i]);
        cr_expect_eq(warnings_with(wide, limits[i]), 0, "%s", limits[i]);
    }
    cr_expect_eq(warnings_with("drift_legs=1000", "drift"), G_N_ELEMENTS(limits));
    cr_expect_eq(warnings_with("drift_legs=1001", "drift"), 0);
}

Test(drift_watch, a_test_of_many_legs_is_warned_and_then_nobody_else)
{
    struct drift_watch watch;
    g_autoptr(test_result) test = test_of(1000);
    g_autoptr(job_result) job = job_result_new();
    hold(&watch, "");
    drift_watch_test_ended(&watch, test);
    cr_expect_eq(test->status, VTMH__STATUS__STATUS_WARN);
    cr_expect(g_str_has_prefix(test->fail_cause, "drift: "), "%s", test->fail_cause);
    drift_watch_job_ended(&watch, job);
    cr_expect_eq(job->drift_warnings->len, 0);
    cr_expect_not_null(job->drift);
    cr_expect_not_null(strstr(job->drift_text, "DRIFTS"));
    drift_watch_clear(&watch);
}

Test(drift_watch, of_short_tests_the_job_is_warned)
{
    struct drift_watch watch;
    g_autoptr(test_result) test = test_of(999);
    g_autoptr(job_result) job = job_result_new();
    hold(&watch, "");
    drift_watch_test_ended(&watch, test);
    cr_expect_eq(test->status, VTMH__STATUS__STATUS_PASS);
    drift_watch_job_ended(&watch, job);
    cr_expect_gt(job->drift_warnings->len, 0);
    cr_expect(job_result_exit_status(job) & EXIT_BIT_WARNINGS);
    drift_watch_clear(&watch);
}

Test(drift_watch, a_job_of_few_legs_has_no_report)
{
    struct drift_watch watch;
    g_autoptr(job_result) job = job_result_new();
    hold(&watch, "drift_legs=1001");
    drift_watch_job_ended(&watch, job);
    cr_expect_null(job->drift);
    cr_expect_null(job->drift_text);
    cr_expect_eq(job->drift_warnings->len, 0);
    drift_watch_clear(&watch);
}

Test(drift_watch, a_soak_of_few_legs_has_one_that_says_how_many_it_takes)
{
    struct drift_watch watch;
    g_autoptr(job_result) job = job_result_new();
    hold(&watch, "drift_legs=1001");
    watch.is_soak = true;
    drift_watch_job_ended(&watch, job);
    cr_assert_not_null(job->drift_text);
    cr_expect_not_null(strstr(job->drift_text, "that takes 1001 (drift_legs)"));
    cr_expect_null(strstr(job->drift_text, "DRIFTS"));
    cr_expect_eq(job->drift_warnings->len, 0);
    drift_watch_clear(&watch);
}

Test(drift_watch, the_coordinator_samples_itself_now_and_then)
{
    struct drift_watch watch;
    g_autoptr(test_result) test = test_of(0);
    struct leg_result *leg = leg_result_new();
    Vtmh__Sample own;
    leg->source = g_strdup("a");
    leg->destination = g_strdup("b");
    drift_watch_init(&watch, false);
    cr_expect(drift_watch_leg(&watch, test, leg, &own));
    cr_expect_str_eq(own.process, "coordinator");
    cr_expect_gt(own.rss_bytes, 0);
    cr_expect_not(drift_watch_leg(&watch, test, leg, &own));
    leg_result_free(leg);
    drift_watch_clear(&watch);
}
