/* It stands in for libc's functions: a program's own definition is found first, by its libraries as
 * well. */
#include "tests/unit/sim_clock.h"

#include "sync/fiber.h"

#include <stdbool.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define BEGIN_S 1000 /* CLOCK_MONOTONIC of a computer that was started a while ago */
#define MS_PER_S 1000
#define US_PER_MS 1000
#define NS_PER_MS 1000000
#define EPOCH_S 1767225600 /* CLOCK_REALTIME at CLOCK_MONOTONIC 0 */

static bool runs;
static int64_t now_ms;

void sim_clock_start(void)
{
    runs = true;
    now_ms = (int64_t)BEGIN_S * MS_PER_S;
}

void sim_clock_stop(void)
{
    runs = false;
}

void sim_clock_advance(int64_t ms)
{
    now_ms += ms;
}

int64_t sim_clock_now_ms(void)
{
    return now_ms;
}

static bool is_real_time(clockid_t clock)
{
    return clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE;
}

int clock_gettime(clockid_t clock, struct timespec *at)
{
    bool is_ours =
        is_real_time(clock) || clock == CLOCK_MONOTONIC || clock == CLOCK_MONOTONIC_COARSE;

    if (!runs || !is_ours)
        return (int)syscall(SYS_clock_gettime, clock, at);
    at->tv_sec = now_ms / MS_PER_S + (is_real_time(clock) ? EPOCH_S : 0);
    at->tv_nsec = now_ms % MS_PER_S * NS_PER_MS;
    return 0;
}

int gettimeofday(struct timeval *restrict at, void *restrict zone)
{
    struct timespec now;

    (void)zone;
    if (clock_gettime(CLOCK_REALTIME, &now) < 0)
        return -1;
    at->tv_sec = now.tv_sec;
    at->tv_usec = now.tv_nsec / US_PER_MS;
    return 0;
}

static void look_at_timer(uv_handle_t *handle, void *arg)
{
    int64_t *next_ms = arg;

    if (handle->type != UV_TIMER || !uv_is_active(handle))
        return;
    *next_ms = MIN(*next_ms, now_ms + (int64_t)uv_timer_get_due_in((uv_timer_t *)handle));
}

int64_t sim_clock_next_timer_ms(void)
{
    int64_t next_ms = INT64_MAX;

    uv_update_time(fiber_loop());
    uv_walk(fiber_loop(), look_at_timer, &next_ms);
    return next_ms;
}
