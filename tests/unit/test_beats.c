/* How long a guest was silent, by its heartbeats. */
#include "migration/guest/kind.h"

#include <criterion/criterion.h>

static void beat(struct guest *guest, int64_t at_ms)
{
    const struct serial_line line = {.kind = SERIAL_BEAT, .words = {1, (uint32_t)at_ms, 0}};
    guest_take_beat(guest, &line, at_ms * 1000);
}

Test(beats, the_longest_gap_is_less_one_period)
{
    struct guest guest = {.kind = &guest_tick};
    unsigned period = guest_beat_period_ms(&guest);
    cr_expect_lt(guest_longest_gap_ms(&guest), 0, "nothing is known before the first");
    beat(&guest, 1000);
    cr_expect_float_eq(guest_longest_gap_ms(&guest), 0, 1e-9);
    beat(&guest, 1000 + period);
    cr_expect_float_eq(guest_longest_gap_ms(&guest), 0, 1e-9);
    beat(&guest, 1500 + 2 * period);
    beat(&guest, 1500 + 3 * period);
    cr_expect_float_eq(guest_longest_gap_ms(&guest), 500, 1e-9);
}

Test(beats, a_silence_counts_from_where_it_began_and_an_earlier_one_does_not)
{
    struct guest guest = {.kind = &guest_tick};
    unsigned period = guest_beat_period_ms(&guest);
    beat(&guest, 1000);
    beat(&guest, 9000);
    guest_watch_gaps(&guest);
    cr_expect_float_eq(guest_longest_gap_ms(&guest), 0, 1e-9);
    beat(&guest, 9300 + period);
    cr_expect_float_eq(guest_longest_gap_ms(&guest), 300, 1e-9);
}

Test(beats, one_a_second_of_the_guests_own_time_is_logged)
{
    struct guest guest = {.kind = &guest_tick};
    struct serial_line line = {.kind = SERIAL_BEAT, .words = {1, 100, 0}};
    cr_expect(guest_take_beat(&guest, &line, 1));
    line.words[1] = 999;
    cr_expect_not(guest_take_beat(&guest, &line, 2));
    line.words[1] = 1000;
    cr_expect(guest_take_beat(&guest, &line, 3));
}
