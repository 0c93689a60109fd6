#include "node/running_private.h"

#include "migration/guest/guest.h"
#include "migration/params_wire.h"
#include "migration/scenario/scenario.h"
#include "migration/storage/formats.h"
#include "migration/storage/plan.h"
#include "migration/vm/qmp_log.h"
#include "node/leaks.h"
#include "node/remove.h"
#include "node/resting.h"
#include "sync/fiber_report.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#define FORMATS_MS 30000 /* for the storage of its images */
#define REPORT_MS 60000  /* for sending a test's files over a slow link */

static void read_start(struct running *running, const Vtmh__StartTest *start)
{
    struct test *test = &running->test;
    struct params *params = params_from_wire(start->params, start->n_params);
    clone_names(params);

    g_autoptr(GStrvBuilder) names = g_strv_builder_new();
    g_autoptr(GStrvBuilder) addresses = g_strv_builder_new();
    for (size_t i = 0; i < start->n_hosts; i++) {
        g_strv_builder_add(names, start->hosts[i]->name);
        g_strv_builder_add(addresses, start->hosts[i]->address);
    }
    running->names = g_strv_builder_end(names);
    running->addresses = g_strv_builder_end(addresses);

    test->id = start->test;
    test->name = g_strdup(start->name);
    test->params = params;
    test->only_agree = start->only_agree;
    running->holds = g_new0(char *, start->n_holds + 1);
    for (size_t i = 0; i < start->n_holds; i++)
        running->holds[i] = g_strdup(start->holds[i]);
    test->holds = (const char *const *)running->holds;
    test->keep = start->keep;
    test->meets_kept = start->meets_kept;
    test->n_hosts = (unsigned)start->n_hosts;
    test->self = start->self;
    test->names = (const char *const *)running->names;
    test->addresses = (const char *const *)running->addresses;
    test->host = &running->host;
    test->ops = &running_test_ops;
    test->node = running;
    test_init(test);
}

/* Makes the test's folders and its log. */
static int make_folders(struct running *running, GError **err)
{
    struct node *node = running->node;
    running->dir =
        g_strdup_printf("%s/test-%" G_GUINT64_FORMAT, ledger_dir(node->ledger), running->test.id);
    running->host = (struct host){
        .ops = &running_host_ops,
        .node = running,
        .name = node->name,
        .job = node->job,
        .address = node->address,
        .log_dir = g_build_filename(running->dir, "log", NULL),
        .run_dir = g_build_filename(running->dir, "run", NULL),
        .base_dir = g_path_get_dirname(ledger_dir(node->ledger)),
        .guests_dir = node->guests_dir,
        .user_prefix = running->holds[0] != NULL || running->test.keep
                           ? g_strdup_printf("%s/%" G_GUINT64_FORMAT "-", ledger_dir(node->ledger),
                                             running->test.id)
                           : NULL,
        .known = qmp_log_known_new(),
    };
    g_autofree char *log_path = g_build_filename(running->host.log_dir, "test.log", NULL);
    if (g_mkdir_with_parents(running->host.log_dir, 0700) < 0 ||
        g_mkdir_with_parents(running->host.run_dir, 0700) < 0 ||
        (running->log = fopen(log_path, "ae")) == NULL) {
        g_set_error(err, SYNC_ERROR, SYNC_ERROR_SYSTEM, "cannot write in %s: %s", running->dir,
                    g_strerror(errno));
        return -1;
    }
    return 0;
}

struct running *running_ref(struct running *running)
{
    running->references++;
    return running;
}

void running_unref(struct running *running)
{
    if (--running->references > 0)
        return;
    if (running->log != NULL)
        fclose(running->log);
    if (running->dir != NULL)
        remove_tree(running->dir);
    if (running->meetings != NULL)
        meetings_free(running->meetings);
    test_clear(&running->test);
    params_unref((struct params *)running->test.params);
    g_free((char *)running->test.name);
    g_clear_pointer(&running->host.known, g_hash_table_unref);
    g_free((char *)running->host.log_dir);
    g_free((char *)running->host.user_prefix);
    g_free((char *)running->host.run_dir);
    g_free((char *)running->host.base_dir);
    g_strfreev(running->names);
    g_strfreev(running->addresses);
    g_hash_table_unref(running->told);
    g_ptr_array_unref(running->held);
    g_strfreev(running->holds);
    g_free(running->context);
    g_free(running->ended_by);
    g_clear_error(&running->cancelled);
    g_free(running->dir);
    g_free(running);
}

/* Something of ours that failed, whatever the test was doing. */
static struct test_cause own_failure(const char *message)
{
    return (struct test_cause){
        .status = VTMH__STATUS__STATUS_ERROR, .message = message, .about = ""};
}

/* The result: the error's status, else WARN, else PASS. A leak makes a pass a failure of ours.
 * leak: the first, in words that live as long as the result; NULL: there is none. */
static struct test_cause verdict(const struct running *running, const GError *error,
                                 const char *leak)
{
    struct test_cause cause = {.status = VTMH__STATUS__STATUS_PASS, .message = "", .about = ""};
    /* What had failed before the node was ended still counts. */
    if (running->ended_by != NULL &&
        (error == NULL || test_status_of(error) == VTMH__STATUS__STATUS_ABORTED))
        return own_failure(running->ended_by);
    if (error != NULL) {
        test_cause_of(&running->test, error, &cause);
    } else if (leak != NULL) {
        return own_failure(leak);
    } else if (running->test.warning != NULL) {
        cause.status = VTMH__STATUS__STATUS_WARN;
        cause.message = running->test.warning;
    }
    return cause;
}

static void tell_leaks(struct running *running, const GPtrArray *leaks)
{
    for (unsigned i = 0; i < leaks->len; i++) {
        Vtmh__Record leak = VTMH__RECORD__INIT;
        leak.body_case = VTMH__RECORD__BODY_LEAK;
        leak.leak = g_ptr_array_index(leaks, i);
        running_test_ops.record(running, &leak);
        host_log(&running->host, VTMH__LOG_LEVEL__LOG_ERROR, NULL, NULL, "left behind: %s",
                 leak.leak);
    }
}

static void report(struct running *running, const GError *error)
{
    struct node *node = running->node;
    struct test *test = &running->test;
    g_autoptr(GPtrArray) leaks = leaks_find(node, running->host.run_dir);
    tell_leaks(running, leaks);

    g_autoptr(GError) unsent = NULL;
    if (!running->is_orphan && files_send_rest(running->files, deadline_in(REPORT_MS), &unsent) < 0)
        node_log(node, "the files of test %" G_GUINT64_FORMAT " were not all sent: %s", test->id,
                 unsent->message);

    g_autofree char *leak = leaks->len > 0
                                ? g_strdup_printf("something was left behind after the test: %s",
                                                  (const char *)g_ptr_array_index(leaks, 0))
                                : NULL;
    g_auto(test_cause_t) cause = verdict(running, error, leak);
    g_autofree char *message = running_text_that_fits(cause.message);
    g_autofree char *context = error != NULL ? running_context_of(running, &cause) : g_strdup("");
    Vtmh__TestDone done = VTMH__TEST_DONE__INIT;
    done.test = test->id;
    done.status = cause.status;
    done.message = message;
    done.context = context;
    done.evidence = cause.evidence;
    done.cause_us = cause.at_us;
    done.about = (char *)cause.about;
    done.moves_nothing = test->moves_nothing;
    done.keeps_vms = node->resting->len > 0;
    done.type = (char *)params_get_or(test->params, "type", "");
    done.guest = (char *)guest_name(test->params);
    done.records = records_count(running->records);
    Vtmh__Envelope envelope = VTMH__ENVELOPE__INIT;
    envelope.body_case = VTMH__ENVELOPE__BODY_TEST_DONE;
    envelope.test_done = &done;
    node_send(node, &envelope);
    records_end(g_steal_pointer(&running->records));
}

static int run_scenario(void *arg, GError **err)
{
    struct running *running = arg;
    struct test *test = &running->test;

    return image_formats_find((struct params *)test->params, deadline_in(FORMATS_MS), err) < 0
               ? -1
               : scenario_run(test, err);
}

/* The test from first to last; never fails itself. */
static int run(void *arg, GError **err)
{
    (void)err;
    struct running *running = arg;
    struct node *node = running->node;
    g_autoptr(GError) error = NULL;

    struct scope *scope = scope_open("test");
    running->files = files_new(node, running->test.id, running->host.log_dir);
    scope_spawn_detached(scope, "files", files_travel, running->files);
    running->fiber = fiber_ref(scope_spawn(scope, "scenario", run_scenario, running));
    if (running->cancelled != NULL)
        fiber_cancel(running->fiber, running->cancelled);
    /* The fiber's own error, also when it was cancelled, which a scope does not count. */
    fiber_shield();
    fiber_join(running->fiber, DEADLINE_NEVER, &error);
    fiber_unshield();
    g_clear_pointer(&running->fiber, fiber_unref);
    running->is_over = true;
    scope_abandon(scope);

    /* The report goes out even if the node is about to end. */
    fiber_shield();
    report(running, error);
    fiber_unshield();
    g_clear_pointer(&running->files, files_free);
    link_set_context(node->link, 0, "idle");
    node->running = NULL;
    event_set(&running->ended);
    running_unref(running);
    return 0;
}

void running_start(struct node *node, const Vtmh__StartTest *start)
{
    struct running *running = g_new0(struct running, 1);
    running->references = 1;
    running->node = node;
    running->context = g_strdup("starting");
    running->held = g_ptr_array_new();
    running->told = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    read_start(running, start);
    running->meetings = meetings_new(node, start->test, (unsigned)start->n_hosts);
    if (start->n_holds > 0)
        meetings_be_patient(running->meetings);
    running->records = records_new(node, start->test);
    if (start->failed_before)
        resting_spoil(node, node->last_test);
    node->last_test = start->test;
    node->running = running;

    g_autoptr(GError) error = NULL;
    if (make_folders(running, &error) < 0) {
        Vtmh__TestDone done = VTMH__TEST_DONE__INIT;
        done.test = start->test;
        done.status = VTMH__STATUS__STATUS_ERROR;
        done.message = error->message;
        done.keeps_vms = node->resting->len > 0;
        Vtmh__Envelope envelope = VTMH__ENVELOPE__INIT;
        envelope.body_case = VTMH__ENVELOPE__BODY_TEST_DONE;
        envelope.test_done = &done;
        node_send(node, &envelope);
        node->running = NULL;
        records_end(running->records);
        running_unref(running);
        return;
    }
    scope_spawn_detached(node->scope, "test", run, running);
}

void running_release(struct running *running, const Vtmh__Release *release)
{
    if (running != NULL && running->test.id == release->test)
        meetings_release(running->meetings, release);
}

/* Cancels the scenario, also one that has not begun yet. */
static void cancel(struct running *running, const char *cause)
{
    if (running->cancelled != NULL)
        return;
    running->cancelled = g_error_new_literal(SYNC_ERROR, SYNC_ERROR_CANCELLED, cause);
    host_log(&running->host, VTMH__LOG_LEVEL__LOG_WARNING, NULL, NULL, "aborted: %s", cause);
    if (running->fiber != NULL)
        fiber_cancel(running->fiber, running->cancelled);
}

static void tell_fiber(void *arg, const char *line)
{
    struct running *running = arg;
    host_log(&running->host, VTMH__LOG_LEVEL__LOG_DEBUG, NULL, NULL, "fiber %s", line);
}

void running_abort(struct running *running, const Vtmh__Abort *abort)
{
    if (running == NULL || running->test.id != abort->test)
        return;
    const char *origin = abort->origin >= 0 && (unsigned)abort->origin < running->test.n_hosts
                             ? running->test.names[abort->origin]
                             : "coordinator";
    g_autofree char *cause = g_strdup_printf("%s: %s", origin, abort->message);
    /* Somebody was waited for in vain: what stood still here is seen only now. */
    if (abort->timeout || abort->origin < 0)
        fibers_tell_all(tell_fiber, running);
    if (*abort->tag == '\0' && abort->scope == 0) {
        cancel(running, cause);
        return;
    }
    if (*abort->tag == '\0')
        host_log(&running->host, VTMH__LOG_LEVEL__LOG_INFO, NULL, NULL, "the leg is aborted: %s",
                 cause);
    meetings_abort(running->meetings, abort);
}

void running_go_on(struct running *running, const Vtmh__GoOn *go_on)
{
    if (running != NULL && running->test.id == go_on->test)
        running_let_go(running, go_on->at);
}

void running_end_soon(struct running *running, const Vtmh__EndSoon *end)
{
    if (running != NULL && running->test.id == end->test)
        running->test.last_leg = end->leg;
}

void running_end_by_node(struct running *running, char *cause)
{
    running->ended_by = cause;
    const struct test_cause ended = own_failure(cause);
    running_test_ops.failing(running, 0, &ended);
    cancel(running, cause);
    running_let_go(running, NULL);
}

void running_end(struct running *running, const char *cause)
{
    if (running != NULL && !running->is_over && running->ended_by == NULL)
        running_end_by_node(running, g_strdup_printf("the node was ended: %s", cause));
}

void running_orphan(struct running *running)
{
    running->is_orphan = true;
    meetings_end(running->meetings, "the coordinator is lost");
    running_let_go(running, NULL);
}

struct event *running_ended(struct running *running)
{
    return &running->ended;
}
