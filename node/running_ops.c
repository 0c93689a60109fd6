/* What a test can ask of the node that runs it. */
#include "node/running_private.h"

#include "node/probing.h"
#include "node/resting.h"

#include <errno.h>
#include <string.h>

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

/* A disk that takes no log takes no ledger for long, and a test that nobody can look into proves
 * little. */
static void end_unlogged(struct running *running, int error)
{
    if (!running->is_over && running->ended_by == NULL)
        running_end_by_node(running, g_strdup_printf("cannot write the test's log in %s: %s",
                                                     running->host.log_dir, g_strerror(error)));
}

char *running_text_that_fits(const char *text)
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

    g_autofree char *shown = running_text_that_fits(text);
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

char *running_context_of(const struct running *running, const struct test_cause *cause)
{
    if (cause->doing != NULL)
        return running_text_that_fits(cause->doing);
    g_autofree char *text = g_strdup_printf("%s / %s", running->host.name, running->context);
    return running_text_that_fits(text);
}

static void failing(void *self, uint64_t scope, const struct test_cause *cause)
{
    struct running *running = self;
    bool is_failure = scope == 0 && cause->status != VTMH__STATUS__STATUS_SKIP;
    g_autofree char *message = running_text_that_fits(cause->message);
    g_autofree char *context = running_context_of(running, cause);
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
        running_end_by_node(running, g_strdup(error->message));
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

void running_let_go(const struct running *running, const char *at)
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

const struct host_ops running_host_ops = {
    own,      disown,       log_record, context, progress, keep,
    platform, command_line, rest,       resting, wake,     open_prober,
};
const struct test_ops running_test_ops = {exchange, tell,   begin_scope, end_scope,
                                          failing,  record, hold,        await_room};
