#include "sync/fiber.h"
#include "sync/fiber_private.h"
#include "tests/unit/journal.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

TestSuite(fiber, .init = journal_open, .fini = journal_close, .timeout = 20);

static void expect_journal(const char *expected)
{
    cr_assert_str_eq(journal->str, expected);
}

static int run(fiber_fn fn, void *arg)
{
    g_autoptr(GError) err = NULL;
    int result = fiber_run(fn, arg, &err);

    cr_assert((result < 0) == (err != NULL));
    if (err)
        note(err->message);
    return result;
}

static int succeed(void *arg, GError **err)
{
    (void)err;
    *(bool *)arg = fiber_is_current() && strcmp(fiber_name(), "main") == 0;
    return 0;
}

Test(fiber, runs_the_first_fiber_and_returns_its_result)
{
    bool was_main_fiber = false;

    cr_assert(!fiber_is_current());
    cr_assert_eq(run(succeed, &was_main_fiber), 0);
    cr_assert(was_main_fiber);
    cr_assert(!fiber_is_current());
}

static int fail(void *arg, GError **err)
{
    g_set_error_literal(err, SYNC_ERROR, SYNC_ERROR_CLOSED, arg);
    return -1;
}

Test(fiber, passes_on_the_error_of_the_first_fiber)
{
    cr_assert_eq(run(fail, "broken"), -1);
    expect_journal("broken");
}

static int fail_silently(void *arg, GError **err)
{
    (void)arg;
    (void)err;
    return -1;
}

Test(fiber, gives_an_error_to_a_failure_without_one)
{
    cr_assert_eq(run(fail_silently, NULL), -1);
    expect_journal("fiber \"main\" failed without a reason");
}

Test(fiber, can_run_again_after_it_has_ended)
{
    bool ok = false;

    for (int i = 0; i < 3; i++)
        cr_assert_eq(run(succeed, &ok), 0);
}

static int time_out(void *arg, GError **err)
{
    struct event never = EVENT_INIT;

    (void)arg;
    return await_event(&never, deadline_in(2), err);
}

Test(fiber, times_out_at_the_deadline)
{
    cr_assert_eq(run(time_out, NULL), -1);
    expect_journal("timed out");
}

static int time_out_in_the_past(void *arg, GError **err)
{
    struct event never = EVENT_INIT;

    (void)arg;
    return await_event(&never, 0, err);
}

Test(fiber, times_out_when_the_deadline_has_passed_already)
{
    cr_assert_eq(run(time_out_in_the_past, NULL), -1);
    expect_journal("timed out");
}

static int time_out_beside_idle_handle(void *arg, GError **err)
{
    static uv_async_t async;
    struct event never = EVENT_INIT;
    int result;

    (void)arg;
    uv_async_init(fiber_loop(), &async, NULL);
    result = await_event(&never, 0, err);
    uv_close((uv_handle_t *)&async, NULL);
    return result;
}

/* libuv runs timers that are due before it looks whether it may block. */
Test(fiber, runs_after_a_deadline_though_the_loop_has_other_things_to_wait_for)
{
    cr_assert_eq(run(time_out_beside_idle_handle, NULL), -1);
    expect_journal("timed out");
}

static int await_set_event(void *arg, GError **err)
{
    struct event event = EVENT_INIT;

    (void)arg;
    event_set(&event);
    if (await_event(&event, 0, err) < 0 || await_event(&event, DEADLINE_NEVER, err) < 0)
        return -1;
    event_reset(&event);
    return event_is_set(&event) ? -1 : 0;
}

Test(fiber, returns_at_once_when_the_event_is_set)
{
    cr_assert_eq(run(await_set_event, NULL), 0);
}

static int saturate(void *arg, GError **err)
{
    int64_t soon = deadline_in(1000);

    (void)arg;
    (void)err;
    cr_expect_eq(deadline_in(INT64_MAX), DEADLINE_NEVER);
    cr_expect_eq(deadline_left(DEADLINE_NEVER), DEADLINE_NEVER);
    cr_expect_eq(deadline_left(0), 0);
    cr_expect_leq(deadline_left(deadline_in(-5)), 0);
    cr_expect_leq(deadline_left(soon), 1000);
    cr_expect_eq(deadline_min(soon, DEADLINE_NEVER), soon);
    return 0;
}

Test(fiber, saturates_deadlines)
{
    cr_assert_eq(run(saturate, NULL), 0);
}

static int await_three(void *arg, GError **err)
{
    (void)arg;
    for (int i = 0; i < 3; i++) {
        if (await_deadline(deadline_in(1), err) < 0)
            return -1;
    }
    return 0;
}

Test(fiber, reaches_deadlines_as_periodic_work_needs)
{
    cr_assert_eq(run(await_three, NULL), 0);
}

static void on_timer(uv_timer_t *timer)
{
    cr_expect(!fiber_is_current());
    cr_expect_str_eq(fiber_name(), "loop");
    note("callback");
    event_set(timer->data);
    note("set");
}

static int await_callback(void *arg, GError **err)
{
    struct event event = EVENT_INIT;
    uv_timer_t timer;
    struct event closed = EVENT_INIT;

    (void)arg;
    uv_timer_init(fiber_loop(), &timer);
    timer.data = &event;
    uv_timer_start(&timer, on_timer, 1, 0);
    if (await_event(&event, deadline_in(10000), err) < 0)
        return -1;
    note("woken");
    timer.data = &closed;
    uv_close((uv_handle_t *)&timer, (uv_close_cb)on_timer);
    return await_event(&closed, deadline_in(10000), err);
}

Test(fiber, is_resumed_after_the_callback_that_set_its_event)
{
    cr_assert_eq(run(await_callback, NULL), 0);
    expect_journal("callback set woken callback set");
}

struct pair {
    struct event a, b;
};

static int wait_for_any(void *arg, GError **err)
{
    struct pair *pair = arg;
    struct event *both[] = {&pair->a, &pair->b};
    int index = await_any(both, 2, DEADLINE_NEVER, err);

    note(index == 0 ? "a" : index == 1 ? "b" : "error");
    return index < 0 ? -1 : 0;
}

static int set_b_then_a(void *arg, GError **err)
{
    struct pair pair = {EVENT_INIT, EVENT_INIT};
    g_autoptr(scope) scope = scope_open("any");

    (void)arg;
    scope_spawn(scope, "first", wait_for_any, &pair);
    scope_spawn(scope, "second", wait_for_any, &pair);
    if (await_turn(err) < 0)
        return -1;
    event_set(&pair.b);
    event_set(&pair.a);
    scope_spawn(scope, "late", wait_for_any, &pair);
    return scope_close(g_steal_pointer(&scope), err);
}

Test(fiber, wakes_all_waiters_with_what_happened_first)
{
    cr_assert_eq(run(set_b_then_a, NULL), 0);
    expect_journal("b b a");
}

static int set_and_reset(void *arg, GError **err)
{
    struct pair *pair = g_new0(struct pair, 1);
    g_autoptr(scope) scope = scope_open("reset");

    (void)arg;
    scope_spawn(scope, "waiter", wait_for_any, pair);
    if (await_turn(err) < 0)
        return -1;
    event_set(&pair->a);
    event_reset(&pair->a);
    g_free(pair);
    return scope_close(g_steal_pointer(&scope), err);
}

Test(fiber, keeps_a_wake_when_the_event_is_reset_and_freed_before_it_runs)
{
    cr_assert_eq(run(set_and_reset, NULL), 0);
    expect_journal("a");
}

static int write_twice(void *arg, GError **err)
{
    note(arg);
    if (await_turn(err) < 0)
        return -1;
    note(arg);
    return 0;
}

static int take_turns(void *arg, GError **err)
{
    g_autoptr(scope) scope = scope_open("turns");

    (void)arg;
    scope_spawn(scope, "x", write_twice, "x");
    scope_spawn(scope, "y", write_twice, "y");
    note("main");
    return scope_close(g_steal_pointer(&scope), err);
}

Test(fiber, takes_turns_in_the_order_of_spawning)
{
    cr_assert_eq(run(take_turns, NULL), 0);
    expect_journal("main x y x y");
}

struct ring {
    struct event turn[2];
    unsigned left;
};

static int play(struct ring *ring, unsigned me, GError **err)
{
    while (ring->left > 0) {
        if (await_event(&ring->turn[me], DEADLINE_NEVER, err) < 0)
            return -1;
        event_reset(&ring->turn[me]);
        ring->left -= ring->left > 0;
        event_set(&ring->turn[1 - me]);
    }
    return 0;
}

static int play_ping(void *arg, GError **err)
{
    return play(arg, 0, err);
}

static int play_pong(void *arg, GError **err)
{
    return play(arg, 1, err);
}

static int ping_pong_beside_a_timer(void *arg, GError **err)
{
    struct ring ring = {{EVENT_INIT, EVENT_INIT}, UINT32_MAX};
    g_autoptr(scope) scope = scope_open("ring");

    (void)arg;
    scope_spawn(scope, "ping", play_ping, &ring);
    scope_spawn(scope, "pong", play_pong, &ring);
    event_set(&ring.turn[0]);
    if (await_deadline(deadline_in(2), err) < 0)
        return -1;
    note("timer");
    ring.left = 0;
    return scope_close(g_steal_pointer(&scope), err);
}

Test(fiber, lets_the_loop_run_while_fibers_wake_each_other_without_end)
{
    cr_assert_eq(run(ping_pong_beside_a_timer, NULL), 0);
    expect_journal("timer");
}

static int count(void *arg, GError **err)
{
    char on_the_stack[4096];

    memset(on_the_stack, 1, sizeof(on_the_stack));
    if (await_deadline(deadline_in(1), err) < 0)
        return -1;
    *(unsigned *)arg += (unsigned)on_the_stack[4095];
    return 0;
}

static int spawn_thousand(void *arg, GError **err)
{
    for (int round = 0; round < 2; round++) {
        g_autoptr(scope) scope = scope_open("thousand");

        for (int i = 0; i < 1000; i++)
            scope_spawn(scope, "one", count, arg);
        if (scope_close(g_steal_pointer(&scope), err) < 0)
            return -1;
    }
    return 0;
}

Test(fiber, runs_a_thousand_side_by_side_and_a_thousand_again)
{
    unsigned n = 0;

    cr_assert_eq(run(spawn_thousand, &n), 0);
    cr_assert_eq(n, 2000);
}

static int write_to_closed_pipe(void *arg, GError **err)
{
    int fds[2];

    (void)arg;
    (void)err;
    cr_expect_eq(pipe(fds), 0);
    close(fds[0]);
    cr_expect_eq(write(fds[1], "x", 1), -1);
    cr_expect_eq(errno, EPIPE);
    close(fds[1]);
    return 0;
}

Test(fiber, ignores_sigpipe)
{
    cr_assert_eq(run(write_to_closed_pipe, NULL), 0);
}

static int wait_for_nothing(void *arg, GError **err)
{
    struct event never = EVENT_INIT;

    (void)arg;
    return await_event(&never, DEADLINE_NEVER, err);
}

/* g_error() ends a program by SIGTRAP. */
Test(fiber, ends_the_program_when_nothing_can_ever_wake_a_fiber, .signal = SIGTRAP)
{
    run(wait_for_nothing, NULL);
}

static int await_in_callback(void *arg, GError **err);

static void on_timer_that_waits(uv_timer_t *timer)
{
    (void)timer;
    await_turn(NULL);
}

static int await_in_callback(void *arg, GError **err)
{
    uv_timer_t timer;

    (void)arg;
    uv_timer_init(fiber_loop(), &timer);
    uv_timer_start(&timer, on_timer_that_waits, 0, 0);
    return await_deadline(deadline_in(100), err);
}

Test(fiber, ends_the_program_when_a_callback_waits, .signal = SIGTRAP)
{
    run(await_in_callback, NULL);
}

static int leave_scope_open(void *arg, GError **err)
{
    (void)arg;
    (void)err;
    scope_open("forgotten");
    return 0;
}

Test(fiber, ends_the_program_when_a_fiber_forgets_its_scope, .signal = SIGTRAP)
{
    run(leave_scope_open, NULL);
}

static int leave_handle_open(void *arg, GError **err)
{
    (void)err;
    uv_timer_init(fiber_loop(), arg);
    return 0;
}

Test(fiber, complains_about_a_handle_left_open, .signal = SIGTRAP)
{
    uv_timer_t timer;

    g_log_set_always_fatal(G_LOG_LEVEL_CRITICAL | G_LOG_FATAL_MASK);
    run(leave_handle_open, &timer);
}

static int hold_for_ever(void *arg, GError **err)
{
    uv_async_t *async = arg;

    (void)err;
    fiber_run_hold();
    return uv_async_init(fiber_loop(), async, NULL);
}

/* As when a killed child hangs in the kernel. What is still open then is closed without a word. */
Test(fiber, returns_in_the_end_though_what_it_waits_for_does_not_happen)
{
    uv_async_t async;

    g_log_set_always_fatal(G_LOG_LEVEL_CRITICAL | G_LOG_FATAL_MASK);
    cr_assert_eq(run(hold_for_ever, &async), 0);
}

/* AddressSanitizer takes the signal itself and would log it as a finding. */
#ifndef __SANITIZE_ADDRESS__
static int recurse(unsigned depth)
{
    volatile char frame[1024];

    frame[0] = (char)depth;
    return depth == 0 ? 0 : recurse(depth - 1) + frame[0];
}

static int overflow(void *arg, GError **err)
{
    (void)arg;
    (void)err;
    return recurse(1u << 20);
}

Test(fiber, hits_the_guard_page_when_its_stack_overflows, .signal = SIGSEGV)
{
    run(overflow, NULL);
}
#endif
