#include "orchestrator/drift/trend.h"

#include <criterion/criterion.h>
#include <glib.h>
#include <math.h>

/* About normal, by twelve uniform numbers. */
static double noise(GRand *rand, double deviation)
{
    double sum = -6;
    for (unsigned i = 0; i < 12; i++)
        sum += g_rand_double(rand);
    return sum * deviation;
}

/* A process in bytes: what a leg leaves, what it needs for a while, and how its memory comes. */
struct process {
    double leak, scatter; /* a leg */
    double step;          /* its heap grows by so much at a time; 0: as it is needed */
    double walk;          /* of a leg: what comes and goes, and stays for a while */
};

static double rss_of(const struct process *process, GRand *rand, unsigned leg, double *walk)
{
    double used = process->leak * leg;
    if (process->step > 0)
        used = ceil(used / process->step) * process->step;
    *walk = 0.98 * *walk + noise(rand, process->walk);
    return 6e6 + 1e6 * (1 - exp(-(double)leg / 60)) + used + *walk + noise(rand, process->scatter);
}

static bool grows(const struct process *process, unsigned seed, unsigned legs)
{
    struct trend *trend = trend_new(1);
    GRand *rand = g_rand_new_with_seed(seed);
    struct trend_slope slope;
    double walk = 0;
    for (unsigned leg = 0; leg < legs; leg++)
        trend_add(trend, 0, leg, rss_of(process, rand, leg, &walk));
    bool is_grave = trend_slope(trend, &slope) && trend_is_grave(&slope, 1, 256);
    g_rand_free(rand);
    trend_free(trend);
    return is_grave;
}

static unsigned accused(const struct process *process, unsigned legs)
{
    unsigned n = 0;
    for (unsigned seed = 1; seed <= 100; seed++)
        n += grows(process, seed, legs);
    return n;
}

Test(trend, a_line_has_its_slope_and_no_error)
{
    struct trend *trend = trend_new(1);
    struct trend_slope slope;
    for (unsigned i = 0; i < 300; i++)
        trend_add(trend, 0, i, 7 + 3.0 * i);
    cr_assert(trend_slope(trend, &slope));
    cr_expect_float_eq(slope.slope, 3, 1e-9);
    cr_expect_float_eq(slope.late, 3, 1e-9);
    cr_expect_lt(slope.error, 1e-6);
    cr_expect_gt(slope.from, 95);
    trend_free(trend);
}

Test(trend, needs_some_pairs_and_more_than_one_x)
{
    struct trend *few = trend_new(1), *one = trend_new(1);
    struct trend_slope slope;
    cr_expect_not(trend_slope(few, &slope));
    for (unsigned i = 0; i < 16; i++)
        trend_add(few, 0, i, i);
    cr_expect_not(trend_slope(few, &slope));
    for (unsigned i = 0; i < 1000; i++)
        trend_add(one, 0, 5, i);
    cr_expect_not(trend_slope(one, &slope));
    trend_free(few);
    trend_free(one);
}

Test(trend, what_is_not_a_number_is_left_out)
{
    struct trend *trend = trend_new(1);
    struct trend_slope slope;
    for (unsigned i = 0; i < 300; i++)
        trend_add(trend, 0, i, i % 3 == 0 ? NAN : (double)i);
    cr_assert(trend_slope(trend, &slope));
    cr_expect_float_eq(slope.slope, 1, 1e-9);
    trend_free(trend);
}

Test(trend, a_leak_of_one_kib_a_leg_is_found_in_a_thousand_legs)
{
    const struct process plain = {1024, 50e3, 0, 0}, heap = {1024, 20e3, 135168, 0},
                         walking = {1024, 20e3, 0, 4e3};
    cr_expect_eq(accused(&plain, 1000), 100);
    cr_expect_geq(accused(&heap, 1000), 95, "%u", accused(&heap, 1000));
    cr_expect_geq(accused(&walking, 3000), 95, "%u", accused(&walking, 3000));
}

Test(trend, a_thousand_legs_without_a_leak_are_not_accused)
{
    const struct process quiet = {0, 50e3, 0, 0}, loud = {0, 1e6, 0, 0},
                         walking = {0, 20e3, 0, 20e3};
    cr_expect_eq(accused(&quiet, 1000), 0);
    cr_expect_leq(accused(&loud, 1000), 1, "%u", accused(&loud, 1000));
    cr_expect_leq(accused(&walking, 1000), 1, "%u", accused(&walking, 1000));
    cr_expect_leq(accused(&walking, 10000), 1, "%u", accused(&walking, 10000));
}

Test(trend, one_step_and_a_cache_that_fills_are_no_leak)
{
    for (unsigned at = 50; at < 1000; at += 10) {
        struct trend *step = trend_new(1), *cache = trend_new(1);
        struct trend_slope slope;
        for (unsigned leg = 0; leg < 1000; leg++) {
            trend_add(step, 0, leg, leg < at ? 6e6 : 7e6);
            trend_add(cache, 0, leg, 6e6 + 4e6 * (1 - exp(-(double)leg * 8 / at)));
        }
        cr_assert(trend_slope(step, &slope));
        cr_expect_not(trend_is_grave(&slope, 1, 256), "step at %u: %g +- %g, late %g", at,
                      slope.slope, slope.error, slope.late);
        cr_assert(trend_slope(cache, &slope));
        cr_expect_not(trend_is_grave(&slope, 1, 256), "cache %u: %g +- %g, late %g", at,
                      slope.slope, slope.error, slope.late);
        trend_free(step);
        trend_free(cache);
    }
}

/* A machine that becomes busy makes legs longer; in a group of their own they are no trend. */
Test(trend, compares_only_what_is_of_one_group)
{
    struct trend *apart = trend_new(2), *mixed = trend_new(1);
    GRand *rand = g_rand_new_with_seed(7);
    struct trend_slope slope;
    for (unsigned leg = 0; leg < 3000; leg++) {
        bool is_busy = g_rand_int_range(rand, 0, 3000) < (int)leg;
        double ms = (is_busy ? 900 : 300) + noise(rand, 20);
        trend_add(apart, is_busy, leg, ms);
        trend_add(mixed, 0, leg, ms);
    }
    cr_assert(trend_slope(mixed, &slope));
    cr_expect(trend_is_grave(&slope, 1, 0.01));
    cr_assert(trend_slope(apart, &slope));
    cr_expect_not(trend_is_grave(&slope, 1, 0.001), "%g +- %g", slope.slope, slope.error);
    g_rand_free(rand);
    trend_free(apart);
    trend_free(mixed);
}

Test(trend, finds_in_groups_what_they_have_in_common)
{
    struct trend *trend = trend_new(2);
    GRand *rand = g_rand_new_with_seed(7);
    struct trend_slope slope;
    for (unsigned leg = 0; leg < 3000; leg++) {
        bool is_busy = leg / 100 % 2;
        trend_add(trend, is_busy, leg, (is_busy ? 900 : 300) + 0.05 * leg + noise(rand, 20));
    }
    cr_assert(trend_slope(trend, &slope));
    cr_expect(trend_is_grave(&slope, 1, 0.01));
    cr_expect_float_eq(slope.slope, 0.05, 4 * slope.error);
    g_rand_free(rand);
    trend_free(trend);
}

Test(trend, a_million_pairs_cost_no_more_than_ten)
{
    struct trend *trend = trend_new(1);
    GRand *rand = g_rand_new_with_seed(7);
    struct trend_slope slope;
    for (unsigned leg = 0; leg < 1000000; leg++)
        trend_add(trend, 0, leg, leg + noise(rand, 1e5));
    cr_assert(trend_slope(trend, &slope));
    cr_expect_float_eq(slope.slope, 1, 4 * slope.error);
    cr_expect_lt(slope.error, 0.01);
    g_rand_free(rand);
    trend_free(trend);
}
