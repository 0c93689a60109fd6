/* How often something may be done: so many times a second, and as many at once after a pause. Pure:
 * the time is passed in. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Zeroed: nothing was done yet. */
struct allowance {
    double used;   /* how many are still counted */
    int64_t at_us; /* when the last was asked for */
};

/* Whether it may be done now, which is then counted. now_us never falls. */
bool allowance_take(struct allowance *allowance, unsigned per_s, int64_t now_us);
