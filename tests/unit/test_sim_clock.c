#include "tests/unit/sim_clock.h"

#include "sync/fiber.h"

#include <criterion/criterion.h>

#define DAY_MS ((int64_t)24 * 3600 * 1000)

TestSuite(sim_clock, .timeout = 10);

static int sleep_for_a_day(void *arg, GError **err)
{
    struct event *woken = arg;
    int result = await_deadline(deadline_in(DAY_MS), err);

    event_set(woken);
    return result;
}

static int turn_it(void *arg, GError **err)
{
    struct event woken = EVENT_INIT;
    struct scope *scope = scope_open("sleepers");
    int64_t began_us = g_get_monotonic_time();
    int64_t began_real_us = g_get_real_time();
    int64_t due_ms;

    (void)arg;
    scope_spawn(scope, "sleeper", sleep_for_a_day, &woken);
    await_turn(NULL);
    due_ms = sim_clock_next_timer_ms();
    cr_assert_eq(due_ms, sim_clock_now_ms() + DAY_MS);
    sim_clock_advance(due_ms - sim_clock_now_ms() - 1);
    await_deadline(deadline_in(0), NULL);
    cr_assert_not(event_is_set(&woken), "a millisecond too early");
    sim_clock_advance(1);
    await_deadline(deadline_in(0), NULL);
    cr_assert(event_is_set(&woken));
    cr_expect_eq(sim_clock_next_timer_ms(), INT64_MAX);
    cr_expect_eq(g_get_monotonic_time() - began_us, DAY_MS * 1000);
    cr_expect_eq(g_get_real_time() - began_real_us, DAY_MS * 1000);
    return scope_close(scope, err);
}

Test(sim_clock, day_is_over_when_it_is_turned_by_a_day_and_not_before)
{
    sim_clock_start();
    cr_expect_eq(fiber_run(turn_it, NULL, NULL), 0);
    sim_clock_stop();
}

Test(sim_clock, is_the_true_one_when_it_does_not_run)
{
    int64_t before_us = g_get_monotonic_time();

    while (g_get_monotonic_time() == before_us)
        continue;
}
