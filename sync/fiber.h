/*
 * Fibers on one libuv loop: straight code that waits.
 *
 * A program is one thread with one loop. Logic that waits runs in a fiber, a stackful coroutine
 * (glibc ucontext on an mmap'ed stack with a guard page), and waits only in the await_*() calls
 * here and in the files built on them (stream.h, child.h, work.h). libuv callbacks run on the
 * loop's own stack; they never wait, they set an event.
 *
 * A stack has 256 KiB and a guard page: no large arrays on it. A fiber runs until it waits, so what
 * it does in between is never interleaved with other fibers or callbacks.
 *
 * Thousands are cheap (tests/bench/bench_fiber): one that waits has about 5 KiB, a wait costs a
 * tenth of two calls of swapcontext(), a fiber from its start to its end a thirtieth of a thread.
 * The kernel's limit on mappings (vm.max_map_count, 65,530) ends it at some 30,000 at once.
 *
 * Life: fiber_run() makes the loop, runs the first fiber, and returns when that fiber has
 * returned and the loop has closed all handles. Every other fiber is spawned into a scope. A scope
 * ends only when all its fibers have ended; the first of them that fails cancels its siblings, and
 * scope_close() gives that first error. So concurrency has the shape of the code:
 *
 *     g_autoptr(scope) s = scope_open("two migrations");
 *     scope_spawn(s, "vm1", migrate_one, &a);
 *     scope_spawn(s, "vm2", migrate_one, &b);
 *     return scope_close(g_steal_pointer(&s), err);
 *
 * Leaving a scope by g_autoptr cancels what still runs in it and waits for it.
 *
 * Cancelling: a cancelled fiber gets SYNC_ERROR_CANCELLED, with the cause's message, from the await
 * it is in and from every later one, so that it unwinds like after any other error. What must wait
 * even then (ending a process, saying good-bye) does so between fiber_shield() and
 * fiber_unshield(); deadlines still hold there.
 *
 * Thread: everything here is called on the loop's thread only.
 */
#pragma once

#include "sync/autoptr.h"
#include "sync/doing.h"

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#define SYNC_ERROR (sync_error_quark())
GQuark sync_error_quark(void);

/* What an error of this domain carries besides: see doing.h. Transfer none. */
const struct circumstances *sync_error_circumstances(const GError *error);

enum sync_error {
    SYNC_ERROR_TIMEOUT,     /* the deadline passed */
    SYNC_ERROR_CANCELLED,   /* the fiber was cancelled; the message is the cause's */
    SYNC_ERROR_CLOSED,      /* the thing waited for was closed, or a stream ended */
    SYNC_ERROR_SYSTEM,      /* a system or libuv call failed; the message names it */
    SYNC_ERROR_LIMIT,       /* something is longer than allowed */
    SYNC_ERROR_UNREACHABLE, /* the kernel knows of no way to a host, or of none that answers */
};

struct fiber;
struct scope;

/* The body of a fiber. Returns 0, or -1 with err set. */
typedef int (*fiber_fn)(void *arg, GError **err);

/*
 * Runs main_fn as the first fiber on a loop of its own until it has returned. Not reentrant within
 * a thread. Returns what main_fn returned.
 *
 * SIGPIPE is ignored from then on. libuv handles that are still open at the end are a programming
 * error (g_critical), and so is a state in which no fiber can ever run again (g_error).
 */
int fiber_run(fiber_fn main_fn, void *arg, GError **err);

/* The loop of the surrounding fiber_run(), for libuv handles. Transfer none. */
uv_loop_t *fiber_loop(void);

/* Whether the caller runs in a fiber (and may await), not in a libuv callback. */
bool fiber_is_current(void);

/* The name given at spawn ("main" for the first fiber). */
const char *fiber_name(void);

/*
 * Deadlines are absolute, in milliseconds of the loop's clock. DEADLINE_NEVER is only for the idle
 * wait of a reader or a server, which is ended by cancelling it.
 */
#define DEADLINE_NEVER INT64_MAX
int64_t deadline_in(int64_t ms);         /* now + ms, saturating */
int64_t deadline_left(int64_t deadline); /* ms left, 0 when passed */
int64_t deadline_min(int64_t a, int64_t b);

/*
 * A condition to wait for, embedded by value in whatever it speaks of. It stays set until
 * event_reset(). It must not be destroyed while a fiber waits for it.
 */
struct event {
    bool is_set;
    struct event_wait *waits;
};

#define EVENT_INIT                                                                                 \
    {                                                                                              \
        .is_set = false, .waits = NULL                                                             \
    }

void event_set(struct event *event);
void event_reset(struct event *event);
static inline bool event_is_set(const struct event *event)
{
    return event->is_set;
}

/* Where a fiber waits, and for what, in words: fiber_report.h prints it. The await calls below fill
 * it in. Static, or living as long as the wait. */
struct await_place {
    const char *function;
    const char *what; /* or NULL */
};
#define AWAIT_PLACE(what)                                                                          \
    (struct await_place)                                                                           \
    {                                                                                              \
        __func__, what                                                                             \
    }

/* Waits until the event is set (at once when it is). TIMEOUT, CANCELLED. */
int await_event_at(struct await_place place, struct event *event, int64_t deadline, GError **err);
#define await_event(event, ...) await_event_at(AWAIT_PLACE(#event), event, __VA_ARGS__)

/*
 * Waits until one of n events is set. Returns the index of the first that is, or -1. n <= 16. An
 * event that came before the deadline or the cancelling is what is returned, even if it has been
 * reset or freed since.
 */
int await_any_at(struct await_place place, struct event *const events[], unsigned n,
                 int64_t deadline, GError **err);
#define await_any(...) await_any_at(AWAIT_PLACE(NULL), __VA_ARGS__)

/*
 * Waits until the deadline itself: for periodic work (heartbeats, sampling), never in place of an
 * event. Returns 0 when it is reached, -1 when cancelled before.
 */
int await_deadline_at(struct await_place place, int64_t deadline, GError **err);
#define await_deadline(...) await_deadline_at(AWAIT_PLACE("the time"), __VA_ARGS__)

/* Lets every other fiber that can run now do so. Returns -1 only when cancelled. */
int await_turn(GError **err);

/* Opens a scope inside the running fiber. Transfer full: end it with scope_close(). */
struct scope *scope_open(const char *name);

/*
 * Starts a fiber in the scope; it runs first when the caller waits, also when cancelled before. arg
 * is the caller's and must outlive the fiber. Transfer none: a fiber that has ended leaves its
 * scope and is forgotten at once, so that a scope may live for as long as it wants; who is to speak
 * of the fiber after the next wait takes fiber_ref().
 */
struct fiber *scope_spawn(struct scope *scope, const char *name, fiber_fn fn, void *arg);

/* As scope_spawn(), but a failure of this fiber does not cancel its siblings or the scope. */
struct fiber *scope_spawn_detached(struct scope *scope, const char *name, fiber_fn fn, void *arg);

/*
 * Waits for all fibers of the scope and frees it. Returns the error of the first that failed
 * (cancelled siblings do not count). When the caller is cancelled meanwhile, the fibers are
 * cancelled with the same cause and still waited for.
 */
int scope_close(struct scope *scope, GError **err);

/* Cancels all fibers of the scope that still run. cause is copied; NULL reads "cancelled". */
void scope_cancel(struct scope *scope, const GError *cause);

/* scope_cancel() and scope_close(), error dropped: what g_autoptr does. NULL is fine. */
void scope_abandon(struct scope *scope);

/* Holds a fiber, which its scope waits for as before: so its end can be asked for, also after the
 * scope. */
struct fiber *fiber_ref(struct fiber *fiber);
void fiber_unref(struct fiber *fiber); /* NULL is fine */

/* Waits for one fiber and gives its result. err is a copy of the fiber's own error. */
int fiber_join(struct fiber *fiber, int64_t deadline, GError **err);
bool fiber_has_ended(const struct fiber *fiber);

/* Cancels one fiber; harmless when it has ended. */
void fiber_cancel(struct fiber *fiber, const GError *cause);

/* Holds back cancelling of the running fiber; nests. */
void fiber_shield(void);
void fiber_unshield(void);

/* Whether the running fiber has been cancelled (also seen inside a shield). */
bool fiber_is_cancelled(void);

AUTOPTR_STRUCT(scope, scope_abandon);
AUTOPTR_STRUCT(fiber, fiber_unref);
