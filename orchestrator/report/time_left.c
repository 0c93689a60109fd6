#include "orchestrator/report/time_left.h"

#include <glib.h>

#define LEGS_TO_TELL 3 /* the first take longer than the others */

void time_left_at(struct time_left *left, unsigned leg, int64_t time_us)
{
    if (left->first == 0 || leg < left->now) {
        left->first = leg;
        left->first_us = time_us;
    }
    if (left->now != leg || left->first == leg)
        left->now_us = time_us;
    left->now = leg;
}

double time_left_s(const struct time_left *left, unsigned legs, int64_t time_us)
{
    unsigned done = left->now - left->first;
    if (left->first == 0 || done < LEGS_TO_TELL || legs < left->now)
        return -1;
    double leg_us = (double)(left->now_us - left->first_us) / done;
    double end_us = (double)left->now_us + leg_us * (legs - left->now + 1);
    return MAX(end_us - (double)time_us, 0) / 1e6;
}
