/*
 * What a fiber costs, beside what the system has in its place: to start one and see its end, to
 * switch to one and back, and the memory of one that waits. The baselines, measured in turn in the
 * same run: a bare swapcontext() between two stacks, and threads.
 */
#include "sync/fiber.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#define TURNS 5 /* of each measurement; the median counts */
#define BARE_STACK 65536

static int fibers = 10000;
static int switches = 200000;

static int64_t now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static double resident_bytes(void)
{
    long pages = 0;
    FILE *file = fopen("/proc/self/statm", "re");

    if (!file || fscanf(file, "%*s %ld", &pages) != 1)
        g_error("cannot read /proc/self/statm");
    fclose(file);
    return (double)pages * (double)sysconf(_SC_PAGESIZE);
}

static int end_at_once(void *arg, GError **err)
{
    (void)arg;
    (void)err;
    return 0;
}

/* One after the other, as a test's legs do: each ends before the next begins. */
static double fiber_start_ns(GError **err)
{
    struct scope *scope = scope_open("start");
    int64_t began = now_ns();
    int result = 0;

    for (int i = 0; i < fibers && result == 0; i++) {
        scope_spawn(scope, "one", end_at_once, NULL);
        result = await_turn(err);
    }
    double ns = (double)(now_ns() - began) / fibers;
    return scope_close(scope, NULL) < 0 || result < 0 ? -1 : ns;
}

static int turn_often(void *arg, GError **err)
{
    (void)arg;
    for (int i = 0; i < switches; i++)
        if (await_turn(err) < 0)
            return -1;
    return 0;
}

/* From a fiber to the scheduler and from there to the other, as every wait does. */
static double fiber_switch_ns(GError **err)
{
    struct scope *scope = scope_open("turns");
    int64_t began = now_ns();

    scope_spawn(scope, "ping", turn_often, NULL);
    scope_spawn(scope, "pong", turn_often, NULL);
    if (scope_close(scope, err) < 0)
        return -1;
    return (double)(now_ns() - began) / (2.0 * switches);
}

static int wait_for(void *arg, GError **err)
{
    return await_event(arg, deadline_in(600000), err);
}

static double waiting_fiber_bytes(GError **err)
{
    struct event event = EVENT_INIT;
    struct scope *scope = scope_open("waiting");
    double before = resident_bytes();

    for (int i = 0; i < fibers; i++)
        scope_spawn(scope, "waits", wait_for, &event);
    int result = await_turn(err);
    double bytes = (resident_bytes() - before) / fibers;
    event_set(&event);
    return scope_close(scope, NULL) < 0 || result < 0 ? -1 : bytes;
}

static ucontext_t bare_main, bare_other;

static void bare_body(void)
{
    for (;;)
        swapcontext(&bare_other, &bare_main);
}

/* There and back: two switches, as between two fibers by way of the scheduler. */
static double bare_switch_ns(void)
{
    static char stack[BARE_STACK];

    getcontext(&bare_other);
    bare_other.uc_stack.ss_sp = stack;
    bare_other.uc_stack.ss_size = sizeof(stack);
    makecontext(&bare_other, bare_body, 0);
    int64_t began = now_ns();
    for (int i = 0; i < switches; i++)
        swapcontext(&bare_main, &bare_other);
    return (double)(now_ns() - began) / switches;
}

static void *thread_ends(void *arg)
{
    return arg;
}

static double thread_start_ns(void)
{
    int n = fibers / 10;
    int64_t began = now_ns();

    for (int i = 0; i < n; i++) {
        pthread_t thread;
        if (pthread_create(&thread, NULL, thread_ends, NULL) != 0)
            g_error("cannot start a thread");
        pthread_join(thread, NULL);
    }
    return (double)(now_ns() - began) / n;
}

static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
static pthread_barrier_t all_there;

static void *thread_waits(void *arg)
{
    pthread_barrier_wait(&all_there);
    pthread_mutex_lock(&gate);
    pthread_mutex_unlock(&gate);
    return arg;
}

static double waiting_thread_bytes(void)
{
    unsigned n = (unsigned)MIN(fibers / 10, 500);
    g_autofree pthread_t *threads = g_new(pthread_t, n);
    double before = resident_bytes();

    pthread_barrier_init(&all_there, NULL, n + 1);
    pthread_mutex_lock(&gate);
    for (unsigned i = 0; i < n; i++)
        if (pthread_create(&threads[i], NULL, thread_waits, NULL) != 0)
            g_error("cannot start a thread");
    pthread_barrier_wait(&all_there);
    double bytes = (resident_bytes() - before) / n;
    pthread_mutex_unlock(&gate);
    for (unsigned i = 0; i < n; i++)
        pthread_join(threads[i], NULL);
    pthread_barrier_destroy(&all_there);
    return bytes;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

static double median(double *values)
{
    qsort(values, TURNS, sizeof(*values), compare);
    return values[TURNS / 2];
}

static int run(void *arg, GError **err)
{
    double start[TURNS], turn[TURNS], bare[TURNS], thread[TURNS];

    (void)arg;
    /* Memory first: what was used once and given back is not counted again. */
    double fiber_bytes = waiting_fiber_bytes(err);
    if (fiber_bytes < 0)
        return -1;
    double thread_bytes = waiting_thread_bytes();
    for (int i = 0; i < TURNS; i++) {
        start[i] = fiber_start_ns(err);
        turn[i] = fiber_switch_ns(err);
        if (start[i] < 0 || turn[i] < 0)
            return -1;
        bare[i] = bare_switch_ns();
        thread[i] = thread_start_ns();
    }
    double start_ns = median(start), turn_ns = median(turn);
    double bare_ns = median(bare), thread_ns = median(thread);
    printf("{\"bench\": \"fiber\", \"fibers\": %d, \"start_ns\": %.0f, \"thread_start_ns\": %.0f, "
           "\"start_ratio\": %.3f, \"wait_ns\": %.0f, \"swapcontext_ns\": %.0f, \"ratio\": %.3f, "
           "\"waiting_bytes\": %.0f, \"waiting_thread_bytes\": %.0f}\n",
           fibers, start_ns, thread_ns, start_ns / thread_ns, turn_ns, bare_ns, turn_ns / bare_ns,
           fiber_bytes, thread_bytes);
    return 0;
}

static const GOptionEntry options[] = {
    {"fibers", 0, 0, G_OPTION_ARG_INT, &fibers, "how many are started, and wait (10000)", "N"},
    {"switches", 0, 0, G_OPTION_ARG_INT, &switches, "waits of each of two fibers (200000)", "N"},
    {NULL, 0, 0, 0, NULL, NULL, NULL},
};

int main(int argc, char **argv)
{
    g_autoptr(GOptionContext) context = g_option_context_new("- measure fibers");
    g_autoptr(GError) err = NULL;

    g_option_context_add_main_entries(context, options, NULL);
    if (!g_option_context_parse(context, &argc, &argv, &err) || argc > 1 || fibers < 100 ||
        switches < 1) {
        fprintf(stderr, "bench_fiber: %s\n",
                err != NULL ? err->message : "wrong arguments, see --help");
        return 4;
    }
    if (fiber_run(run, NULL, &err) == 0)
        return 0;
    fprintf(stderr, "bench_fiber: %s\n", err != NULL ? err->message : "failed");
    return 1;
}
