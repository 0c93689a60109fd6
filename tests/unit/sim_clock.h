/*
 * A clock that is turned by hand: while it runs, time passes for the whole program (libuv, GLib,
 * libc's callers) by sim_clock_advance() only, so that what takes minutes is over at once, and
 * takes the same time in each run.
 */
#pragma once

#include <stdint.h>

/* From now on time stands still. */
void sim_clock_start(void);
/* The true clock again. */
void sim_clock_stop(void);

void sim_clock_advance(int64_t ms);

/* CLOCK_MONOTONIC. */
int64_t sim_clock_now_ms(void);

/* When the next timer of the running loop (sync/fiber.h) is due, by this clock; INT64_MAX: there is
 * none. */
int64_t sim_clock_next_timer_ms(void);
