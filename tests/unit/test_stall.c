#include "migration/move/stall.h"

#include <criterion/criterion.h>

#define STALL_MS 10000
#define PATIENCE_MS 300000

static struct stall begun(void)
{
    struct stall stall;
    stall_init(&stall, STALL_MS, PATIENCE_MS, 0);
    return stall;
}

Test(stall, a_stream_whose_bytes_stand_still_is_stalled)
{
    struct stall stall = begun();
    cr_expect_eq(stall_answered(&stall, 100, "active", 5000), STALL_NONE);
    cr_expect_eq(stall_answered(&stall, 5000, "active", 5000), STALL_NONE);
    cr_expect_eq(stall_answered(&stall, 10099, "active", 5000), STALL_NONE);
    cr_expect_eq(stall_answered(&stall, 10100, "active", 5000), STALL_BYTES);
}

Test(stall, each_byte_winds_the_clock)
{
    struct stall stall = begun();
    for (int64_t now = 0; now < 100000; now += 5000)
        cr_expect_eq(stall_answered(&stall, now, "active", now), STALL_NONE);
}

Test(stall, the_clock_does_not_run_in_setup)
{
    struct stall stall = begun();
    for (int64_t now = 0; now < PATIENCE_MS; now += 1000)
        cr_expect_eq(stall_answered(&stall, now, "setup", 0), STALL_NONE);
    cr_expect_eq(stall_answered(&stall, PATIENCE_MS, "setup", 0), STALL_SETUP);
}

Test(stall, it_begins_anew_when_setup_is_over)
{
    struct stall stall = begun();
    stall_answered(&stall, 50000, "setup", 0);
    cr_expect_eq(stall_answered(&stall, 50250, "active", 0), STALL_NONE);
    cr_expect_eq(stall_answered(&stall, 60249, "active", 0), STALL_NONE);
    cr_expect_eq(stall_answered(&stall, 60250, "active", 0), STALL_BYTES);
}

Test(stall, no_answer_of_a_process_that_works_is_waited_for)
{
    struct stall stall = begun();
    for (int64_t now = 0; now + STALL_MS < PATIENCE_MS; now += STALL_MS) {
        stall_ask(&stall, now, now / 2);
        cr_expect_eq(stall_unanswered(&stall, now + STALL_MS, (now + STALL_MS) / 2), STALL_NONE);
    }
    stall_ask(&stall, PATIENCE_MS - STALL_MS, 0);
    cr_expect_eq(stall_unanswered(&stall, PATIENCE_MS, 5000), STALL_SLOW);
}

Test(stall, no_answer_of_a_process_that_stands_still_is_its_end)
{
    struct stall stall = begun();
    stall_ask(&stall, 0, 7000);
    cr_expect_eq(stall_unanswered(&stall, STALL_MS, 7000), STALL_HUNG);
    cr_expect_eq(stall_unanswered(&stall, STALL_MS, 7099), STALL_HUNG, "a stir is no work");
    cr_expect_eq(stall_unanswered(&stall, STALL_MS, 7100), STALL_NONE);
}

Test(stall, no_answer_of_a_process_that_cannot_be_seen_is_its_end)
{
    struct stall stall = begun();
    stall_ask(&stall, 0, -1);
    cr_expect_eq(stall_unanswered(&stall, STALL_MS, -1), STALL_HUNG);
}

Test(stall, silence_before_an_answer_is_not_held_against_the_stream)
{
    struct stall stall = begun();
    stall_answered(&stall, 100, "active", 5000);
    cr_expect_eq(stall_answered(&stall, 90000, "active", 5000), STALL_NONE);
    cr_expect_eq(stall_answered(&stall, 95000, "active", 5000), STALL_NONE);
    cr_expect_eq(stall_answered(&stall, 100000, "active", 5000), STALL_BYTES);
}
