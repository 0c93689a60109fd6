#include "orchestrator/job.h"

#include "orchestrator/coordinator.h"
#include "orchestrator/recorder.h"
#include "orchestrator/tests.h"
#include "orchestrator/user_watch.h"

#include <unistd.h>

#define DEPLOY_MS 120000 /* connect, upload 30 MB over a slow line, start */
#define CONNECT_MS 10000
#define GOODBYE_MS 70000 /* a node first ends what it runs */
#define END_MS 2000      /* for the process of a local node to be gone after its good-bye */
#define GRACE_MS 60000   /* how long a lost host is waited for */

/* The job while it runs. */
struct work {
    struct job *job;
    struct recorder recorder;
    struct scope *listeners; /* fibers of the peers */
    GPtrArray *peers;        /* struct peer, in the order of the machines */
    struct coordinator *coordinator;
    struct fiber *body;
    const struct deploy_options *deploy_options;
    unsigned interrupts;
    bool is_testing; /* an interrupt aborts the test, not the body */
};

/* ---- getting the nodes up -------------------------------------------------------------------- */

struct one_node {
    struct work *work;
    const struct machine *machine;
    struct peer *peer;
    GError *error;
};

static int bring_up(void *arg, GError **err)
{
    struct one_node *node = arg;
    struct work *work = node->work;
    (void)err;
    struct deployed *deployed =
        deploy_node(node->machine, work->deploy_options, deadline_in(DEPLOY_MS), &node->error);
    if (deployed == NULL)
        return 0;
    display_host(work->job->display, node->machine->name, "connecting to the node");
    node->peer = peer_connect(deployed, work->job->result->id, work->listeners,
                              deadline_in(CONNECT_MS), &node->error);
    if (node->peer != NULL)
        display_host(work->job->display, node->machine->name, NULL);
    return 0;
}

/* All machines at once; every machine that cannot be had is told, not only the first. */
static int bring_up_all(struct work *work, GError **err)
{
    const GPtrArray *machines = work->job->options->machines;
    g_autofree struct one_node *nodes = g_new0(struct one_node, machines->len);
    struct scope *all = scope_open("deploy");
    for (unsigned i = 0; i < machines->len; i++) {
        nodes[i].work = work;
        nodes[i].machine = g_ptr_array_index(machines, i);
        scope_spawn(all, nodes[i].machine->name, bring_up, &nodes[i]);
    }
    scope_close(all, NULL);

    g_autoptr(GString) trouble = g_string_new(NULL);
    for (unsigned i = 0; i < machines->len; i++) {
        if (nodes[i].peer != NULL) {
            g_ptr_array_add(work->peers, nodes[i].peer);
            continue;
        }
        g_string_append_printf(trouble, "%s%s", trouble->len > 0 ? "\n" : "",
                               nodes[i].error->message);
        g_clear_error(&nodes[i].error);
    }
    if (fiber_is_cancelled()) {
        g_set_error(err, SYNC_ERROR, SYNC_ERROR_CANCELLED, "interrupted");
        return -1;
    }
    if (trouble->len > 0) {
        g_set_error_literal(err, DEPLOY_ERROR, DEPLOY_ERROR_HOST, trouble->str);
        return -1;
    }
    return 0;
}

/* ---- the tests ----------------------------------------------------------------------------------
 */

static bool is_failure(Vtmh__Status status)
{
    return status == VTMH__STATUS__STATUS_FAIL || status == VTMH__STATUS__STATUS_ERROR;
}

/* A test that will not be run, and why. */
static void skip_test(struct work *work, struct test_result *result, Vtmh__Status status,
                      const char *host, const char *why)
{
    result->status = status;
    result->fail_host = g_strdup(host);
    result->fail_cause = g_strdup(why);
    result->start_us = result->end_us = g_get_real_time();
    recorder_end_test(&work->recorder, result);
}

static void run_test(struct work *work, const struct params *params, struct test_result *result)
{
    recorder_begin_test(&work->recorder, result);
    work->is_testing = true;
    coordinator_run_test(work->coordinator, params, result);
    work->is_testing = false;
    recorder_end_test(&work->recorder, result);
}

/* Why no more tests are run; NULL: go on. */
struct stop {
    Vtmh__Status status;
    const char *host;
    char *why;
};

static void look_for_stop(struct work *work, const struct test_result *last, struct stop *stop)
{
    if (stop->why != NULL)
        return;
    if (work->interrupts > 0) {
        stop->status = VTMH__STATUS__STATUS_CANCEL;
        stop->why = g_strdup("the job was interrupted");
        return;
    }
    if (work->job->options->fail_fast && last != NULL && is_failure(last->status)) {
        stop->status = VTMH__STATUS__STATUS_CANCEL;
        stop->why =
            g_strdup_printf("not run: test %u failed and --fail-fast was given", last->number);
        return;
    }
    struct peer *gone = coordinator_await_hosts(work->coordinator, GRACE_MS);
    if (gone == NULL)
        return;
    stop->status = VTMH__STATUS__STATUS_CANCEL;
    stop->host = peer_name(gone);
    stop->why = event_is_set(&gone->goodbye)
                    ? g_strdup_printf("the node on %s was ended", peer_name(gone))
                    : g_strdup_printf("%s was lost and has not come back for %d s", peer_name(gone),
                                      GRACE_MS / 1000);
    work->job->result->exit_bits |= EXIT_BIT_JOB;
    if (work->job->result->trouble == NULL)
        work->job->result->trouble = g_strdup(stop->why);
}

static void run_tests(struct work *work)
{
    struct job *job = work->job;
    struct stop stop = {0};
    const struct test_result *last = NULL;
    unsigned number = 0;
    for (unsigned round = 0; round < job->options->repeat; round++) {
        for (unsigned i = 0; i < job->tests->len; i++) {
            const struct params *params = g_ptr_array_index(job->tests, i);
            struct test_result *result =
                test_result_new(++number, params_name(params), params_shortname(params));
            g_ptr_array_add(job->result->tests, result);
            look_for_stop(work, last, &stop);
            if (stop.why != NULL)
                skip_test(work, result, stop.status, stop.host, stop.why);
            else
                run_test(work, params, result);
            last = result;
        }
    }
    g_free(stop.why);
}

/* ---- the end ------------------------------------------------------------------------------------
 */

/* Ends one node; one that does not answer is cleaned up behind its back. */
static int take_leave(void *arg, GError **err)
{
    struct peer *peer = arg;
    (void)err;
    g_autoptr(GError) error = NULL;
    bool answers = event_is_set(&peer->goodbye) || (!peer->is_gone && !link_is_lost(peer->link));
    if (answers && peer_say_goodbye(peer, deadline_in(GOODBYE_MS), &error) == 0) {
        peer->is_gone = false;
        deploy_await_end(peer->deployed, deadline_in(END_MS));
        return 0;
    }
    peer->is_gone = true;
    return 0;
}

static void clean_up_gone(struct work *work, struct peer *peer)
{
    g_autoptr(GError) error = NULL;
    if (deploy_clean_up(peer->deployed, work->deploy_options, deadline_in(DEPLOY_MS), &error) == 0)
        return;
    display_message(
        work->job->display,
        "%s: could not clean up after its node: %s; once it is reachable, 'vtmh cleanup -m %s'"
        " removes what is left",
        peer_name(peer), error->message, peer->machine->written);
    work->job->result->exit_bits |= EXIT_BIT_JOB;
}

static void take_leave_of_all(struct work *work)
{
    fiber_shield();
    struct scope *all = scope_open("good-bye");
    for (unsigned i = 0; i < work->peers->len; i++) {
        struct peer *peer = g_ptr_array_index(work->peers, i);
        scope_spawn(all, peer_name(peer), take_leave, peer);
    }
    scope_close(all, NULL);
    for (unsigned i = 0; i < work->peers->len; i++) {
        struct peer *peer = g_ptr_array_index(work->peers, i);
        if (peer->is_gone)
            clean_up_gone(work, peer);
        for (unsigned l = 0; l < peer->final_leaks->len; l++)
            display_message(work->job->display, "left behind on %s",
                            (const char *)g_ptr_array_index(peer->final_leaks, l));
        if (peer->final_leaks->len > 0)
            work->job->result->exit_bits |= EXIT_BIT_JOB;
    }
    fiber_unshield();
}

static void say_state(const struct machine *machine, const char *state, void *arg)
{
    const struct work *work = arg;
    if (state != NULL)
        display_host(work->job->display, machine->name, state);
}

static int run_body(void *arg, GError **err)
{
    struct work *work = arg;
    struct job_result *result = work->job->result;
    (void)err;
    g_auto(GStrv) guests = tests_guests(work->job->tests);
    const struct deploy_options deploy_options = {
        .accept_new_host_keys = work->job->options->accept_new_host_keys,
        .command_hint = result->command_line,
        .guests = (const char *const *)guests,
        .progress = say_state,
        .arg = work,
    };
    work->deploy_options = &deploy_options;
    work->listeners = scope_open("links");

    g_autoptr(GError) error = NULL;
    if (bring_up_all(work, &error) < 0) {
        result->exit_bits |= work->interrupts > 0 ? EXIT_BIT_INTERRUPTED : EXIT_BIT_JOB;
        result->trouble = g_strdup(error->message);
    } else {
        struct coordinator_listener listener = recorder_listener(&work->recorder);
        work->coordinator =
            coordinator_new((struct peer *const *)work->peers->pdata, work->peers->len, &listener);
        run_tests(work);
        g_clear_pointer(&work->coordinator, coordinator_free);
    }
    take_leave_of_all(work);
    scope_abandon(g_steal_pointer(&work->listeners));
    /* While there is a loop on which their links can be closed. */
    g_ptr_array_set_size(work->peers, 0);
    return 0;
}

/* ---- what the user does meanwhile --------------------------------------------------------------
 */

/* Ends the test in progress, or what is done before and behind the tests. */
static void end_early(struct work *work, const char *why)
{
    if (work->is_testing)
        coordinator_interrupt(work->coordinator, VTMH__STATUS__STATUS_INTERRUPT, why);
    else
        fiber_cancel(work->body, NULL);
}

static void on_interrupt(void *arg)
{
    struct work *work = arg;
    if (++work->interrupts > 1) {
        display_message(work->job->display,
                        "leaving at once; the nodes remove what they made within %d s",
                        GRACE_MS / 1000);
        store_write_results(work->job->store, work->job->result, NULL);
        _exit(EXIT_BIT_INTERRUPTED);
    }
    display_message(work->job->display,
                    "interrupted: ending the test and cleaning up (once more: leave at once)");
    work->job->result->exit_bits |= EXIT_BIT_INTERRUPTED;
    end_early(work, "interrupted by the user");
}

static void on_time_over(void *arg)
{
    struct work *work = arg;
    work->interrupts++;
    display_message(work->job->display, "the job's time is over (--job-timeout)");
    work->job->result->exit_bits |= EXIT_BIT_JOB;
    end_early(work, "the job's time was over (--job-timeout)");
}

static void on_tick(void *arg)
{
    const struct work *work = arg;
    display_tick(work->job->display);
}

static void on_resize(void *arg, unsigned columns)
{
    const struct work *work = arg;
    display_set_columns(work->job->display, columns);
}

static int run_main(void *arg, GError **err)
{
    struct work *work = arg;
    const struct user_events events = {on_interrupt, on_time_over, on_tick, on_resize, work};
    struct user_watch *watch = user_watch_start(&events, work->job->options->job_timeout_ms);
    struct scope *scope = scope_open("job");
    work->body = scope_spawn(scope, "body", run_body, work);
    int result = scope_close(scope, err);
    user_watch_stop(watch);
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
    job->result->start_us = g_get_real_time();
    g_autoptr(GError) error = NULL;
    if (fiber_run(run_main, &work, &error) < 0) {
        job->result->exit_bits |= EXIT_BIT_JOB;
        if (job->result->trouble == NULL)
            job->result->trouble = g_strdup(error->message);
    }
    job->result->end_us = g_get_real_time();
    job->result->elapsed_s = (double)(g_get_monotonic_time() - began_us) / 1e6;
}
