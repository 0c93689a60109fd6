#include "orchestrator/job.h"

#include "orchestrator/addresses.h"
#include "orchestrator/coordinator.h"
#include "orchestrator/dependencies.h"
#include "orchestrator/recorder.h"
#include "orchestrator/share.h"
#include "orchestrator/test_name.h"
#include "orchestrator/tests.h"
#include "orchestrator/user_watch.h"
#include "sync/fiber_report.h"

#include <string.h>
#include <unistd.h>

#define DEPLOY_MS 120000 /* connect, upload 30 MB over a slow line, start */
#define CONNECT_MS 10000
#define SHARE_MS 60000    /* for all hosts to look whether other jobs are in the way */
#define GOODBYE_MS 70000  /* a node first ends what it runs */
#define END_MS 2000       /* for the process of a local node to be gone after its good-bye */
#define GRACE_MS 60000    /* how long a lost host is waited for */
#define CLEAN_UP_MS 20000 /* behind the back of a node that does not answer */

/* The job while it runs. */
struct work {
    struct job *job;
    struct recorder recorder;
    struct scope *listeners; /* fibers of the peers */
    GPtrArray *peers;        /* struct peer, in the order of the machines */
    struct coordinator *coordinator;
    struct fiber *body;
    const struct deploy_options *deploy_options;
    char *lost_host;       /* the first machine on which no node could be put, or NULL */
    char *lost_cause;      /* why, without its name */
    unsigned n_coming_up;  /* machines that have neither a node yet nor failed */
    unsigned interrupts;   /* Ctrl-C */
    const char *end_cause; /* why the job ends before its last test, by the user's will or by
                              time: the first such reason. NULL: it goes on */
    bool is_testing;       /* an end aborts the test, not the body */
};

/* Removes what a node that does not answer has made. Also when the job is being ended. */
static void clean_up_after(struct work *work, const struct deployed *deployed)
{
    const struct machine *machine = deployed->machine;
    g_autoptr(GError) error = NULL;
    display_message(work->job->display, "cleaning up after %s, up to %d s", machine->name,
                    CLEAN_UP_MS / 1000);
    fiber_shield();
    int result = deploy_clean_up(deployed, work->deploy_options, deadline_in(CLEAN_UP_MS), &error);
    fiber_unshield();
    if (result == 0)
        return;
    g_autofree char *what =
        g_strdup_printf("%s: could not clean up after its node: %s; once it is reachable, 'vtmh"
                        " cleanup -m %s' removes what is left",
                        machine->name, error->message, machine->written);
    job_result_trouble(work->job->result, what);
}

struct one_node {
    struct work *work;
    const struct machine *machine;
    struct peer *peer;
    GError *error;
};

/* NULL with err; then nothing is left on the machine, or that is noted. */
static struct peer *put_node_on(struct work *work, const struct machine *machine, GError **err)
{
    struct deployed *deployed =
        deploy_node(machine, work->deploy_options, deadline_in(DEPLOY_MS), err);
    if (deployed == NULL)
        return NULL;
    display_host(work->job->display, machine->name, "connecting to the node");
    struct peer *peer = peer_connect(deployed, work->job->result->id, work->listeners,
                                     deadline_in(CONNECT_MS), err);
    if (peer != NULL)
        return peer;
    clean_up_after(work, deployed);
    deployed_free(deployed);
    return NULL;
}

/* A message of a machine without the name that such messages begin with. */
static const char *without_name(const struct machine *machine, const char *message)
{
    g_autofree char *name = g_strdup_printf("%s: ", machine->name);
    return g_str_has_prefix(message, name) ? message + strlen(name) : message;
}

/* The first line of why a machine cannot be had: the whole is told when all are through. */
static void tell_failure(const struct work *work, const struct machine *machine,
                         const GError *error)
{
    const char *why = without_name(machine, error->message);
    g_autofree char *line = g_strndup(why, strcspn(why, "\n"));
    display_host_fails(work->job->display, machine->name, line);
}

/* What the host is, for the record. */
static void tell_facts(const struct work *work, struct peer *peer)
{
    const Vtmh__Welcome *welcome = peer->welcome;
    peer->secrets = work->job->secrets;
    json_object_set_new(
        work->job->result->hosts, peer_name(peer),
        json_pack("{s:s, s:s, s:s, s:i, s:I, s:s}", "kernel", welcome->kernel, "system",
                  welcome->system, "cpu", welcome->cpu, "cpus", (int)welcome->cpus, "memory_bytes",
                  (json_int_t)welcome->memory_bytes, "vtmh_node", welcome->version));
}

static int bring_up(void *arg, GError **err)
{
    struct one_node *node = arg;
    struct work *work = node->work;
    (void)err;
    node->peer = put_node_on(work, node->machine, &node->error);
    if (node->peer != NULL)
        tell_facts(work, node->peer);
    work->n_coming_up--;
    if (node->peer != NULL)
        display_host(work->job->display, node->machine->name, NULL);
    else if (work->n_coming_up > 0)
        tell_failure(work, node->machine, node->error);
    return 0;
}

/* What the tests, which cannot be run, name as their cause: the first machine's. */
static void note_lost(struct work *work, const struct one_node *nodes, unsigned n)
{
    g_autoptr(GString) others = g_string_new(NULL);
    const struct one_node *first = NULL;
    for (unsigned i = 0; i < n; i++) {
        if (nodes[i].peer != NULL)
            continue;
        if (first == NULL)
            first = &nodes[i];
        else
            g_string_append_printf(others, "%s%s", others->len > 0 ? ", " : "",
                                   nodes[i].machine->name);
    }
    if (first == NULL)
        return;
    const char *why = without_name(first->machine, first->error->message);
    work->lost_host = g_strdup(first->machine->name);
    work->lost_cause = others->len == 0
                           ? g_strdup(why)
                           : g_strdup_printf("%s (%s cannot be used either)", why, others->str);
}

/* All machines at once; every machine that cannot be had is told, not only the first. */
static int bring_up_all(struct work *work, GError **err)
{
    const GPtrArray *machines = work->job->options->machines;
    g_autofree struct one_node *nodes = g_new0(struct one_node, machines->len);
    struct scope *all = scope_open("deploy");
    work->n_coming_up = machines->len;
    for (unsigned i = 0; i < machines->len; i++) {
        nodes[i].work = work;
        nodes[i].machine = g_ptr_array_index(machines, i);
        scope_spawn(all, nodes[i].machine->name, bring_up, &nodes[i]);
    }
    scope_close(all, NULL);
    if (!fiber_is_cancelled())
        note_lost(work, nodes, machines->len);

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
        g_set_error_literal(err, SYNC_ERROR, SYNC_ERROR_CANCELLED,
                            work->end_cause != NULL ? work->end_cause : "cancelled");
        return -1;
    }
    if (trouble->len > 0) {
        g_set_error_literal(err, DEPLOY_ERROR, DEPLOY_ERROR_HOST, trouble->str);
        return -1;
    }
    return 0;
}

/* Nothing is booted where another job is in the way. */
static int share_hosts(struct work *work, GError **err)
{
    const struct run_options *options = work->job->options;
    const struct share_request request = {work->job->result->id, work->job->tests, options->tuple,
                                          options->alone};
    struct peer *refusing;
    if (share_take((struct peer *const *)work->peers->pdata, work->peers->len, &request,
                   deadline_in(SHARE_MS), &refusing, err) == 0)
        return 0;
    if (!fiber_is_cancelled() && err != NULL) {
        work->lost_host = g_strdup(peer_name(refusing));
        work->lost_cause = g_strdup(without_name(refusing->machine, (*err)->message));
    }
    return -1;
}

static bool is_failure(Vtmh__Status status)
{
    return status == VTMH__STATUS__STATUS_FAIL || status == VTMH__STATUS__STATUS_ERROR;
}

/* A test that will not be run, and why. */
static void skip_test(struct work *work, const struct params *params, struct test_result *result,
                      Vtmh__Status status, const char *host, const char *why)
{
    result->status = status;
    result->fail_host = g_strdup(host);
    result->fail_cause = secrets_hide(work->job->secrets, why);
    recorder_leave_out(&work->recorder, params, result);
}

/* Of a test that has run: what the configuration should be told. */
static void add_warnings(struct test_result *result, const struct planned_test *planned)
{
    for (char **warning = planned->warnings; *warning != NULL; warning++) {
        test_result_note(result, *warning);
        if (result->status == VTMH__STATUS__STATUS_PASS)
            result->status = VTMH__STATUS__STATUS_WARN;
    }
}

static void run_test(struct work *work, const struct planned_test *planned,
                     struct test_result *result)
{
    result->hosts = coordinator_hosts(work->coordinator);
    g_autoptr(params) params = addresses_made_up(planned->params, g_strv_length(result->hosts));
    recorder_begin_test(&work->recorder, params, result);
    bool only_agree = work->job->options->dry != RUN_REAL;
    work->is_testing = true;
    coordinator_run_test(work->coordinator, params, only_agree, result);
    work->is_testing = false;
    if (only_agree && result->status == VTMH__STATUS__STATUS_PASS) {
        result->status = VTMH__STATUS__STATUS_SKIP;
        result->fail_cause = g_strdup("it would run: its hosts agree (--dry-run=hosts)");
    }
    add_warnings(result, planned);
    recorder_end_test(&work->recorder, result);
}

/* Why no more tests are run; NULL: go on. */
struct stop {
    Vtmh__Status status;
    const char *host;
    char *why;
};

/* A wait that may be long is announced. */
static void say_whom_we_await(struct work *work)
{
    for (unsigned i = 0; i < work->peers->len; i++) {
        struct peer *peer = g_ptr_array_index(work->peers, i);
        if (link_is_lost(peer->link) && !event_is_set(&peer->goodbye))
            display_message(work->job->display, "waiting for %s, at most %d s", peer_name(peer),
                            GRACE_MS / 1000);
    }
}

static void look_for_stop(struct work *work, const struct test_result *last, struct stop *stop)
{
    if (stop->why != NULL)
        return;
    stop->status = VTMH__STATUS__STATUS_CANCEL;
    if (work->end_cause != NULL) {
        stop->why = g_strdup(work->end_cause);
        return;
    }
    if (recorder_trouble(&work->recorder) != NULL) {
        stop->why = g_strdup_printf("not run: %s", recorder_trouble(&work->recorder));
        return;
    }
    if (work->job->options->fail_fast && last != NULL && is_failure(last->status)) {
        stop->why =
            g_strdup_printf("not run: test %u failed and --fail-fast was given", last->number);
        return;
    }
    say_whom_we_await(work);
    struct peer *gone = coordinator_await_hosts(work->coordinator, GRACE_MS);
    if (work->end_cause != NULL)
        stop->why = g_strdup(work->end_cause);
    if (gone == NULL || stop->why != NULL)
        return;
    stop->host = peer_name(gone);
    stop->why = event_is_set(&gone->goodbye)
                    ? g_strdup_printf("the node on %s was ended", peer_name(gone))
                    : g_strdup_printf("%s was lost and has not come back for %d s", peer_name(gone),
                                      GRACE_MS / 1000);
    job_result_trouble(work->job->result, stop->why);
}

/* Runs a test, or says why it is not to be run. */
static void deal_with(struct work *work, const struct planned_test *planned,
                      struct dependencies *dependencies, struct test_result *result)
{
    g_auto(GStrv) wanted = dependencies_wanted(planned->params);
    g_autofree char *unmet = NULL;
    for (char **note = planned->notes; *note != NULL; note++)
        test_result_note(result, *note);
    for (const char **key = planned->unknown; *key != NULL; key++)
        g_ptr_array_add(result->unknown_parameters, g_strdup(*key));
    if (planned->skip != NULL) {
        skip_test(work, planned->params, result, VTMH__STATUS__STATUS_SKIP, NULL, planned->skip);
    } else if ((unmet = dependencies_unmet(dependencies, (const char *const *)wanted)) != NULL) {
        result->is_unmet = true;
        skip_test(work, planned->params, result, VTMH__STATUS__STATUS_SKIP, NULL, unmet);
    } else {
        run_test(work, planned, result);
    }
    dependencies_note(dependencies, result);
}

static struct test_result *new_result(const struct work *work, const struct params *params,
                                      unsigned number)
{
    const char *file = work->job->options->selection.file;
    g_autofree char *name = test_name_full(params_name(params), file);
    g_autofree char *shortname =
        test_name_short(params_shortname(params), params_name(params), file);
    return test_result_new(number, name, shortname);
}

/* --dry-run=hosts: what the hosts say of themselves, in the place of tests on them. */
static void tell_hosts(const struct work *work)
{
    for (unsigned i = 0; i < work->peers->len; i++) {
        const struct peer *peer = g_ptr_array_index(work->peers, i);
        const Vtmh__Welcome *host = peer->welcome;
        g_autofree char *memory = g_format_size_full(host->memory_bytes, G_FORMAT_SIZE_IEC_UNITS);
        display_message(work->job->display, "%s: %s, Linux %s, %u CPUs (%s), %s", peer_name(peer),
                        host->system, host->kernel, host->cpus, host->cpu, memory);
    }
}

/* no_hosts: why there is nothing to run the tests on; NULL: there is. */
static void run_tests(struct work *work, const char *no_hosts)
{
    struct job *job = work->job;
    struct stop stop = {
        .status = VTMH__STATUS__STATUS_CANCEL, .host = work->lost_host, .why = g_strdup(no_hosts)};
    const struct test_result *last = NULL;
    unsigned number = 0;
    for (unsigned round = 0; round < job->options->repeat; round++) {
        g_autoptr(dependencies) dependencies = dependencies_new();
        for (unsigned i = 0; i < job->tests->len; i++) {
            const struct planned_test *planned = g_ptr_array_index(job->tests, i);
            struct test_result *result = new_result(work, planned->params, ++number);
            g_ptr_array_add(job->result->tests, result);
            if (planned->skip == NULL)
                look_for_stop(work, last, &stop);
            if (stop.why != NULL)
                skip_test(work, planned->params, result, stop.status, stop.host, stop.why);
            else
                deal_with(work, planned, dependencies, result);
            last = result;
        }
    }
    g_free(stop.why);
}

struct leave {
    struct work *work;
    struct peer *peer;
};

/* Ends one node; one that does not answer is cleaned up behind its back. */
static int take_leave(void *arg, GError **err)
{
    const struct leave *leave = arg;
    struct peer *peer = leave->peer;
    (void)err;
    g_autoptr(GError) error = NULL;
    bool answers = event_is_set(&peer->goodbye) || (!peer->is_gone && !link_is_lost(peer->link));
    if (answers && peer_say_goodbye(peer, deadline_in(GOODBYE_MS), &error) == 0) {
        peer->is_gone = false;
        deploy_await_end(peer->deployed, deadline_in(END_MS));
        return 0;
    }
    peer->is_gone = true;
    clean_up_after(leave->work, peer->deployed);
    return 0;
}

static void take_leave_of_all(struct work *work)
{
    fiber_shield();
    g_autofree struct leave *leaves = g_new(struct leave, work->peers->len);
    struct scope *all = scope_open("good-bye");
    for (unsigned i = 0; i < work->peers->len; i++) {
        struct peer *peer = g_ptr_array_index(work->peers, i);
        leaves[i] = (struct leave){work, peer};
        scope_spawn(all, peer_name(peer), take_leave, &leaves[i]);
    }
    scope_close(all, NULL);
    for (unsigned i = 0; i < work->peers->len; i++) {
        const struct peer *peer = g_ptr_array_index(work->peers, i);
        for (unsigned l = 0; l < peer->final_leaks->len; l++) {
            g_autofree char *what = g_strdup_printf(
                "left behind on %s", (const char *)g_ptr_array_index(peer->final_leaks, l));
            job_result_trouble(work->job->result, what);
        }
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
    (void)err;
    g_auto(GStrv) guests = tests_guests(work->job->tests);
    const struct deploy_options deploy_options = {
        .accept_new_host_keys = work->job->options->accept_new_host_keys,
        .command_hint = work->job->result->command_line,
        .guests = (const char *const *)guests,
        .progress = say_state,
        .arg = work,
    };
    work->deploy_options = &deploy_options;
    work->listeners = scope_open("links");

    g_autoptr(GError) error = NULL;
    if (!tests_any_runs(work->job->tests)) {
        run_tests(work, NULL); /* says why, and touches no host */
    } else if (bring_up_all(work, &error) < 0 || share_hosts(work, &error) < 0) {
        /* The user knows of his Ctrl-C, and of the time that is over it is noted already. */
        if (work->end_cause == NULL)
            job_result_trouble(work->job->result, error->message);
        run_tests(work, work->lost_cause != NULL ? work->lost_cause : error->message);
    } else {
        struct coordinator_listener listener = recorder_listener(&work->recorder);
        work->coordinator =
            coordinator_new((struct peer *const *)work->peers->pdata, work->peers->len, &listener);
        if (work->job->options->dry != RUN_REAL)
            tell_hosts(work);
        run_tests(work, NULL);
        g_clear_pointer(&work->coordinator, coordinator_free);
    }
    take_leave_of_all(work);
    scope_abandon(g_steal_pointer(&work->listeners));
    /* While there is a loop on which their links can be closed. */
    g_ptr_array_set_size(work->peers, 0);
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
    if (work->is_testing)
        coordinator_interrupt(work->coordinator, status, test_cause);
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

static int run_main(void *arg, GError **err)
{
    struct work *work = arg;
    const struct user_events events = {on_interrupt, on_terminate, on_time_over, on_tick,
                                       on_resize,    on_report,    work};
    struct user_watch *watch = user_watch_start(&events, work->job->options->job_timeout_ms);
    struct fibers_on_signal *telling = fibers_on_signal(tell_fiber, work);
    struct scope *scope = scope_open("job");
    work->body = fiber_ref(scope_spawn(scope, "body", run_body, work));
    int result = scope_close(scope, err);
    user_watch_stop(watch);
    fibers_on_signal_end(telling);
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
