/* What the files of this folder share, and no one else. */
#pragma once

#include "sync/doing.h"
#include "sync/fiber.h"
#include "sync/stack.h"

#include <signal.h>

enum fiber_state {
    FIBER_READY,   /* in the run queue: new, or what it waited for has happened */
    FIBER_RUNNING, /* on the processor */
    FIBER_WAITING, /* in await_any(), until fiber_wake() */
    FIBER_ENDED,   /* its function has returned; the record lives as long as it has holders */
};

/* Why fiber_wait() returned; 0 and above is the index of an event. */
enum fiber_wake_reason {
    FIBER_WOKEN_BY_DEADLINE = -1,
    FIBER_WOKEN_BY_CANCEL = -2,
};

/* One fiber waiting for one event; on the stack of the fiber. Circular list per event. */
struct event_wait {
    struct event_wait *next, *prev;
    struct event *event;
    struct fiber *fiber;
    int index;
};

/* What was there before, to be put back. */
struct overflow_watch {
    struct sigaction segv, bus;
    stack_t stack;
    void *own_stack; /* NULL: there was one */
};

struct fiber {
    unsigned references; /* while it lives the scheduler's, then those of fiber_ref() */
    char *name;
    fiber_fn fn;
    void *arg;

    enum fiber_state state;
    struct context context;
    struct stack *stack;
    uv_timer_t timer;  /* for the deadline of the wait it is in; made by the first that has one */
    GList ready_link;  /* in scheduler.ready */
    GList living_link; /* in scheduler.living, until it has ended */
    GList scope_link;  /* in the scope's fibers, likewise */

    struct event_wait *waits; /* while WAITING */
    unsigned n_waits;
    int wake_reason;
    struct await_place place; /* of the wait it is in, or was in last */
    int64_t since_ms;         /* and when that began */
    int64_t deadline;         /* likewise */

    GError *cancelled;   /* NULL until it is cancelled */
    struct doing *doing; /* see doing.h */
    unsigned shields;
    unsigned open_scopes;

    struct scope *scope; /* NULL for the first fiber, and when it has ended */
    bool is_detached;
    int result;
    GError *error;
    struct event ended;
};

/* A new fiber, ready to run. */
struct fiber *fiber_new(struct scope *scope, const char *name, fiber_fn fn, void *arg);

/* The running fiber; waiting outside of a fiber is a programming error and ends the program. */
struct fiber *fiber_self(void);

/* Puts the running fiber to sleep until fiber_wake(), and returns its reason. */
int fiber_wait(struct event_wait *waits, unsigned n_waits, int64_t deadline);

/* Makes a waiting fiber ready. Only the first reason counts. */
void fiber_wake(struct fiber *fiber, int reason);

/* Returns whether the running fiber must unwind now, with err set. */
bool fiber_check_cancelled(struct fiber *fiber, GError **err);

/* Takes the waits out of the lists of their events. */
void event_unlink(struct event_wait *waits, unsigned n_waits);

/* What scope_open() was told. Transfer none. */
const char *scope_name(const struct scope *scope);

/* The fibers that have not ended, as GLists of struct fiber; NULL outside of fiber_run(). */
const GList *fiber_living(void);

/* Says of a fault on the guard page of a fiber's stack whose it was; see fiber_report.h. */
void overflow_watch_begin(struct overflow_watch *watch);
void overflow_watch_end(struct overflow_watch *watch);

/* A fiber of the scope has ended, and leaves it. Runs on the loop's stack. */
void scope_on_fiber_ended(struct scope *scope, struct fiber *fiber);

/*
 * Something without a fiber (a killed child that is not yet reaped) that fiber_run() waits for
 * before it returns, within limits.
 */
void fiber_run_hold(void);
void fiber_run_release(void);
