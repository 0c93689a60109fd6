#include "sync/usage.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

Test(usage, peak_is_the_high_water_mark_in_bytes)
{
    cr_expect_eq(usage_parse_peak("Name:\tqemu\nVmPeak:\t 9 kB\nVmHWM:\t   4028 kB\nVmRSS: 1 kB\n"),
                 (int64_t)4028 * 1024);
    cr_expect_eq(usage_parse_peak("Name:\tVmHWM: 3 kB\n"), -1);
    cr_expect_eq(usage_parse_peak(""), -1);
}

Test(usage, of_what_is_no_process_is_not_known)
{
    struct usage none = usage_of(0);
    cr_expect_lt(none.cpu_ms, 0);
    cr_expect_lt(none.peak_rss_bytes, 0);
}

Test(usage, of_this_process_grows_while_it_works)
{
    struct usage before = usage_of(getpid()), now;
    volatile unsigned work = 0;
    cr_assert_geq(before.cpu_ms, 0);
    cr_assert_gt(before.peak_rss_bytes, 4096);
    do {
        for (unsigned i = 0; i < 100000; i++)
            work += i;
        now = usage_of(getpid());
    } while (now.cpu_ms <= before.cpu_ms);
    struct usage since = usage_since(&before, &now);
    cr_expect_gt(since.cpu_ms, 0);
    cr_expect_leq(since.cpu_ms, now.cpu_ms);
    cr_expect_eq(since.peak_rss_bytes, now.peak_rss_bytes);
}

Test(usage, since_a_moment_that_is_not_known_is_not_known)
{
    struct usage unknown = USAGE_UNKNOWN, now = {.cpu_ms = 7, .peak_rss_bytes = 4096};
    cr_expect_lt(usage_since(&unknown, &now).cpu_ms, 0);
    cr_expect_lt(usage_since(&now, &unknown).cpu_ms, 0);
    cr_expect_lt(usage_since(&now, &unknown).peak_rss_bytes, 0);
}

Test(usage, a_footprint_is_what_the_process_has_now)
{
    struct footprint before = footprint_of(getpid()), now;
    cr_assert_gt(before.rss_bytes, 100 << 10);
    cr_assert_geq(before.descriptors, 3);
    int ends[2];
    cr_assert_eq(pipe(ends), 0);
    char *memory = malloc(8 << 20);
    memset(memory, 1, 8 << 20);
    now = footprint_of(getpid());
    cr_expect_eq(now.descriptors, before.descriptors + 2);
    cr_expect_gt(now.rss_bytes, before.rss_bytes + (7 << 20));
    close(ends[0]);
    close(ends[1]);
    free(memory);
    cr_expect_eq(footprint_of(getpid()).descriptors, before.descriptors);
}

Test(usage, a_footprint_of_no_process_is_not_known)
{
    const struct footprint none = footprint_of(0), gone = footprint_of(4194305);
    cr_expect_eq(none.rss_bytes, -1);
    cr_expect_eq(gone.rss_bytes, -1);
    cr_expect_eq(gone.descriptors, -1);
    cr_expect_lt(gone.cpu_ms, 0);
}
