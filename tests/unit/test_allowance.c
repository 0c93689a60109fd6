#include "orchestrator/allowance.h"

#include <criterion/criterion.h>

static unsigned take(struct allowance *allowance, unsigned tries, int64_t now_us)
{
    unsigned taken = 0;
    for (unsigned i = 0; i < tries; i++)
        taken += allowance_take(allowance, 100, now_us);
    return taken;
}

Test(allowance, gives_a_second_s_worth_at_once_and_no_more)
{
    struct allowance allowance = {0};
    cr_expect_eq(take(&allowance, 1000, 5000000), 100);
    cr_expect_eq(take(&allowance, 1000, 5000000), 0);
}

Test(allowance, comes_back_with_time)
{
    struct allowance allowance = {0};
    take(&allowance, 1000, 5000000);
    cr_expect_eq(take(&allowance, 1000, 5100000), 10);
    cr_expect_eq(take(&allowance, 1000, 50000000), 100);
}

Test(allowance, is_never_in_the_way_of_who_keeps_to_it)
{
    struct allowance allowance = {0};
    for (int64_t i = 0; i < 10000; i++)
        cr_assert(allowance_take(&allowance, 100, i * 10000));
}
