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

/* Numbers and times in turn, ended by 0. */
static double gap_of(uint64_t last, int64_t resumed_us, bool *is_first, const int64_t *pairs)
{
    g_autoptr(GArray) probes = g_array_new(FALSE, FALSE, sizeof(struct vm_probe));

    for (; *pairs != 0; pairs += 2) {
        const struct vm_probe probe = {(uint64_t)pairs[0], pairs[1]};
        g_array_append_val(probes, probe);
    }
    return network_gap_of_probes(last, probes, resumed_us, is_first);
}

#define PAIRS(...) ((const int64_t[]){__VA_ARGS__, 0})

Test(network_gap, of_a_silent_guest_is_counted_in_frames_that_came_to_neither_tap)
{
    bool is_first = false;

    cr_expect_float_eq(gap_of(10, 500, &is_first, PAIRS(31, 600, 32, 700)), 210, 1e-9);
    cr_expect(is_first);
    cr_expect_float_eq(gap_of(10, 500, &is_first, PAIRS(11, 510, 50, 900, 51, 910)), 390, 1e-9);
    cr_expect_not(is_first);
}

Test(network_gap, frames_that_come_before_the_guest_runs_do_not_count)
{
    bool is_first = false;

    cr_expect_float_eq(gap_of(10, 500, &is_first, PAIRS(11, 400, 12, 499, 40, 600)), 300, 1e-9);
    cr_expect_lt(gap_of(10, 500, &is_first, PAIRS(11, 400)), 0);
}

Test(network_gap, a_frame_that_both_taps_have_seen_is_no_gap)
{
    bool is_first = false;

    cr_expect_float_eq(gap_of(10, 500, &is_first, PAIRS(9, 510, 10, 520, 11, 530)), 10, 1e-9);
}
