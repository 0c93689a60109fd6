/* The longest silence. */
#include "migration/net/gap.h"

#include <criterion/criterion.h>

TestSuite(gap, .timeout = 10);

Test(gap, is_the_longest_time_between_two_that_were_heard)
{
    struct gap_watch watch = {0};

    gap_heard(&watch, 1000, 0);
    cr_expect_eq(watch.longest.us, 0, "one alone is no gap");
    gap_heard(&watch, 1010, 0);
    gap_heard(&watch, 1200, 0);
    gap_heard(&watch, 1250, 0);
    cr_expect_eq(watch.longest.us, 190);
    cr_expect_eq(watch.longest.from_us, 1010);
    cr_expect_eq(watch.longest.to_us, 1200);
    cr_expect_eq(watch.heard, 4);
}

Test(gap, what_nobody_asked_for_is_no_silence)
{
    struct gap_watch watch = {0};

    gap_heard(&watch, 1000, 50);
    gap_heard(&watch, 1500, 450);
    cr_expect_eq(watch.longest.us, 100);
}

Test(gap, a_silence_that_does_not_end_counts_to_the_end)
{
    struct gap_watch watch = {0};

    gap_heard(&watch, 1000, 0);
    gap_heard(&watch, 1010, 0);
    gap_close(&watch, 5000, 0);
    cr_expect_eq(watch.longest.us, 3990);
    cr_expect_eq(watch.longest.to_us, 5000);
}

Test(gap, one_that_begins_before_the_restart_counts_behind_it)
{
    struct gap_watch watch = {0};

    gap_heard(&watch, 1000, 0);
    gap_heard(&watch, 1500, 0);
    gap_restart(&watch);
    cr_expect_eq(watch.longest.us, 0);
    gap_heard(&watch, 1700, 0);
    cr_expect_eq(watch.longest.us, 200);
}

Test(gap, nothing_that_was_never_heard_is_silent)
{
    struct gap_watch watch = {0};

    gap_close(&watch, 5000, 0);
    cr_expect_eq(watch.longest.us, 0);
}
