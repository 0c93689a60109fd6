#include "sync/fiber.h"
#include "tests/unit/journal.h"

#include <criterion/criterion.h>
#include <malloc.h>
#include <signal.h>

TestSuite(scope, .init = journal_open, .fini = journal_close, .timeout = 20);

/* Runs fn as the first fiber; what it and its fibers noted, and its error, must be `expected`. */
static void expect_run(fiber_fn fn, int expected_result, const char *expected)
{
    g_autoptr(GError) err = NULL;

    cr_assert_eq(fiber_run(fn, NULL, &err), expected_result);
    if (err) {
        cr_assert_eq(err->domain, SYNC_ERROR);
        note(err->code == SYNC_ERROR_CANCELLED ? "CANCELLED:" : "ERROR:");
        note(err->message);
    }
    cr_assert_str_eq(journal->str, expected);
}

static int fail(void *arg, GError **err)
{
    g_set_error_literal(err, SYNC_ERROR, SYNC_ERROR_CLOSED, arg);
    return -1;
}

static int succeed(void *arg, GError **err)
{
    (void)err;
    note(arg);
    return 0;
}

static int succeed_later(void *arg, GError **err)
{
    if (await_deadline(deadline_in(1), err) < 0)
        return -1;
    note(arg);
    return 0;
}

/* Waits until it is cancelled, and notes the cause. */
static int sit(void *arg, GError **err)
{
    struct event never = EVENT_INIT;
    g_autoptr(GError) error = NULL;

    (void)arg;
    await_event(&never, DEADLINE_NEVER, &error);
    note(error->message);
    g_propagate_error(err, g_steal_pointer(&error));
    return -1;
}

static int wait_for_all(void *arg, GError **err)
{
    g_autoptr(scope) scope = scope_open("all");

    (void)arg;
    scope_spawn(scope, "1", succeed_later, "late");
    scope_spawn(scope, "2", succeed, "early");
    return scope_close(g_steal_pointer(&scope), err);
}

Test(scope, ends_when_all_its_fibers_have_ended)
{
    expect_run(wait_for_all, 0, "early late");
}

static int close_empty(void *arg, GError **err)
{
    (void)arg;
    return scope_close(scope_open("empty"), err);
}

Test(scope, ends_at_once_when_empty)
{
    expect_run(close_empty, 0, "");
}

static int fail_one(void *arg, GError **err)
{
    g_autoptr(scope) scope = scope_open("siblings");

    (void)arg;
    scope_spawn(scope, "1", sit, NULL);
    scope_spawn(scope, "2", fail, "disk full");
    scope_spawn(scope, "3", sit, NULL);
    return scope_close(g_steal_pointer(&scope), err);
}

Test(scope, cancels_the_siblings_of_a_fiber_that_fails_and_gives_its_error)
{
    expect_run(fail_one, -1, "disk full disk full ERROR: disk full");
}

static int fail_when_cancelled(void *arg, GError **err)
{
    if (sit(NULL, NULL) < 0)
        return fail(arg, err);
    return 0;
}

static int fail_twice(void *arg, GError **err)
{
    g_autoptr(scope) scope = scope_open("causes");

    (void)arg;
    scope_spawn(scope, "1", fail_when_cancelled, "second");
    scope_spawn(scope, "2", fail, "first");
    return scope_close(g_steal_pointer(&scope), err);
}

Test(scope, keeps_the_first_cause)
{
    expect_run(fail_twice, -1, "first ERROR: first");
}

static int fail_detached(void *arg, GError **err)
{
    g_autoptr(scope) scope = scope_open("detached");
    g_autoptr(fiber) fiber = fiber_ref(scope_spawn_detached(scope, "1", fail, "minor"));
    g_autoptr(GError) error = NULL;

    (void)arg;
    scope_spawn(scope, "2", succeed_later, "unharmed");
    cr_expect_eq(fiber_join(fiber, DEADLINE_NEVER, &error), -1);
    note(error->message);
    return scope_close(g_steal_pointer(&scope), err);
}

Test(scope, goes_on_when_a_detached_fiber_fails)
{
    expect_run(fail_detached, 0, "minor unharmed");
}

static int join_twice(void *arg, GError **err)
{
    g_autoptr(scope) scope = scope_open("join");
    g_autoptr(fiber) fiber = fiber_ref(scope_spawn(scope, "1", succeed_later, "done"));

    (void)arg;
    cr_expect(!fiber_has_ended(fiber));
    for (int i = 0; i < 2; i++) {
        if (fiber_join(fiber, DEADLINE_NEVER, err) < 0)
            return -1;
    }
    cr_expect(fiber_has_ended(fiber));
    return scope_close(g_steal_pointer(&scope), err);
}

Test(scope, lets_a_fiber_be_joined_more_than_once)
{
    expect_run(join_twice, 0, "done");
}

static int join_too_long(void *arg, GError **err)
{
    g_autoptr(scope) scope = scope_open("join");
    g_autoptr(fiber) fiber = fiber_ref(scope_spawn(scope, "1", sit, NULL));

    (void)arg;
    return fiber_join(fiber, deadline_in(2), err);
}

Test(scope, is_cancelled_and_waited_for_when_left_early)
{
    expect_run(join_too_long, -1, "cancelled ERROR: timed out");
}

static int cancel_all(void *arg, GError **err)
{
    g_autoptr(scope) scope = scope_open("background");
    g_autoptr(GError) cause = g_error_new_literal(SYNC_ERROR, SYNC_ERROR_CLOSED, "no more work");

    (void)arg;
    scope_spawn(scope, "1", sit, NULL);
    if (await_turn(err) < 0)
        return -1;
    scope_cancel(scope, cause);
    scope_spawn(scope, "late", sit, NULL);
    return scope_close(g_steal_pointer(&scope), err);
}

Test(scope, ends_well_when_its_fibers_were_only_cancelled)
{
    expect_run(cancel_all, 0, "no more work no more work");
}

static int sit_in_scope(void *arg, GError **err)
{
    g_autoptr(scope) scope = scope_open("inner");

    (void)arg;
    scope_spawn(scope, "1", sit, NULL);
    scope_spawn(scope, "2", sit, NULL);
    return scope_close(g_steal_pointer(&scope), err);
}

static int cancel_outer(void *arg, GError **err)
{
    g_autoptr(scope) scope = scope_open("outer");
    g_autoptr(fiber) fiber = fiber_ref(scope_spawn(scope, "outer", sit_in_scope, NULL));
    g_autoptr(GError) cause = g_error_new_literal(SYNC_ERROR, SYNC_ERROR_CLOSED, "stop");

    (void)arg;
    for (unsigned i = 0; i < 2; i++)
        if (await_turn(err) < 0)
            return -1;
    fiber_cancel(fiber, cause);
    fiber_cancel(fiber, NULL);
    note("asked");
    return fiber_join(fiber, DEADLINE_NEVER, err);
}

Test(scope, passes_a_cancellation_of_its_owner_on_to_its_fibers)
{
    expect_run(cancel_outer, -1, "asked stop stop CANCELLED: stop");
}

static int stay_cancelled(void *arg, GError **err)
{
    struct event set = EVENT_INIT;

    (void)arg;
    event_set(&set);
    cr_expect_eq(sit(NULL, NULL), -1);
    cr_expect_eq(await_event(&set, DEADLINE_NEVER, NULL), -1);
    cr_expect_eq(await_turn(NULL), -1);
    cr_expect(fiber_is_cancelled());
    return await_deadline(0, err);
}

static int cancel_for_good(void *arg, GError **err)
{
    g_autoptr(scope) scope = scope_open("good");
    g_autoptr(fiber) fiber = fiber_ref(scope_spawn(scope, "1", stay_cancelled, NULL));

    (void)arg;
    if (await_turn(err) < 0)
        return -1;
    fiber_cancel(fiber, NULL);
    return fiber_join(fiber, DEADLINE_NEVER, err);
}

Test(scope, leaves_a_cancelled_fiber_cancelled_in_every_later_await)
{
    expect_run(cancel_for_good, -1, "cancelled CANCELLED: cancelled");
}

static int say_good_bye(void *arg, GError **err)
{
    struct event never = EVENT_INIT;
    g_autoptr(GError) error = NULL;

    (void)arg;
    fiber_shield();
    fiber_shield();
    if (succeed_later("shielded", err) < 0)
        return -1;
    fiber_unshield();
    cr_expect(fiber_is_cancelled());
    cr_expect_eq(await_event(&never, deadline_in(1), &error), -1);
    note(error->message);
    fiber_unshield();
    return await_turn(err);
}

static int cancel_shielded(void *arg, GError **err)
{
    g_autoptr(scope) scope = scope_open("shield");
    g_autoptr(fiber) fiber = fiber_ref(scope_spawn(scope, "1", say_good_bye, NULL));

    (void)arg;
    if (await_turn(err) < 0)
        return -1;
    fiber_cancel(fiber, NULL);
    return fiber_join(fiber, DEADLINE_NEVER, err);
}

Test(scope, holds_cancelling_back_inside_a_shield_where_deadlines_hold)
{
    expect_run(cancel_shielded, -1, "shielded timed out CANCELLED: cancelled");
}

static int wait_then_note(void *arg, GError **err)
{
    int result = await_event(arg, DEADLINE_NEVER, err);

    note(result == 0 ? "event" : "cancelled");
    return await_turn(err);
}

static int set_then_cancel(void *arg, GError **err)
{
    struct event event = EVENT_INIT;
    g_autoptr(scope) scope = scope_open("race");
    g_autoptr(fiber) fiber = fiber_ref(scope_spawn(scope, "1", wait_then_note, &event));

    (void)arg;
    if (await_turn(err) < 0)
        return -1;
    event_set(&event);
    fiber_cancel(fiber, NULL);
    return fiber_join(fiber, DEADLINE_NEVER, err);
}

Test(scope, gives_a_fiber_the_event_that_came_before_its_cancellation)
{
    expect_run(set_then_cancel, -1, "event CANCELLED: cancelled");
}

static int spawn_sibling(void *arg, GError **err)
{
    (void)err;
    scope_spawn(arg, "sibling", succeed_later, "sibling");
    return 0;
}

static int grow(void *arg, GError **err)
{
    g_autoptr(scope) scope = scope_open("growing");

    (void)arg;
    scope_spawn(scope, "1", spawn_sibling, scope);
    return scope_close(g_steal_pointer(&scope), err);
}

Test(scope, waits_for_fibers_spawned_while_it_closes)
{
    expect_run(grow, 0, "sibling");
}

static int close_foreign(void *arg, GError **err)
{
    return scope_close(arg, err);
}

static int give_scope_away(void *arg, GError **err)
{
    struct scope *scope = scope_open("mine");
    g_autoptr(scope) other = scope_open("other");

    (void)arg;
    scope_spawn(other, "thief", close_foreign, scope);
    return scope_close(g_steal_pointer(&other), err);
}

Test(scope, can_only_be_closed_by_the_fiber_that_opened_it, .signal = SIGTRAP)
{
    expect_run(give_scope_away, -1, "");
}

static int end_at_once(void *arg, GError **err)
{
    (void)arg;
    (void)err;
    return 0;
}

static int spawn_for_days(void *arg, GError **err)
{
    g_autoptr(scope) scope = scope_open("long-lived");
    size_t *grown = arg, before = 0;

    for (int i = 0; i < 100000; i++) {
        if (i == 1000) /* the pool of stacks is full, the queues have their size */
            before = mallinfo2().uordblks;
        scope_spawn(scope, "leg", i % 2 == 0 ? end_at_once : succeed_later, "");
        if (await_turn(err) < 0)
            return -1;
        g_string_truncate(journal, 0);
        if (i % 100 == 99 && await_deadline(deadline_in(1), err) < 0)
            return -1;
    }
    if (await_deadline(deadline_in(20), err) < 0)
        return -1;
    *grown = MAX(mallinfo2().uordblks, before) - before;
    return scope_close(g_steal_pointer(&scope), err);
}

Test(scope, holds_nothing_of_the_fibers_that_have_ended)
{
    g_autoptr(GError) err = NULL;
    size_t grown = 0;

    cr_assert_eq(fiber_run(spawn_for_days, &grown, &err), 0);
    cr_expect_lt(grown, 65536, "%zu bytes are still there", grown);
}

static int join_after_scope(void *arg, GError **err)
{
    struct scope *scope = scope_open("short-lived");
    g_autoptr(fiber) fiber = fiber_ref(scope_spawn_detached(scope, "1", fail, "minor"));
    g_autoptr(fiber) other = fiber_ref(scope_spawn(scope, "2", end_at_once, NULL));

    (void)arg;
    if (scope_close(scope, err) < 0)
        return -1;
    fiber_cancel(fiber, NULL);
    cr_expect(fiber_has_ended(fiber) && fiber_has_ended(other));
    cr_expect_eq(fiber_join(other, DEADLINE_NEVER, err), 0);
    return fiber_join(fiber, DEADLINE_NEVER, err);
}

Test(scope, leaves_the_result_to_who_holds_a_fiber)
{
    expect_run(join_after_scope, -1, "ERROR: minor");
}
