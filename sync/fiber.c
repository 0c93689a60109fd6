/*
 * The scheduler. fiber_run() alternates between two things, both on the thread's own stack: it
 * resumes the fibers that are ready, and lets libuv wait for what the others need. A fiber is never
 * resumed from inside a callback or from another fiber: event_set() only puts it in the queue. So
 * no call of a fiber's code is ever nested in another's, and what a callback sees does not change
 * under it.
 *
 * A fiber leaves its stack in three ways: fiber_wait(), await_turn() and the end of its function.
 * Each returns to resume() below, on the thread's stack, where an ended fiber's stack can be
 * reused.
 */
#include "sync/fiber_private.h"
#include "sync/fiber_report.h"

#include <signal.h>

/* Fibers resumed before I/O gets a look: bounds how long a chain of events can starve the loop. */
#define RESUMES_PER_TURN 128

/* What a killed child in uninterruptible sleep may delay the end of fiber_run(). */
#define HOLD_LIMIT_MS 2000

struct scheduler {
    uv_loop_t loop;
    uv_idle_t idle; /* active while a fiber is ready: then libuv must not block */
    uv_timer_t hold_timer;
    struct context context; /* the thread's own stack */
    struct fiber *running;
    GQueue ready;
    GQueue living;
    struct stack_pool stacks;
    unsigned holds;
    bool hold_is_over;
};

static _Thread_local struct scheduler *scheduler;

static struct scheduler *current_scheduler(void)
{
    if (!scheduler)
        g_error("this is only possible inside fiber_run()");
    return scheduler;
}

uv_loop_t *fiber_loop(void)
{
    return &current_scheduler()->loop;
}

bool fiber_is_current(void)
{
    return scheduler && scheduler->running;
}

const GList *fiber_living(void)
{
    return scheduler ? scheduler->living.head : NULL;
}

const char *fiber_name(void)
{
    return fiber_is_current() ? scheduler->running->name : "loop";
}

struct fiber *fiber_self(void)
{
    if (!fiber_is_current())
        g_error("only a fiber can wait, not a callback of the loop");
    return scheduler->running;
}

static int64_t now(void)
{
    uv_loop_t *loop = fiber_loop();

    /* libuv's clock stands still while callbacks and fibers run. */
    uv_update_time(loop);
    return (int64_t)uv_now(loop);
}

int64_t deadline_in(int64_t ms)
{
    int64_t start = now();

    return ms < DEADLINE_NEVER - start ? start + MAX(ms, 0) : DEADLINE_NEVER;
}

int64_t deadline_left(int64_t deadline)
{
    if (deadline == DEADLINE_NEVER)
        return DEADLINE_NEVER;
    return MAX(deadline - now(), 0);
}

int64_t deadline_min(int64_t a, int64_t b)
{
    return MIN(a, b);
}

static void on_idle(uv_idle_t *idle)
{
    (void)idle;
}

static void make_ready(struct fiber *fiber)
{
    fiber->state = FIBER_READY;
    g_queue_push_tail_link(&scheduler->ready, &fiber->ready_link);
    uv_idle_start(&scheduler->idle, on_idle);
}

static void on_deadline(uv_timer_t *timer)
{
    fiber_wake(timer->data, FIBER_WOKEN_BY_DEADLINE);
}

static void run_body(void)
{
    struct fiber *fiber = scheduler->running;

    context_arrive(&scheduler->context);
    fiber->result = fiber->fn(fiber->arg, &fiber->error);
    if (fiber->open_scopes > 0)
        g_error("fiber \"%s\" has ended without closing its scopes", fiber->name);
    fiber->state = FIBER_ENDED;
    context_leave(&fiber->context, &scheduler->context);
}

struct fiber *fiber_new(struct scope *scope, const char *name, fiber_fn fn, void *arg)
{
    struct fiber *fiber = g_new0(struct fiber, 1);

    fiber->references = 1;
    fiber->name = g_strdup(name);
    fiber->fn = fn;
    fiber->arg = arg;
    fiber->scope = scope;
    fiber->doing = doing_ref(doing_now());
    fiber->ready_link.data = fiber;
    fiber->living_link.data = fiber;
    fiber->scope_link.data = fiber;
    fiber->stack = stack_take(&scheduler->stacks);
    context_init(&fiber->context, fiber->stack, run_body);
    g_queue_push_tail_link(&scheduler->living, &fiber->living_link);
    make_ready(fiber);
    return fiber;
}

struct fiber *fiber_ref(struct fiber *fiber)
{
    fiber->references++;
    return fiber;
}

void fiber_unref(struct fiber *fiber)
{
    if (!fiber || --fiber->references > 0)
        return;
    g_assert(fiber->state == FIBER_ENDED);
    g_free(fiber->name);
    g_clear_error(&fiber->error);
    g_clear_error(&fiber->cancelled);
    doing_unref(fiber->doing);
    g_free(fiber);
}

static void on_timer_closed(uv_handle_t *handle)
{
    fiber_unref(handle->data);
}

static void start_timer(struct fiber *fiber, int64_t deadline)
{
    int64_t left = deadline - (int64_t)uv_now(&scheduler->loop);

    if (!fiber->timer.data) {
        uv_timer_init(&scheduler->loop, &fiber->timer);
        fiber->timer.data = fiber;
    }
    uv_timer_start(&fiber->timer, on_deadline, (uint64_t)MAX(left, 0), 0);
}

static void leave_for_loop(struct fiber *fiber)
{
    context_switch(&fiber->context, &scheduler->context);
    fiber->state = FIBER_RUNNING;
}

int fiber_wait(struct event_wait *waits, unsigned n_waits, int64_t deadline)
{
    struct fiber *fiber = fiber_self();

    fiber->waits = waits;
    fiber->n_waits = n_waits;
    fiber->since_ms = (int64_t)uv_now(&scheduler->loop);
    fiber->deadline = deadline;
    fiber->state = FIBER_WAITING;
    if (deadline != DEADLINE_NEVER)
        start_timer(fiber, deadline);
    leave_for_loop(fiber);
    return fiber->wake_reason;
}

void fiber_wake(struct fiber *fiber, int reason)
{
    if (fiber->state != FIBER_WAITING)
        return;
    /* From here on the events may be freed, though the fiber has not yet run. */
    event_unlink(fiber->waits, fiber->n_waits);
    fiber->waits = NULL;
    fiber->n_waits = 0;
    if (fiber->timer.data)
        uv_timer_stop(&fiber->timer);
    fiber->wake_reason = reason;
    make_ready(fiber);
}

int await_turn(GError **err)
{
    struct fiber *fiber = fiber_self();

    if (fiber_check_cancelled(fiber, err))
        return -1;
    make_ready(fiber);
    leave_for_loop(fiber);
    return fiber_check_cancelled(fiber, err) ? -1 : 0;
}

/* The last that is done for a fiber. Who holds it may still ask how it ended. */
static void finish(struct fiber *fiber)
{
    g_queue_unlink(&scheduler->living, &fiber->living_link);
    context_clear(&fiber->context);
    stack_put(&scheduler->stacks, g_steal_pointer(&fiber->stack));
    if (fiber->result < 0 && !fiber->error)
        fiber->error = g_error_new(SYNC_ERROR, SYNC_ERROR_SYSTEM,
                                   "fiber \"%s\" failed without a reason", fiber->name);
    event_set(&fiber->ended);
    if (fiber->scope)
        scope_on_fiber_ended(g_steal_pointer(&fiber->scope), fiber);
    if (fiber->timer.data)
        uv_close((uv_handle_t *)&fiber->timer, on_timer_closed);
    else
        fiber_unref(fiber);
}

static void resume(struct fiber *fiber)
{
    fiber->state = FIBER_RUNNING;
    scheduler->running = fiber;
    context_switch(&scheduler->context, &fiber->context);
    scheduler->running = NULL;
    if (fiber->state == FIBER_ENDED)
        finish(fiber);
}

static void resume_ready(void)
{
    for (int n = 0; n < RESUMES_PER_TURN; n++) {
        GList *link = g_queue_pop_head_link(&scheduler->ready);

        if (!link)
            return;
        resume(link->data);
    }
}

static _Noreturn void die_of_deadlock(void)
{
    g_autofree char *fibers = fibers_text();

    g_error("every fiber waits, without a deadline, for what cannot happen:\n%s", fibers);
}

/* Until the first fiber has ended, and with it, as scopes nest, all others. */
static void run_fibers(struct fiber *first)
{
    for (;;) {
        resume_ready();
        if (first->state == FIBER_ENDED)
            return;
        if (g_queue_is_empty(&scheduler->ready))
            uv_idle_stop(&scheduler->idle);
        if (!uv_loop_alive(&scheduler->loop))
            die_of_deadlock();
        uv_run(&scheduler->loop, UV_RUN_ONCE);
    }
}

void fiber_run_hold(void)
{
    current_scheduler()->holds++;
}

void fiber_run_release(void)
{
    g_assert(current_scheduler()->holds > 0);
    scheduler->holds--;
}

static void on_hold_limit(uv_timer_t *timer)
{
    scheduler->hold_is_over = true;
    /* UV_RUN_ONCE runs timers before it blocks as well as after. */
    uv_stop(timer->loop);
}

static void close_forgotten(uv_handle_t *handle, void *arg)
{
    (void)arg;
    if (uv_is_closing(handle))
        return;
    if (!scheduler->hold_is_over)
        g_critical("a %s handle was still open when the first fiber returned",
                   uv_handle_type_name(handle->type));
    uv_close(handle, NULL);
}

static void close_loop(void)
{
    uv_idle_stop(&scheduler->idle);
    uv_timer_init(&scheduler->loop, &scheduler->hold_timer);
    uv_timer_start(&scheduler->hold_timer, on_hold_limit, HOLD_LIMIT_MS, 0);
    while (scheduler->holds > 0 && !scheduler->hold_is_over)
        uv_run(&scheduler->loop, UV_RUN_ONCE);
    uv_close((uv_handle_t *)&scheduler->hold_timer, NULL);
    uv_close((uv_handle_t *)&scheduler->idle, NULL);
    uv_walk(&scheduler->loop, close_forgotten, NULL);
    uv_run(&scheduler->loop, UV_RUN_DEFAULT);
    if (uv_loop_close(&scheduler->loop) < 0)
        g_error("the loop cannot be closed: a request is still under way");
}

int fiber_run(fiber_fn main_fn, void *arg, GError **err)
{
    struct scheduler here = {0};
    struct overflow_watch overflow;
    struct fiber *first;
    int result, status;

    if (scheduler)
        g_error("fiber_run() inside fiber_run()");
    status = uv_loop_init(&here.loop);
    if (status < 0) {
        g_set_error(err, SYNC_ERROR, SYNC_ERROR_SYSTEM, "cannot create a loop: %s",
                    uv_strerror(status));
        return -1;
    }
    /* Writing to a peer that is gone is an error of that stream, not of the process. */
    signal(SIGPIPE, SIG_IGN);
    sync_error_quark(); /* registered before another thread can make such an error */
    uv_idle_init(&here.loop, &here.idle);
    scheduler = &here;
    context_init_current(&here.context);
    first = fiber_ref(fiber_new(NULL, "main", main_fn, arg));
    overflow_watch_begin(&overflow);
    run_fibers(first);
    overflow_watch_end(&overflow);
    result = first->result;
    if (result < 0)
        g_propagate_error(err, g_steal_pointer(&first->error));
    fiber_unref(first);
    close_loop();
    stack_pool_clear(&here.stacks);
    scheduler = NULL;
    return result;
}
