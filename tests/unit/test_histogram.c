#include "orchestrator/histogram.h"

#include <criterion/criterion.h>

/* The values 1 … n in an order that is none. n: no multiple of 7919. */
static struct histogram *of_first(unsigned n)
{
    struct histogram *histogram = histogram_new();
    for (unsigned i = 0; i < n; i++)
        histogram_add(histogram, 1 + (i * UINT64_C(7919)) % n);
    return histogram;
}

Test(histogram, has_no_values_at_first)
{
    g_autoptr(histogram) histogram = histogram_new();
    cr_expect_eq(histogram_count(histogram), 0);
    cr_expect_eq(histogram_count(NULL), 0);
}

Test(histogram, is_exact_while_values_are_few)
{
    g_autoptr(histogram) histogram = of_first(HISTOGRAM_EXACT);
    cr_expect_float_eq(histogram_percentile(histogram, 95), 950, 1e-9);
    cr_expect_float_eq(histogram_percentile(histogram, 100), 1000, 1e-9);
    cr_expect_float_eq(histogram_percentile(histogram, 1), 10, 1e-9);
    cr_expect_float_eq(histogram_median(histogram), 500.5, 1e-9);
}

Test(histogram, the_95th_percentile_of_twenty_is_the_nineteenth)
{
    g_autoptr(histogram) histogram = of_first(20);
    cr_expect_float_eq(histogram_percentile(histogram, 95), 19, 1e-9);
}

Test(histogram, is_within_a_percent_when_values_are_many)
{
    g_autoptr(histogram) histogram = of_first(1000003);
    for (unsigned percent = 1; percent <= 100; percent++) {
        double exact = percent * 10000.03;
        cr_expect_float_eq(histogram_percentile(histogram, percent), exact, exact / 100, "%u: %g",
                           percent, histogram_percentile(histogram, percent));
    }
    cr_expect_float_eq(histogram_min(histogram), 1, 1e-9);
    cr_expect_float_eq(histogram_max(histogram), 1000003, 1e-9);
    cr_expect_float_eq(histogram_mean(histogram), 500002, 1e-3);
}

Test(histogram, takes_what_is_as_good_as_nothing_and_what_is_out_of_all_proportion)
{
    g_autoptr(histogram) histogram = histogram_new();
    for (unsigned i = 0; i < 2000; i++)
        histogram_add(histogram, i % 2 == 0 ? 0 : 1e300);
    cr_expect_float_eq(histogram_percentile(histogram, 50), 0, 1e-9);
    cr_expect_gt(histogram_percentile(histogram, 51), 1e9);
}

Test(histogram, merging_is_as_adding_whatever_either_has_kept)
{
    static const unsigned sizes[] = {3, 2003};
    for (unsigned a = 0; a < 2; a++)
        for (unsigned b = 0; b < 2; b++) {
            g_autoptr(histogram) left = of_first(sizes[a]);
            g_autoptr(histogram) right = of_first(sizes[b]);
            histogram_merge(left, right);
            cr_expect_eq(histogram_count(left), sizes[a] + sizes[b]);
            cr_expect_float_eq(histogram_min(left), 1, 1e-9);
            cr_expect_float_eq(histogram_max(left), MAX(sizes[a], sizes[b]), 1e-9);
            cr_expect_float_eq(histogram_percentile(left, 100), MAX(sizes[a], sizes[b]), 30);
        }
}
