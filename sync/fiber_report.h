/*
 * What the fibers of a program are doing, for whoever looks at one that hangs; and a last word of
 * one whose stack overflows.
 *
 * A fault on the pages below a fiber's stack writes to stderr, from the signal handler on a stack
 * of its own:
 *
 *     the stack of fiber "scenario" in "test" has overflowed, during: booting vm1
 *
 * and then the program dies of the fault itself, where it was, so that a core shows it. fiber_run()
 * sees to that. Other faults go to whoever had the signal before.
 */
#pragma once

#include <uv.h>

/*
 * A line a fiber, those that wait the longest first:
 *
 *     "scenario" in "test" waits in scope_close() for migrations, 12.3 s, never gives up; leg 1 of
 * vm1
 *
 * Transfer full. On the loop's thread, in a fiber or a callback.
 */
char *fibers_text(void);

/* Tells all lines at each SIGUSR1, from the loop, until fibers_on_signal_end(). */
typedef void (*fibers_tell)(void *arg, const char *line);
struct fibers_on_signal;
struct fibers_on_signal *fibers_on_signal(fibers_tell tell, void *arg);
void fibers_on_signal_end(struct fibers_on_signal *telling);

/* The same at once: fibers_text(), line by line. */
void fibers_tell_all(fibers_tell tell, void *arg);
