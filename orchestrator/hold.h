/*
 * Points at which a test waits for its user (--hold), while its time stands still. Pure: whoever
 * calls says what time it is, in ms of a clock that is never set.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

struct hold {
    GHashTable *passed;     /* points at which the user has gone on, in this test */
    GPtrArray *at;          /* char *: points at which a host waits for him */
    int64_t since_ms;       /* while there are some */
    bool is_over;           /* he goes on everywhere in this test */
    int64_t stood_still_ms; /* for how long the time of tests did until then */
};

void hold_init(struct hold *hold);
void hold_clear(struct hold *hold);

/* Another test: nothing has been passed. Its time goes on from that of the one before. holds:
 * whether the user wants to be waited for at all. */
void hold_begin_test(struct hold *hold, bool holds);

/* Whether a host waits. */
bool hold_is_on(const struct hold *hold);

/* The time of tests: that of the clock, less what it has stood still. */
int64_t hold_time_ms(const struct hold *hold, int64_t now_ms);

/* A host has come to a point. Whether it is to wait there: not at one that has been passed. */
bool hold_take(struct hold *hold, const char *at, int64_t now_ms);

/* The user goes on; forever: at all points to come as well. *stood_ms: for how long the time stood
 * still. The points to go on from; NULL: there were none. Transfer full. */
GPtrArray *hold_go_on(struct hold *hold, bool forever, int64_t now_ms, int64_t *stood_ms);
