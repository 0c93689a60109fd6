#include "orchestrator/user_watch.h"

#include <signal.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define TICK_MS 1000

struct user_watch {
    struct user_events events;
    uv_signal_t interrupt, terminate, hangup, resize, report;
    uv_timer_t timeout, tick;
    bool hears_hangup;
    unsigned n_open;
};

static void on_interrupt(uv_signal_t *handle, int signum)
{
    const struct user_watch *watch = handle->data;
    (void)signum;
    watch->events.interrupt(watch->events.arg);
}

static void on_terminate(uv_signal_t *handle, int signum)
{
    const struct user_watch *watch = handle->data;
    (void)signum;
    watch->events.terminate(watch->events.arg);
}

static void on_resize(uv_signal_t *handle, int signum)
{
    const struct user_watch *watch = handle->data;
    struct winsize size;
    (void)signum;
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        watch->events.resize(watch->events.arg, size.ws_col, size.ws_row);
}

static void on_report(uv_signal_t *handle, int signum)
{
    const struct user_watch *watch = handle->data;
    (void)signum;
    watch->events.report(watch->events.arg);
}

static void on_timeout(uv_timer_t *timer)
{
    const struct user_watch *watch = timer->data;
    watch->events.time_over(watch->events.arg);
}

static void on_tick(uv_timer_t *timer)
{
    const struct user_watch *watch = timer->data;
    watch->events.tick(watch->events.arg);
}

static void watch_signal(struct user_watch *watch, uv_signal_t *handle, int signum, uv_signal_cb fn)
{
    uv_signal_init(fiber_loop(), handle);
    handle->data = watch;
    uv_signal_start(handle, fn, signum);
    watch->n_open++;
}

static void watch_time(struct user_watch *watch, uv_timer_t *timer, int64_t ms, int64_t repeat_ms,
                       uv_timer_cb fn)
{
    uv_timer_init(fiber_loop(), timer);
    timer->data = watch;
    if (ms > 0)
        uv_timer_start(timer, fn, (uint64_t)ms, (uint64_t)repeat_ms);
    watch->n_open++;
}

/* Under nohup the end of the terminal is no reason to end. */
static bool hangup_is_ignored(void)
{
    struct sigaction action;
    return sigaction(SIGHUP, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}

void user_watch_ignore_questions(void)
{
    signal(SIGUSR1, SIG_IGN);
    signal(SIGUSR2, SIG_IGN);
}

struct user_watch *user_watch_start(const struct user_events *events, int64_t timeout_ms)
{
    struct user_watch *watch = g_new0(struct user_watch, 1);
    watch->events = *events;
    watch_signal(watch, &watch->interrupt, SIGINT, on_interrupt);
    watch_signal(watch, &watch->terminate, SIGTERM, on_terminate);
    watch->hears_hangup = !hangup_is_ignored();
    if (watch->hears_hangup)
        watch_signal(watch, &watch->hangup, SIGHUP, on_terminate);
    watch_signal(watch, &watch->resize, SIGWINCH, on_resize);
    watch_signal(watch, &watch->report, SIGUSR2, on_report);
    watch_time(watch, &watch->timeout, timeout_ms, 0, on_timeout);
    watch_time(watch, &watch->tick, TICK_MS, TICK_MS, on_tick);
    return watch;
}

static void on_closed(uv_handle_t *handle)
{
    struct user_watch *watch = handle->data;
    if (--watch->n_open == 0)
        g_free(watch);
}

void user_watch_stop(struct user_watch *watch)
{
    uv_close((uv_handle_t *)&watch->interrupt, on_closed);
    uv_close((uv_handle_t *)&watch->terminate, on_closed);
    if (watch->hears_hangup)
        uv_close((uv_handle_t *)&watch->hangup, on_closed);
    uv_close((uv_handle_t *)&watch->resize, on_closed);
    uv_close((uv_handle_t *)&watch->report, on_closed);
    uv_close((uv_handle_t *)&watch->timeout, on_closed);
    uv_close((uv_handle_t *)&watch->tick, on_closed);
}
