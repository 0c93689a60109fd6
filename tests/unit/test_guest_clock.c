/* What a guest says of the time. */
#include "migration/guest/clock.h"

#include <criterion/criterion.h>

Test(guest_clock, is_read_with_its_fraction_however_the_guest_tells_it)
{
    cr_expect_float_eq(guest_clock_read("1796060604.250000000\n"), 1796060604.25, 1e-6);
    cr_expect_float_eq(guest_clock_read("1796060604 2026-11-30 17:43:24.750000000 +0000\n"),
                       1796060604.75, 1e-6);
}

Test(guest_clock, is_not_known_by_less_than_that)
{
    static const char *const answers[] = {
        "", "soon", "1796060604", "1796060604.%N", "-5.5", "1796060604 2026-11-30 17:43:24 +0000"};

    for (size_t i = 0; i < G_N_ELEMENTS(answers); i++)
        cr_expect_lt(guest_clock_read(answers[i]), 0, "%s", answers[i]);
}
