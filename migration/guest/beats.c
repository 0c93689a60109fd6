/* What a guest's heartbeats say: the first and the last here, and how long it was silent between.
 */
#include "migration/guest/kind.h"

#define LOGGED_BEAT_MS 1000 /* one heartbeat a second goes to the log: ten days fit on a disk */

bool guest_take_beat(struct guest *guest, const struct serial_line *line, int64_t now_us)
{
    const struct guest_beat before = guest->last;
    const struct guest_beat beat = {
        .counter = line->words[0],
        .guest_ms = line->words[1],
        .bad_pages = line->words[2],
        .at_us = now_us,
    };

    if (guest->first.at_us == 0)
        guest->first = beat;
    if (before.at_us > 0)
        guest->longest_gap_us = MAX(guest->longest_gap_us, beat.at_us - before.at_us);
    guest->last = beat;
    guest->last_beat_at_byte = guest->bytes_taken;
    event_set(&guest->beat);
    return before.at_us == 0 || beat.guest_ms / LOGGED_BEAT_MS != before.guest_ms / LOGGED_BEAT_MS;
}

struct guest_beat guest_last_beat(const struct guest *guest)
{
    return guest->last;
}

struct guest_beat guest_first_beat(const struct guest *guest)
{
    return guest->first;
}

unsigned guest_beat_period_ms(const struct guest *guest)
{
    return guest->kind->beat_period_ms;
}

void guest_watch_gaps(struct guest *guest)
{
    guest->longest_gap_us = 0;
}

double guest_longest_gap_ms(const struct guest *guest)
{
    if (guest->last.at_us == 0)
        return -1;
    return MAX((double)guest->longest_gap_us / 1000.0 - guest->kind->beat_period_ms, 0);
}
