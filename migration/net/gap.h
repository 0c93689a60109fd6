/* The longest time in which something was not heard that should be heard all the time. Pure. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct gap {
    int64_t us;             /* how long; 0: none */
    int64_t from_us, to_us; /* from the last that was heard to the next */
};

struct gap_watch {
    int64_t last_us;    /* when it was last heard; 0: never */
    int64_t stalled_us; /* what stalled_us was then */
    uint64_t heard;
    struct gap longest;
};

/*
 * It was heard. stalled_us: for how long in all nobody was there to ask or to listen (a busy
 * computer): that is no silence of the other, and is not counted.
 */
void gap_heard(struct gap_watch *watch, int64_t at_us, int64_t stalled_us);

/* Nothing more will come: what has been silent until now counts. */
void gap_close(struct gap_watch *watch, int64_t now_us, int64_t stalled_us);

/* Begins anew, with what is heard from now on; the last that was heard before counts as before. */
void gap_restart(struct gap_watch *watch);
