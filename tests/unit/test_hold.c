/* Where a test waits for its user, and its time. */
#include "orchestrator/hold.h"

#include <criterion/criterion.h>

TestSuite(hold, .timeout = 10);

Test(hold, lets_time_stand_still_from_the_first_host_that_waits)
{
    struct hold hold;
    int64_t stood_ms = 0;
    hold_init(&hold);
    cr_expect_eq(hold_time_ms(&hold, 1000), 1000);
    cr_expect(hold_take(&hold, "before-leg 1", 1000));
    cr_expect(hold_take(&hold, "before-leg 1", 1200));
    cr_expect(hold_is_on(&hold));
    cr_expect_eq(hold_time_ms(&hold, 5000), 1000);
    g_autoptr(GPtrArray) points = hold_go_on(&hold, false, 6000, &stood_ms);
    cr_assert_not_null(points);
    cr_expect_eq(points->len, 1);
    cr_expect_eq(stood_ms, 5000);
    cr_expect_not(hold_is_on(&hold));
    cr_expect_eq(hold_time_ms(&hold, 6100), 1100);
    hold_clear(&hold);
}

Test(hold, does_not_wait_where_the_user_has_gone_on)
{
    struct hold hold;
    int64_t stood_ms = 0;
    hold_init(&hold);
    cr_expect(hold_take(&hold, "after-leg 1", 0));
    g_autoptr(GPtrArray) points = hold_go_on(&hold, false, 10, &stood_ms);
    cr_expect_not(hold_take(&hold, "after-leg 1", 20));
    cr_expect(hold_take(&hold, "after-leg 2", 20));
    g_autoptr(GPtrArray) more = hold_go_on(&hold, true, 30, &stood_ms);
    cr_expect_not(hold_take(&hold, "after-leg 3", 40));
    cr_expect_null(hold_go_on(&hold, true, 50, &stood_ms));
    hold_clear(&hold);
}

Test(hold, begins_anew_with_another_test_but_for_the_time)
{
    struct hold hold;
    int64_t stood_ms = 0;
    hold_init(&hold);
    cr_expect(hold_take(&hold, "before-login", 0));
    g_autoptr(GPtrArray) points = hold_go_on(&hold, true, 500, &stood_ms);
    hold_begin_test(&hold, true);
    cr_expect_eq(hold_time_ms(&hold, 1000), 500);
    cr_expect(hold_take(&hold, "before-login", 1000));
    hold_begin_test(&hold, false);
    cr_expect_not(hold_take(&hold, "before-login", 1000), "nobody is there to go on");
    hold_clear(&hold);
}
