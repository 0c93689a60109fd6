#include "sync/pressure.h"

#include <criterion/criterion.h>
#include <glib.h>

static bool is_share(double value)
{
    return value == -1 || (value >= 0 && value <= 1);
}

Test(pressure, is_the_total_of_the_line_some)
{
    cr_expect_eq(pressure_parse_waited("some avg10=28.25 avg60=80.43 avg300=77.48 total=585856595\n"
                                       "full avg10=0.00 avg60=0.00 avg300=0.00 total=7\n"),
                 585856595);
    cr_expect_eq(pressure_parse_waited("full avg10=0.00 total=7\n"), -1);
    cr_expect_eq(pressure_parse_waited("some avg10=0.00\nfull total=7\n"), -1);
    cr_expect_eq(pressure_parse_waited(""), -1);
}

Test(pressure, the_first_reading_knows_no_shares)
{
    struct pressure_meter meter = {0};
    struct pressure first = pressure_read(&meter);
    cr_expect_eq(first.cpu, -1);
    cr_expect_eq(first.steal, -1);
    cr_expect_geq(first.load, 0);
    cr_expect_gt(meter.at_us, 0);
}

Test(pressure, what_there_was_since_is_a_share_of_the_time)
{
    struct pressure_meter meter = {0};
    volatile unsigned work = 0;
    pressure_read(&meter);
    for (unsigned i = 0; i < 30000000; i++)
        work += i;
    struct pressure since = pressure_read(&meter);
    cr_expect(is_share(since.cpu) && is_share(since.memory) && is_share(since.io));
    cr_expect(is_share(since.steal), "%g", since.steal);
}
