#include "node/running.h"

#include "migration/guest/guest.h"
#include "migration/params_wire.h"
#include "migration/scenario/scenario.h"
#include "migration/storage/formats.h"
#include "migration/storage/plan.h"
#include "migration/vm/qmp_log.h"
#include "node/files.h"
#include "node/leaks.h"
#include "node/meetings.h"
#include "node/probing.h"
#include "node/records.h"
#include "node/remove.h"
#include "node/resting.h"
#include "sync/fiber_report.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define FORMATS_MS 30000 /* for the storage of its images */
#define REPORT_MS 60000  /* for sending a test's files over a slow link */

struct running {
    unsigned references;
    struct node *node;
    struct test test;
    struct host host;
    struct meetings *meetings;
    struct records *records; /* the node's; NULL when the test has reported */
    struct fiber *fiber;     /* of the scenario; NULL before and after it */
    GError *cancelled;       /* what the scenario is cancelled with, also before it begins */
    bool is_over;            /* the scenario has ended: what comes now does not change its result */
    struct event ended;
    bool is_orphan;      /* the coordinator is lost for good: nobody takes a report */
    char *context;       /* what the test is doing */
    char *ended_by;      /* why the node itself ended the test, or NULL */
    char *dir;           /* the test's folder here, with log/ and run/ below */
    FILE *log;           /* log/test.log */
    struct files *files; /* of log/, on their way; NULL before and after the test */
    GStrv names, addresses;
    GPtrArray *held; /* struct held: who waits for the user */
    GStrv holds;
    GHashTable *told; /* "VM ROLE": whose command line has been sent */
};

static int own(void *self, enum owned_kind kind, const char *what, GError **err)
{
    const struct running *running = self;
    return ledger_own(running->node->ledger, kind, what, err);
}

static void disown(void *self, enum owned_kind kind, const char *what)
{
    const struct running *running = self;
    ledger_disown(running->node->ledger, kind, what);
}

static const char *const level_names[] = {"DEBUG", "INFO", "WARNING", "ERROR"};

static void end_by_node(struct running *running, char *cause);

/* A disk that takes no log takes no ledger for long, and a test that nobody can look into proves
 * little. */
static void end_unlogged(struct running *running, int error)
{
    if (!running->is_over && running->ended_by == NULL)
        end_by_node(running, g_strdup_printf("cannot write the test's log in %s: %s",
                                             running->host.log_dir, g_strerror(error)));
}

/* A cause, or what QEMU has said, may be a whole log: it must fit into a message. Transfer full. */
static char *text_that_fits(const char *text)
{
    if (strlen(text) <= LINK_MAX_TEXT)
        return g_strdup(text);
    g_autofree char *bytes = g_strndup(text, LINK_MAX_TEXT);
    g_autofree char *cut = g_utf8_make_valid(bytes, -1);
    return g_strdup_printf("%s … (cut: %zu bytes)", cut, strlen(text));
}

static void log_record(void *self, Vtmh__LogLevel level, const char *role, const char *vm,
                       const char *text)
{
    struct running *running = self;
    g_autoptr(GDateTime) now = g_date_time_new_now_utc();
    g_autofree char *time = g_date_time_format(now, "%Y-%m-%dT%H:%M:%S.%fZ");
    if (fprintf(running->log, "%s %-7s %s %s: %s\n", time, level_names[level],
                role != NULL ? role : "-", vm != NULL ? vm : "-", text) < 0 ||
        fflush(running->log) != 0)
        end_unlogged(running, errno);

    g_autofree char *shown = text_that_fits(text);
    Vtmh__LogRecord record = VTMH__LOG_RECORD__INIT;
    record.test = running->test.id;
    record.time_us = g_get_real_time();
    record.level = level;
    record.role = (char *)(role != NULL ? role : "");
    record.vm = (char *)(vm != NULL ? vm : "");
    record.text = shown;
    Vtmh__Envelope envelope = VTMH__ENVELOPE__INIT;
    envelope.body_case = VTMH__ENVELOPE__BODY_LOG_RECORD;
    envelope.log_record = &record;
    node_send(running->node, &envelope);
}

static void context(void *self, const char *text)
{
    struct running *running = self;
    g_free(running->context);
    running->context = g_strdup(text);
    link_set_context(running->node->link, running->test.id, text);
}

static void progress(void *self, const Vtmh__Progress *progress_of_vm)
{
    struct running *running = self;
    Vtmh__Progress copy = *progress_of_vm;
    copy.test = running->test.id;
    Vtmh__Envelope envelope = VTMH__ENVELOPE__INIT;
    envelope.body_case = VTMH__ENVELOPE__BODY_PROGRESS;
    envelope.progress = &copy;
    node_send(running->node, &envelope);
}

static void platform(void *self, const Vtmh__Platform *agreed)
{
    struct running *running = self;
    Vtmh__Platform copy = *agreed;
    copy.test = running->test.id;
    Vtmh__Envelope envelope = VTMH__ENVELOPE__INIT;
    envelope.body_case = VTMH__ENVELOPE__BODY_PLATFORM;
    envelope.platform = &copy;
    node_send(running->node, &envelope);
}

/* Once for each VM and role: a test may have a million legs. */
static void command_line(void *self, const Vtmh__CommandLine *line)
{
    struct running *running = self;
    if (!g_hash_table_add(running->told, g_strdup_printf("%s %s", line->vm, line->role)))
        return;
    Vtmh__CommandLine copy = *line;
    copy.test = running->test.id;
    Vtmh__Envelope envelope = VTMH__ENVELOPE__INIT;
    envelope.body_case = VTMH__ENVELOPE__BODY_COMMAND_LINE;
    envelope.command_line = &copy;
    node_send(running->node, &envelope);
}

static int exchange(void *self, const struct test_meeting *meeting, GBytes *payload,
                    GPtrArray **answers_out, GError **err)
{
    const struct running *running = self;
    return meetings_exchange(running->meetings, meeting, payload, answers_out, err);
}

static void tell(void *self, const struct test_meeting *meeting, GBytes *payload)
{
    const struct running *running = self;
    meetings_tell(running->meetings, meeting, payload);
}

static void begin_scope(void *self, uint64_t scope, struct scope *fibers)
{
    const struct running *running = self;
    meetings_begin_scope(running->meetings, scope, fibers);
}

static void end_scope(void *self, uint64_t scope)
{
    const struct running *running = self;
    meetings_end_scope(running->meetings, scope);
}

/* Where a failure was, and during what, for the wire. Transfer full. */
static char *context_of(const struct running *running, const struct test_cause *cause)
{
    if (cause->doing != NULL)
        return text_that_fits(cause->doing);
    g_autofree char *text = g_strdup_printf("%s / %s", running->host.name, running->context);
    return text_that_fits(text);
}

static void failing(void *self, uint64_t scope, const struct test_cause *cause)
{
    struct running *running = self;
    bool is_failure = scope == 0 && cause->status != VTMH__STATUS__STATUS_SKIP;
    g_autofree char *message = text_that_fits(cause->message);
    g_autofree char *context = context_of(running, cause);
    g_autofree char *line = g_strdup_printf("%s: %s", context, cause->message);
    log_record(self, is_failure ? VTMH__LOG_LEVEL__LOG_ERROR : VTMH__LOG_LEVEL__LOG_INFO, NULL,
               NULL, line);
    Vtmh__TestFailing body = VTMH__TEST_FAILING__INIT;
    body.test = running->test.id;
    body.scope = scope;
    body.status = cause->status;
    body.message = message;
    body.context = context;
    body.evidence = cause->evidence;
    body.cause_us = cause->at_us;
    body.about = (char *)cause->about;
    Vtmh__Envelope envelope = VTMH__ENVELOPE__INIT;
    envelope.body_case = VTMH__ENVELOPE__BODY_TEST_FAILING;
    envelope.test_failing = &body;
    node_send(running->node, &envelope);
}

static void keep(void *self, struct vm *vm)
{
    const struct running *running = self;
    node_log(running->node, "process %d of %s is kept until the job ends", (int)vm_pid(vm),
             vm_name(vm));
    g_ptr_array_add(running->node->kept, vm);
    running->node->leaves_kept |= running->test.keep;
}

static void rest(void *self, struct kept *kept)
{
    struct running *running = self;
    resting_add(running, running->node, running->test.id, kept);
}

static const GPtrArray *resting(void *self)
{
    const struct running *running = self;
    return running->node->resting;
}

static void wake(void *self, struct kept *kept)
{
    const struct running *running = self;
    resting_wake(running->node, kept);
}

/* What cannot be told makes the test worthless: nobody would know of it. */
static void record(void *self, const Vtmh__Record *record)
{
    struct running *running = self;
    g_autoptr(GError) error = NULL;
    if (records_add(running->records, record, &error) < 0 && running->ended_by == NULL)
        end_by_node(running, g_strdup(error->message));
}

/* A fiber that waits for the user, on its stack. */
struct held {
    const char *at;
    struct event over;
};

static int hold(void *self, const char *at, const char *const *lines, GError **err)
{
    struct running *running = self;
    struct held held = {.at = at, .over = EVENT_INIT};
    Vtmh__Held body = VTMH__HELD__INIT;
    body.test = running->test.id;
    body.at = (char *)at;
    body.n_lines = g_strv_length((char **)lines);
    body.lines = (char **)lines;
    Vtmh__Envelope envelope = VTMH__ENVELOPE__INIT;
    envelope.body_case = VTMH__ENVELOPE__BODY_HELD;
    envelope.held = &body;
    if (running->is_orphan)
        return 0;
    g_ptr_array_add(running->held, &held);
    node_send(running->node, &envelope);
    int result = await_event(&held.over, DEADLINE_NEVER, err);
    g_ptr_array_remove(running->held, &held);
    return result;
}

/* at: NULL: all. */
static void let_go(const struct running *running, const char *at)
{
    for (unsigned i = 0; i < running->held->len; i++) {
        struct held *held = g_ptr_array_index(running->held, i);
        if (at == NULL || strcmp(held->at, at) == 0)
            event_set(&held->over);
    }
}

static int await_room(void *self, GError **err)
{
    const struct running *running = self;
    return records_await_room(running->records, err);
}

static int open_prober(void *self, const char *const *words, GError **err)
{
    const struct running *running = self;
    return probing_open(running->node, running->test.id, words, err);
}

static const struct host_ops host_ops = {
    own,      disown,       log_record, context, progress, keep,
    platform, command_line, rest,       resting, wake,     open_prober,
};
static const struct test_ops test_ops = {exchange, tell,   begin_scope, end_scope,
                                         failing,  record, hold,        await_room};

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
    test->ops = &test_ops;
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
        .ops = &host_ops,
        .node = running,
        .name = node->name,
        .job = node->job,
        .address = node->address,
        .log_dir = g_build_filename(running->dir, "log", NULL),
        .run_dir = g_build_filename(running->dir, "run", NULL),
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
        record(running, &leak);
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
    g_autofree char *message = text_that_fits(cause.message);
    g_autofree char *context = error != NULL ? context_of(running, &cause) : g_strdup("");
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
        let_go(running, go_on->at);
}

void running_end_soon(struct running *running, const Vtmh__EndSoon *end)
{
    if (running != NULL && running->test.id == end->test)
        running->test.last_leg = end->leg;
}

/* The node itself ends the test. cause: transfer full. */
static void end_by_node(struct running *running, char *cause)
{
    running->ended_by = cause;
    const struct test_cause ended = own_failure(cause);
    failing(running, 0, &ended);
    cancel(running, cause);
    let_go(running, NULL);
}

void running_end(struct running *running, const char *cause)
{
    if (running != NULL && !running->is_over && running->ended_by == NULL)
        end_by_node(running, g_strdup_printf("the node was ended: %s", cause));
}

void running_orphan(struct running *running)
{
    running->is_orphan = true;
    meetings_end(running->meetings, "the coordinator is lost");
    let_go(running, NULL);
}

struct event *running_ended(struct running *running)
{
    return &running->ended;
}
