#include "orchestrator/enter.h"
#include "orchestrator/guest_folders.h"
#include "orchestrator/job_private.h"

#include "orchestrator/tests.h"
#include "orchestrator/user_watch.h"
#include "sync/fiber_report.h"

#include <signal.h>
#include <unistd.h>

/* --dry-run=hosts: what the hosts say of themselves, in the place of tests on them. */
static void tell_hosts(const struct work *work)
{
    for (unsigned i = 0; i < work->peers->len; i++) {
        const struct peer *peer = g_ptr_array_index(work->peers, i);
        const Vtmh__Welcome *host = peer->welcome;
        g_autofree char *memory = g_format_size_full(host->memory_bytes, G_FORMAT_SIZE_IEC_UNITS);
        display_message(work->job->display, "%s: %s, Linux %s, %u CPUs (%s), %s, %s%s",
                        peer_name(peer), host->system, host->kernel, host->cpus, host->cpu, memory,
                        *host->libvirt != '\0' ? "libvirt " : "no libvirt", host->libvirt);
    }
}

static void say_state(const struct machine *machine, const char *state, void *arg)
{
    const struct work *work = arg;
    if (state != NULL)
        display_host(work->job->display, machine->name, state);
}

/* Gets the hosts ready for tests. Why there is nothing to run them on; NULL: there is. Transfer
 * full. */
static char *prepare_hosts(struct work *work)
{
    g_autoptr(GError) missing = NULL, refused = NULL;
    bool is_up = job_bring_up(work, &missing) == 0;
    bool goes_on = is_up || (work->end_cause == NULL && job_has_tuple(work));
    /* The user knows of his Ctrl-C, and of the time that is over it is noted already. */
    if (!is_up && work->end_cause == NULL)
        job_result_trouble(work->job->result, missing->message);
    if (goes_on && job_share_hosts(work, &refused) < 0) {
        if (work->end_cause == NULL)
            job_result_trouble(work->job->result, refused->message);
        goes_on = false;
    }
    if (!goes_on)
        return g_strdup(work->lost_cause != NULL ? work->lost_cause
                        : refused != NULL        ? refused->message
                                                 : missing->message);
    if (!is_up)
        display_message(work->job->display, "%s\nthe tests run on the other hosts",
                        missing->message);
    if (work->job->options->dry != RUN_REAL)
        tell_hosts(work);
    return NULL;
}

static int run_body(void *arg, GError **err)
{
    struct work *work = arg;
    (void)err;
    g_auto(GStrv) guests = guest_folders(work->job->tests);
    const struct deploy_options deploy_options = {
        .accept_new_host_keys = work->job->options->accept_new_host_keys,
        .command_hint = work->job->result->command_line,
        .guests = (const char *const *)guests,
        .progress = say_state,
        .arg = work,
    };
    work->deploy_options = &deploy_options;
    work->listeners = scope_open("links");

    if (!tests_any_runs(work->job->tests)) {
        job_run_tests(work, NULL); /* says why, and touches no host */
    } else {
        g_autofree char *no_hosts = prepare_hosts(work);
        job_run_tests(work, no_hosts);
    }
    job_take_leave(work);
    scope_abandon(g_steal_pointer(&work->listeners));
    /* While there is a loop on which their links can be closed. */
    g_ptr_array_set_size(work->peers, 0);
    job_clients_free(work);
    return 0;
}

/*
 * Ends the test in progress, or what is done before and behind the tests. test_cause is that
 * test's, job_cause that of those behind it (static).
 */
static void end_early(struct work *work, Vtmh__Status status, const char *test_cause,
                      const char *job_cause)
{
    if (work->end_cause == NULL)
        work->end_cause = job_cause;
    if (work->schedule != NULL)
        job_end_tests(work, status, test_cause);
    else
        fiber_cancel(work->body, NULL);
}

static void end_interrupted(struct work *work)
{
    work->job->result->exit_bits |= EXIT_BIT_INTERRUPTED;
    end_early(work, VTMH__STATUS__STATUS_INTERRUPT, "interrupted by the user",
              "the job was interrupted");
}

static void on_interrupt(void *arg)
{
    struct work *work = arg;
    struct job_result *result = work->job->result;
    if (++work->interrupts > 1) {
        display_message(work->job->display,
                        "leaving at once; the nodes remove what they made within %d s",
                        GRACE_MS / 1000);
        store_write_results(work->job->store, result, NULL);
        display_message(work->job->display, "results so far: %s", result->dir);
        _exit(job_result_exit_status(result));
    }
    display_message(work->job->display,
                    "interrupted: ending the test and cleaning up (once more: leave at once)");
    end_interrupted(work);
}

/* However often: only a user who presses Ctrl-C again wants to leave what is there. */
static void on_terminate(void *arg)
{
    struct work *work = arg;
    if (work->job->result->exit_bits & EXIT_BIT_INTERRUPTED)
        return;
    display_message(work->job->display, "told to end: ending the test and cleaning up");
    end_interrupted(work);
}

static void on_time_over(void *arg)
{
    struct work *work = arg;
    static const char cause[] = "the job's time was over (--job-timeout)";
    display_message(work->job->display, "the job's time is over: ending the test and cleaning up");
    job_result_trouble(work->job->result, cause);
    end_early(work, VTMH__STATUS__STATUS_CANCEL, cause, cause);
}

static void on_tick(void *arg)
{
    const struct work *work = arg;
    display_tick(work->job->display);
}

static void tell_fiber(void *arg, const char *line)
{
    const struct work *work = arg;
    display_message(work->job->display, "fiber %s", line);
}

static void on_resize(void *arg, unsigned columns, unsigned rows)
{
    const struct work *work = arg;
    display_set_size(work->job->display, columns, rows);
}

static void on_report(void *arg)
{
    struct work *work = arg;
    recorder_tell_drift(&work->recorder);
}

/* The loop leaves signals as they are by default, which would end us. */
static void stop_listening(struct user_watch *watch, struct fibers_on_signal *telling)
{
    sigset_t questions, before;
    sigemptyset(&questions);
    sigaddset(&questions, SIGUSR1);
    sigaddset(&questions, SIGUSR2);
    pthread_sigmask(SIG_BLOCK, &questions, &before);
    user_watch_stop(watch);
    fibers_on_signal_end(telling);
    user_watch_ignore_questions();
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static void on_enter(void *arg)
{
    job_go_on(arg, false);
}

static void on_no_enter(void *arg)
{
    const struct work *work = arg;
    display_message(work->job->display,
                    "no Enter can come from standard input: tests are not held (--hold)");
    job_go_on(arg, true);
}

static int run_main(void *arg, GError **err)
{
    struct work *work = arg;
    const struct user_events events = {on_interrupt, on_terminate, on_time_over, on_tick,
                                       on_resize,    on_report,    work};
    struct user_watch *watch = user_watch_start(&events, work->job->options->job_timeout_ms);
    struct fibers_on_signal *telling = fibers_on_signal(tell_fiber, work);
    struct scope *scope = scope_open("job");
    work->body = fiber_ref(scope_spawn(scope, "body", run_body, work));
    struct scope *listening = scope_open("user");
    struct enter *enter = work->job->options->holds != NULL
                              ? enter_listen(listening, on_enter, on_no_enter, work)
                              : NULL;
    int result = scope_close(scope, err);
    scope_abandon(listening);
    enter_free(enter);
    stop_listening(watch, telling);
    fiber_unref(work->body);
    return result;
}

static void free_peer(gpointer peer)
{
    peer_free(peer);
}

void job_run(struct job *job)
{
    g_autoptr(GPtrArray) peers = g_ptr_array_new_with_free_func(free_peer);
    struct work work = {.job = job, .peers = peers};
    recorder_init(&work.recorder, job);
    int64_t began_us = g_get_monotonic_time();
    g_autoptr(GError) error = NULL;
    if (fiber_run(run_main, &work, &error) < 0)
        job_result_trouble(job->result, error->message);
    recorder_clear(&work.recorder);
    g_free(work.lost_host);
    g_free(work.lost_cause);
    int64_t elapsed_us = g_get_monotonic_time() - began_us;
    job->result->end_us = job->result->start_us + elapsed_us;
    job->result->elapsed_s = (double)elapsed_us / 1e6;
}
