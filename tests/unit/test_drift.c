#include "orchestrator/drift/drift_report.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A soak of two hosts, turned by hand. */
struct soak {
    double leak_bytes;       /* of host1's node, a leg */
    double own_leak_bytes;   /* of the coordinator, a leg */
    double qemu_leak_bytes;  /* of each hypervisor, a leg */
    double descriptor_every; /* legs after which the coordinator keeps one more; 0: never */
    double slower_per_hour;  /* share by which legs become longer */
    double busier_per_hour;  /* how much of the machine others take more */
    double leg_s;
    bool two_tests; /* by turns, of which one has long legs and large VMs */
};

static double drift_filling_s; /* how long the coordinator keeps each leg */

static double noise(GRand *rand, double deviation)
{
    double sum = -6;
    for (unsigned i = 0; i < 12; i++)
        sum += g_rand_double(rand);
    return sum * deviation;
}

static void tell_sample(struct drift *drift, const char *test, const char *host,
                        const char *process, double rss, int64_t descriptors, double busy,
                        double at_s)
{
    Vtmh__Sample sample = VTMH__SAMPLE__INIT;
    sample.process = (char *)process;
    sample.rss_bytes = (int64_t)rss;
    sample.descriptors = descriptors;
    sample.cpu_ms = at_s * 5;
    sample.cpu_pressure = CLAMP(busy, 0, 1);
    sample.memory_pressure = sample.io_pressure = 0;
    sample.load = busy * 4;
    sample.files = 5;
    sample.file_bytes = 4096;
    if (host != NULL)
        drift_sample(drift, test, host, &sample, at_s);
    else
        drift_own_sample(drift, &sample, at_s < drift_filling_s, at_s);
}

static void tell_leg(struct drift *drift, const char *test, unsigned n, double ms, double at_s)
{
    const char *hosts[] = {"host1", "host2"};
    struct leg_result leg = {
        .vm = (char *)"vm1",
        .source = (char *)hosts[n % 2],
        .destination = (char *)hosts[(n + 1) % 2],
        .status = (char *)"completed",
        .cycle_ms = ms,
        .total_ms = ms / 2,
        .downtime_ms = ms / 30,
        .transferred_bytes = 8 << 20,
    };
    drift_leg(drift, test, &leg, at_s);
}

static struct drift *hold(const struct soak *soak, unsigned legs, unsigned seed)
{
    struct drift *drift = drift_new();
    GRand *rand = g_rand_new_with_seed(seed);
    drift_limit(drift, DRIFT_RSS, 256);
    drift_limit(drift, DRIFT_DESCRIPTORS, 1);
    drift_limit(drift, DRIFT_FILES, 256);
    drift_limit(drift, DRIFT_LEG_TIME, 1);
    drift_limit(drift, DRIFT_DOWNTIME, 5);
    drift_limit(drift, DRIFT_RATE, 1);
    drift_legs_needed(drift, 500);
    for (unsigned n = 0; n < legs; n++) {
        double at_s = n * soak->leg_s, hours = at_s / 3600;
        bool is_large = soak->two_tests && n / 20 % 2;
        const char *test = is_large ? "large" : "small";
        double busy = CLAMP(0.1 + soak->busier_per_hour * hours + noise(rand, 0.05), 0, 2);
        double ms = (is_large ? 2000 : 400) * (1 + soak->slower_per_hour * hours) *
                    (busy < 0.5 ? 1 : 1 + 2 * busy) * (1 + noise(rand, 0.05));
        const char *here = n % 2 ? "host1" : "host2";
        tell_leg(drift, test, n, ms, at_s);
        tell_sample(drift, test, "host1", "node", 6e6 + soak->leak_bytes * n + noise(rand, 3e4), 25,
                    busy, at_s);
        tell_sample(drift, test, "host2", "node", 6e6 + noise(rand, 3e4), 25, busy, at_s);
        tell_sample(drift, test, here, "qemu vm1",
                    (is_large ? 2e8 : 6e7) + soak->qemu_leak_bytes * n + noise(rand, 2e5), 20, busy,
                    at_s);
        tell_sample(drift, test, NULL, "coordinator",
                    7e6 + soak->own_leak_bytes * n + noise(rand, 3e4),
                    21 + (soak->descriptor_every > 0 ? (int64_t)(n / soak->descriptor_every) : 0),
                    busy, at_s);
    }
    g_rand_free(rand);
    return drift;
}

/* The warnings, joined; "" if there are none. */
static char *warnings_of(const struct soak *soak, unsigned legs, unsigned seed)
{
    struct drift *drift = hold(soak, legs, seed);
    g_autoptr(GPtrArray) warnings = drift_take_warnings(drift);
    g_ptr_array_add(warnings, NULL);
    char *joined = g_strjoinv("\n", (char **)warnings->pdata);
    drift_free(drift);
    return joined;
}

static void expect_one(const struct soak *soak, unsigned legs, const char *what)
{
    g_autofree char *warnings = warnings_of(soak, legs, 7);
    cr_expect(g_str_has_prefix(warnings, what), "%s", warnings);
    cr_expect_null(strchr(warnings, '\n'), "%s", warnings);
}

Test(drift, a_thousand_legs_without_a_leak_are_not_accused)
{
    const struct soak soak = {.leg_s = 0.5};
    for (unsigned seed = 1; seed <= 30; seed++) {
        g_autofree char *warnings = warnings_of(&soak, 1000, seed);
        cr_expect_str_empty(warnings);
    }
}

Test(drift, a_long_soak_without_any_is_not_accused)
{
    const struct soak soak = {.leg_s = 2, .two_tests = true};
    for (unsigned seed = 1; seed <= 10; seed++) {
        g_autofree char *warnings = warnings_of(&soak, 10000, seed);
        cr_expect_str_empty(warnings);
    }
}

Test(drift, a_leak_of_one_kib_a_leg_is_told_with_the_process)
{
    expect_one(&(struct soak){.leg_s = 0.5, .leak_bytes = 1024}, 1000,
               "drift: host1 node: RSS grows by ");
}

Test(drift, a_coordinator_that_fills_up_to_what_it_keeps_is_not_accused)
{
    struct soak soak = {.leg_s = 0.5, .own_leak_bytes = 4096};
    g_autofree char *while_it_leaks = warnings_of(&soak, 1000, 7);
    drift_filling_s = 500;
    g_autofree char *while_it_fills = warnings_of(&soak, 1000, 7);
    drift_filling_s = 0;
    cr_expect(g_str_has_prefix(while_it_leaks, "drift: coordinator: RSS grows by "), "%s",
              while_it_leaks);
    cr_expect_str_empty(while_it_fills);
}

Test(drift, a_descriptor_kept_each_hundred_legs_is_told)
{
    expect_one(&(struct soak){.leg_s = 0.5, .descriptor_every = 100}, 1000,
               "drift: coordinator: descriptors grows by ");
}

Test(drift, hypervisors_that_grow_leg_by_leg_are_told_also_of_tests_by_turns)
{
    const struct soak soak = {.leg_s = 0.5, .qemu_leak_bytes = 2048, .two_tests = true};
    g_autofree char *warnings = warnings_of(&soak, 3000, 7);
    cr_expect_not_null(strstr(warnings, "drift: host1 qemu vm1: RSS grows by "), "%s", warnings);
    cr_expect_not_null(strstr(warnings, "drift: host2 qemu vm1: RSS grows by "), "%s", warnings);
}

Test(drift, legs_that_become_longer_are_told_after_an_hour_and_not_before)
{
    const struct soak soak = {.leg_s = 2, .slower_per_hour = 0.1};
    g_autofree char *early = warnings_of(&soak, 1700, 7);
    g_autofree char *late = warnings_of(&soak, 6000, 7);
    cr_expect_str_empty(early);
    cr_expect_not_null(strstr(late, "drift: the legs' leg time grows by "), "%s", late);
    cr_expect_not_null(strstr(late, "drift: the legs' rate falls by "), "%s", late);
}

static enum drift_verdict verdict_of(const struct drift *drift, enum drift_figure figure)
{
    g_autoptr(GArray) rows = drift_rows(drift);
    for (unsigned i = 0; i < rows->len; i++) {
        const struct drift_row *row = &g_array_index(rows, struct drift_row, i);
        if (row->figure == figure)
            return row->verdict;
    }
    return DRIFT_TOO_FEW;
}

Test(drift, a_machine_that_becomes_busier_is_told_as_that)
{
    const struct soak soak = {.leg_s = 2, .busier_per_hour = 0.2};
    struct drift *drift = hold(&soak, 6000, 7);
    g_autoptr(GPtrArray) warnings = drift_take_warnings(drift);
    cr_expect_eq(verdict_of(drift, DRIFT_LEG_TIME), DRIFT_BUSIER);
    cr_expect_eq(warnings->len, 0);
    drift_free(drift);
}

Test(drift, too_few_legs_are_not_judged)
{
    const struct soak soak = {.leg_s = 0.5, .leak_bytes = 1e5};
    g_autofree char *warnings = warnings_of(&soak, 499, 7);
    cr_expect_str_empty(warnings);
}

Test(drift, a_warning_is_given_once)
{
    const struct soak soak = {.leg_s = 0.5, .leak_bytes = 2048};
    struct drift *drift = hold(&soak, 1000, 7);
    g_autoptr(GPtrArray) first = drift_take_warnings(drift);
    g_autoptr(GPtrArray) second = drift_take_warnings(drift);
    cr_expect_eq(first->len, 1);
    cr_expect_eq(second->len, 0);
    drift_free(drift);
}

Test(drift, is_told_hour_by_hour_and_what_drifts_first)
{
    const struct soak soak = {.leg_s = 2, .leak_bytes = 1024};
    struct drift *drift = hold(&soak, 9000, 7);
    g_autofree char *text = drift_text(drift);
    json_t *json = drift_json(drift);
    cr_expect(g_str_has_prefix(text, "drift: 9000 legs in 4 h 59 min"), "%s", text);
    cr_expect_not_null(strstr(text, "\n    4:00     1800"), "%s", text);
    cr_expect_not_null(strstr(text, "\n    0:15      150"), "%s", text);
    cr_expect_not_null(strstr(text, "errors on\n  host1 node: RSS "), "%s", text);
    cr_expect_not_null(strstr(text, "DRIFTS"));
    cr_expect_eq(json_array_size(json_object_get(json, "hours")), 12 + 4);
    const json_t *first = json_array_get(json_object_get(json, "slopes"), 0);
    cr_expect_str_eq(json_string_value(json_object_get(first, "process")), "host1 node");
    cr_expect_str_eq(json_string_value(json_object_get(first, "verdict")), "drift");
    cr_expect_float_eq(json_number_value(json_object_get(first, "slope")), 1024, 20);
    cr_expect_float_eq(
        json_number_value(json_object_get(json_object_get(json, "cpu_ms_per_leg"), "coordinator")),
        10, 0.1);
    json_decref(json);
    drift_free(drift);
}

Test(drift, a_soak_of_nothing_has_a_report)
{
    struct drift *drift = drift_new();
    g_autofree char *text = drift_text(drift);
    json_t *json = drift_json(drift);
    cr_expect(g_str_has_prefix(text, "drift: 0 legs"));
    cr_expect_not_null(json);
    json_decref(json);
    drift_free(drift);
}

Test(drift, an_hour_keeps_its_medians)
{
    struct hours hours;
    hours_init(&hours);
    for (unsigned i = 0; i < 3; i++) {
        struct hour *hour = hours_at(&hours, 3600 * (1 + i));
        cr_expect_lt(hour_median(&hours, hour, HOUR_LEG_MS), 0);
        for (unsigned n = 1; n <= 101; n++)
            hours_add(&hours, HOUR_LEG_MS, 1000 * i + n);
    }
    for (unsigned i = 0; i < 3; i++)
        cr_expect_float_eq(hour_median(&hours, g_ptr_array_index(hours.rows, i), HOUR_LEG_MS),
                           1000 * i + 51, 1);
    hours_clear(&hours);
}
