/*
 * For clock.sh: preloaded into a program, its CLOCK_REALTIME jumps back by an hour, and forth
 * again, every SET_CLOCK_MS milliseconds. Programs of other names, which inherit the preloading,
 * have the true clock, and so has CLOCK_MONOTONIC.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define JUMP_S 3600

static bool is_back(void)
{
    const char *text = getenv("SET_CLOCK_MS");
    long every_ms = text != NULL ? strtol(text, NULL, 10) : 0;
    struct timespec now;

    if (every_ms <= 0 || strcmp(program_invocation_short_name, "vtmh") != 0)
        return false;
    syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &now);
    return (now.tv_sec * 1000 + now.tv_nsec / 1000000) / every_ms % 2 == 1;
}

int clock_gettime(clockid_t clock, struct timespec *at)
{
    int result = (int)syscall(SYS_clock_gettime, clock, at);

    if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE) && is_back())
        at->tv_sec -= JUMP_S;
    return result;
}

int gettimeofday(struct timeval *restrict at, void *restrict zone)
{
    struct timespec now;

    (void)zone;
    clock_gettime(CLOCK_REALTIME, &now);
    *at = (struct timeval){now.tv_sec, now.tv_nsec / 1000};
    return 0;
}

time_t time(time_t *at)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    if (at != NULL)
        *at = now.tv_sec;
    return now.tv_sec;
}
