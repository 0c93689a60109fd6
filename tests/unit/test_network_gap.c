/* Where a gap lay. */
#include "migration/move/network_gap.h"

#include <criterion/criterion.h>

TestSuite(network_gap, .timeout = 10);

Test(network_gap, lies_before_the_stop_round_the_switchover_or_behind_it)
{
    cr_expect_str_eq(network_gap_place(100, 200, 300, 400), "setup");
    cr_expect_str_eq(network_gap_place(100, 350, 300, 400), "switchover");
    cr_expect_str_eq(network_gap_place(310, 390, 300, 400), "switchover");
    cr_expect_str_eq(network_gap_place(350, 5000, 300, 400), "switchover");
    cr_expect_str_eq(network_gap_place(410, 500, 300, 400), "after");
}

Test(network_gap, is_not_placed_where_a_time_is_not_known)
{
    cr_expect_str_eq(network_gap_place(100, 200, 0, 400), "");
    cr_expect_str_eq(network_gap_place(100, 200, 300, 0), "");
    cr_expect_str_eq(network_gap_place(0, 0, 300, 400), "");
}
