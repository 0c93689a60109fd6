/* How long a test will still take, from the legs so far. Pure. */
#pragma once

#include <stdint.h>

struct time_left {
    unsigned first; /* the leg that was seen first; 0: none yet */
    int64_t first_us;
    unsigned now; /* the leg that was seen last */
    int64_t now_us;
};

/* A leg is under way, from 1; time_us is monotonic. Going back to an earlier one begins anew. */
void time_left_at(struct time_left *left, unsigned leg, int64_t time_us);

/* Seconds from time_us until so many legs are done; -1: too few have been seen to tell. */
double time_left_s(const struct time_left *left, unsigned legs, int64_t time_us);
