/* The display on any two streams and any clock: for display.c and its test. */
#pragma once

#include "orchestrator/report/display.h"

#include <stdio.h>

struct display_target {
    FILE *live;       /* stays the caller's */
    FILE *out;        /* likewise */
    bool is_terminal; /* live */
    bool live_colours, out_colours;
    bool is_utf8;              /* what both take; else ASCII */
    unsigned columns, rows;    /* of live */
    int64_t (*clock_us)(void); /* monotonic */
};

struct display *display_new_on(enum display_level level, const struct display_target *target);
