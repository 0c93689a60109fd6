/* What comes from the user while a job runs: Ctrl-C, a terminal that changes its size, time that is
 * over. */
#pragma once

#include "sync/fiber.h"

/* Called on the loop. */
struct user_events {
    void (*interrupt)(void *arg); /* SIGINT: each Ctrl-C */
    /* SIGTERM, SIGHUP (unless ignored): each time. A terminal that is closed sends several: one of
     * its own, one of the shell, and whoever else ends what ran in it. */
    void (*terminate)(void *arg);
    void (*time_over)(void *arg); /* once */
    void (*tick)(void *arg);      /* every second, for the display */
    void (*resize)(void *arg, unsigned columns, unsigned rows);
    void (*report)(void *arg); /* SIGUSR2: how does it go? */
    void *arg;
};

struct user_watch;

/* Who asks how it goes (SIGUSR1, SIGUSR2) must not end a job that has not begun, or is being
 * written down: for the time in which nobody listens. */
void user_watch_ignore_questions(void);

/* timeout_ms: until time_over; 0: never. Transfer full. */
struct user_watch *user_watch_start(const struct user_events *events, int64_t timeout_ms);

/* Nothing is called any more; freed once the loop has let go of it. */
void user_watch_stop(struct user_watch *watch);
