/* What is bound to a node of the host: each has node 0, with a CPU more than one that is taken. */
#include "migration/vm/numa.h"
#include "migration/vm/platform.h"

#include <criterion/criterion.h>
#include <sched.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

TestSuite(numa, .timeout = 20);

/* A thread that may run on one CPU only, until it is told to end. */
struct thread {
    const char *name;
    GThread *thread;
    pid_t id;
    GMutex lock;
    GCond changed;
    bool is_ready, is_over;
};

static void *run(void *arg)
{
    struct thread *thread = arg;
    cpu_set_t all, one;

    sched_getaffinity(0, sizeof all, &all);
    CPU_ZERO(&one);
    for (int cpu = 0; cpu < CPU_SETSIZE && CPU_COUNT(&one) == 0; cpu++)
        if (CPU_ISSET(cpu, &all))
            CPU_SET(cpu, &one);
    sched_setaffinity(0, sizeof one, &one);
    prctl(PR_SET_NAME, thread->name);
    g_mutex_lock(&thread->lock);
    thread->id = (pid_t)syscall(SYS_gettid);
    thread->is_ready = true;
    g_cond_broadcast(&thread->changed);
    while (!thread->is_over)
        g_cond_wait(&thread->changed, &thread->lock);
    g_mutex_unlock(&thread->lock);
    return NULL;
}

static void begin(struct thread *thread)
{
    thread->thread = g_thread_new(NULL, run, thread);
    g_mutex_lock(&thread->lock);
    while (!thread->is_ready)
        g_cond_wait(&thread->changed, &thread->lock);
    g_mutex_unlock(&thread->lock);
}

static void end(struct thread *thread)
{
    g_mutex_lock(&thread->lock);
    thread->is_over = true;
    g_cond_broadcast(&thread->changed);
    g_mutex_unlock(&thread->lock);
    g_thread_join(thread->thread);
}

static int cpus_of(pid_t thread)
{
    cpu_set_t cpus;

    return sched_getaffinity(thread, sizeof cpus, &cpus) == 0 ? CPU_COUNT(&cpus) : 0;
}

static void skip_without_cpus(void)
{
    if (access("/sys/devices/system/node/node0/cpulist", R_OK) != 0 || cpus_of(0) < 2)
        cr_skip_test("this machine shows no node, or has one CPU");
}

Test(numa, threads_of_a_name_are_bound_and_no_others)
{
    struct thread worker = {.name = "vhost-1234"}, other = {.name = "other-1234"};
    g_autoptr(GError) error = NULL;

    skip_without_cpus();
    begin(&worker);
    begin(&other);
    cr_expect_eq(cpus_of(worker.id), 1);
    cr_expect_eq(numa_bind_named(getpid(), "vhost-1234", 0, &error), 0, "%s",
                 error != NULL ? error->message : "");
    cr_expect_gt(cpus_of(worker.id), 1);
    cr_expect_eq(cpus_of(other.id), 1);
    cr_expect_eq(numa_bind_thread(other.id, 0, NULL), 0);
    cr_expect_gt(cpus_of(other.id), 1);
    end(&worker);
    end(&other);
}

Test(numa, a_node_that_there_is_not_is_told_and_a_thread_that_has_ended_is_no_error)
{
    struct thread gone = {.name = "gone"};
    g_autoptr(GError) error = NULL;

    skip_without_cpus();
    cr_expect_eq(numa_bind_thread(0, 4095, &error), -1);
    cr_assert_not_null(error);
    cr_expect(g_error_matches(error, VM_ERROR, VM_ERROR_START));
    cr_expect_not_null(strstr(error->message, "NUMA node 4095"), "%s", error->message);
    cr_expect(numa_has_node(numa_last_node()) && !numa_has_node(4095));
    begin(&gone);
    end(&gone);
    cr_expect_eq(numa_bind_thread(gone.id, 0, NULL), 0);
}
