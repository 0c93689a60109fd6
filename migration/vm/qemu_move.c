/*
 * Moving by QMP. A move is known by its MIGRATION events, from `setup` on: a QEMU that has been a
 * destination has said `completed` already.
 */
#include "migration/evidence.h"
#include "migration/vm/qemu.h"
#include "migration/vm/qemu_words.h"

#include <string.h>

#define PAUSED "pre-switchover" /* the status, and what migrate-continue names */
#define POSTCOPY "postcopy-active"
#define BROKEN "postcopy-paused"
#define EXIT_MS 1000 /* for a destination that failed to end by itself */

void qemu_move_on_status(struct qemu_vm *vm, const char *status, int64_t time_us)
{
    struct qemu_migration *m = &vm->migration;

    if (m->phase == QEMU_MIGRATION_ASKED && strcmp(status, "setup") == 0)
        m->phase = QEMU_MIGRATION_RUNS;
    if (m->phase != QEMU_MIGRATION_RUNS)
        return;
    g_strlcpy(m->status, status, sizeof m->status);
    g_strlcpy(vm->base.move_status, status, sizeof(vm->base.move_status));
    vm->base.is_postcopy = vm->base.is_postcopy || strcmp(status, POSTCOPY) == 0;
    event_set(&vm->base.move_changed);
    if (strcmp(status, BROKEN) == 0) {
        m->phase = QEMU_MIGRATION_BROKEN;
        event_set(&m->ended);
        return;
    }
    if (strcmp(status, PAUSED) == 0) {
        m->pauses++;
        event_set(&m->paused);
    }
    if (strcmp(status, "completed") != 0 && strcmp(status, "failed") != 0 &&
        strcmp(status, "cancelled") != 0)
        return;
    m->phase = QEMU_MIGRATION_ENDED;
    if (strcmp(status, "completed") == 0)
        vm->base.completed_at_us = time_us;
    event_set(&m->ended);
}

/* From here on events are of the command that is about to be sent. */
static void expect(struct qemu_vm *vm, bool is_incoming)
{
    vm->migration.phase = QEMU_MIGRATION_ASKED;
    vm->migration.is_incoming = is_incoming;
    vm->migration.is_called_off = false;
    vm->migration.status[0] = vm->base.move_status[0] = '\0';
    vm->migration.pauses = 0;
    vm->base.is_postcopy = false;
    event_reset(&vm->migration.ended);
    event_reset(&vm->migration.paused);
    vm->base.stopped_at_us = 0;
    vm->base.resumed_at_us = 0;
    vm->base.completed_at_us = 0;
}

/* The port that QEMU listens on, by query-migrate; 0: it does not say. */
static uint16_t listening_port(json_t *reply)
{
    json_t *addresses = json_object_get(reply, "socket-address");
    const char *port = json_string_value(json_object_get(json_array_get(addresses, 0), "port"));
    guint64 number;

    if (port == NULL || !g_ascii_string_to_unsigned(port, 10, 1, UINT16_MAX, &number, NULL))
        return 0;
    return (uint16_t)number;
}

/* Gives QEMU its own descriptor of the stream, to be named in "fd:vtmh-move". */
static int give_fd(struct qemu_vm *vm, int fd, int64_t deadline, GError **err)
{
    return qemu_process_command(vm->process, "getfd", json_pack("{s:s}", "fdname", "vtmh-move"), fd,
                                deadline, NULL, err);
}

/* A migration in post-copy that has lost its stream goes on over another. */
static int go_on_over(struct qemu_vm *vm, const char *uri, bool is_incoming, int64_t deadline,
                      GError **err)
{
    struct qemu_migration *m = &vm->migration;

    json_t *arguments = json_pack("{s:s}", "uri", uri);

    if (!is_incoming)
        json_object_set_new(arguments, "resume", json_true());
    m->phase = QEMU_MIGRATION_RUNS;
    event_reset(&m->ended);
    if (qemu_command(vm, is_incoming ? "migrate-recover" : "migrate", arguments, deadline, NULL,
                     err) == 0)
        return 0;
    m->phase = QEMU_MIGRATION_BROKEN;
    return -1;
}

static int begin(struct qemu_vm *vm, const char *uri, bool is_incoming, int64_t deadline,
                 GError **err)
{
    if (vm->migration.phase == QEMU_MIGRATION_BROKEN)
        return go_on_over(vm, uri, is_incoming, deadline, err);
    expect(vm, is_incoming);
    if (is_incoming && vm->migration.listens) {
        vm->migration.phase = QEMU_MIGRATION_RUNS; /* `setup` was before there was a monitor */
        return 0;
    }
    if (qemu_command(vm, is_incoming ? "migrate-incoming" : "migrate",
                     json_pack("{s:s}", "uri", uri), deadline, NULL, err) == 0)
        return 0;
    vm->migration.phase = QEMU_MIGRATION_NONE;
    return -1;
}

int qemu_incoming_fd(struct vm *base, int fd, int64_t deadline, GError **err)
{
    struct qemu_vm *vm = qemu_vm(base);

    return give_fd(vm, fd, deadline, err) < 0 ? -1 : begin(vm, "fd:vtmh-move", true, deadline, err);
}

int qemu_incoming_uri(struct vm *base, const char *uri, uint16_t *port_out, int64_t deadline,
                      GError **err)
{
    struct qemu_vm *vm = qemu_vm(base);
    json_auto_t *reply = NULL;

    if (begin(vm, uri, true, deadline, err) < 0) {
        g_prefix_error(err, "%s cannot listen on %s of %s: ", base->name, uri, base->host->name);
        return -1;
    }
    if (qemu_command(vm, "query-migrate", NULL, deadline, &reply, err) < 0)
        return -1;
    *port_out = listening_port(reply);
    return 0;
}

int qemu_migrate_fd(struct vm *base, int fd, int64_t deadline, GError **err)
{
    struct qemu_vm *vm = qemu_vm(base);

    return give_fd(vm, fd, deadline, err) < 0 ? -1
                                              : begin(vm, "fd:vtmh-move", false, deadline, err);
}

int qemu_migrate_uri(struct vm *base, const char *uri, int64_t deadline, GError **err)
{
    return begin(qemu_vm(base), uri, false, deadline, err);
}

/*
 * Why a migration failed: a source tells by QMP; a destination ends, and its reason is in what it
 * printed. Transfer full; NULL when nothing was said. *is_own_out: see qemu_words_why().
 */
static char *reason_of(struct qemu_vm *vm, int64_t deadline, bool *is_own_out)
{
    json_auto_t *reply = NULL;
    const char *text;

    if (!event_is_set(qemu_process_ended(vm->process)) &&
        qemu_process_command(vm->process, "query-migrate", NULL, -1,
                             deadline_min(deadline, deadline_in(EXIT_MS)), &reply, NULL) == 0) {
        text = json_string_value(json_object_get(reply, "error-desc"));
        if (text != NULL) {
            *is_own_out = !qemu_words_is_symptom(text);
            return g_strdup(text);
        }
    }
    return qemu_process_last_words(vm->process, is_own_out);
}

char *qemu_own_words(struct vm *base)
{
    bool are_own = false;
    g_autofree char *words = qemu_process_last_words(qemu_vm(base)->process, &are_own);

    return are_own ? g_steal_pointer(&words) : NULL;
}

/* The error of a migration that has failed or was cancelled. */
static GError *failure_of(struct qemu_vm *vm, int64_t deadline)
{
    struct qemu_migration *m = &vm->migration;
    g_autofree char *reason = NULL;
    bool is_own = false;
    GError *error;

    /* A destination ends with its migration, and how it ends is the better evidence. */
    if (m->is_incoming && await_event(qemu_process_ended(vm->process),
                                      deadline_min(deadline, deadline_in(EXIT_MS)), NULL) == 0) {
        g_autoptr(GError) death = vm_death(&vm->base);

        if (evidence_of(death) > VTMH__EVIDENCE__EVIDENCE_SELF)
            return g_steal_pointer(&death);
    }
    reason = reason_of(vm, deadline, &is_own);
    error = g_error_new(VM_ERROR, VM_ERROR_MIGRATION, "migration of %s %s on %s%s%s", vm->base.name,
                        m->status, vm->base.host->name, reason != NULL ? ": " : "",
                        reason != NULL ? reason : "");
    return evidence_set(error,
                        is_own ? VTMH__EVIDENCE__EVIDENCE_SELF : VTMH__EVIDENCE__EVIDENCE_PEER, 0);
}

/* Lets a source go on that has stopped the guest and waits for a word before it sends the rest
 * (pause-before-switchover). One that was cancelled meanwhile waits no longer. */
static int go_on(struct qemu_vm *vm, int64_t deadline, GError **err)
{
    struct qemu_migration *m = &vm->migration;
    g_autoptr(GError) error = NULL;

    if (!event_is_set(&m->paused)) /* another fiber has seen it as well */
        return 0;
    event_reset(&m->paused);
    /* A script may have something to do at this status: it goes first. */
    if (await_turn(err) < 0)
        return -1;
    if (strcmp(m->status, PAUSED) != 0)
        return 0;
    if (qemu_mirrors_finish(vm, deadline, err) < 0)
        return -1;
    if (strcmp(m->status, PAUSED) != 0 ||
        qemu_command(vm, "migrate-continue", json_pack("{s:s}", "state", PAUSED), deadline, NULL,
                     &error) == 0 ||
        (g_error_matches(error, VM_ERROR, VM_ERROR_COMMAND) && strcmp(m->status, PAUSED) != 0))
        return 0;
    g_propagate_error(err, g_steal_pointer(&error));
    return -1;
}

/* Waits until the migration has ended, one way or another; a QEMU that dies before is an error, and
 * so is a disk's copy that fails, unless the migration was called off. */
static int await_end(struct qemu_vm *vm, int64_t deadline, GError **err)
{
    struct event *ended = &vm->migration.ended;
    struct event *events[] = {ended, qemu_process_ended(vm->process), &vm->mirrors.failed,
                              &vm->migration.paused};

    for (;;) {
        int first = await_any(events, vm->migration.is_called_off ? 2 : G_N_ELEMENTS(events),
                              deadline, err);
        if (first < 0)
            return -1;
        if (first < 2)
            break;
        if (first == 2 ? qemu_mirror_error(vm, err) < 0 : go_on(vm, deadline, err) < 0)
            return -1;
    }
    /* What it said before it ended may still be on its way to us. */
    if (!event_is_set(ended))
        qemu_process_await_silence(vm->process);
    if (event_is_set(ended))
        return 0;
    g_propagate_error(err, vm_death(&vm->base));
    return -1;
}

int qemu_await_migrated(struct vm *base, int64_t deadline, GError **err)
{
    struct qemu_vm *vm = qemu_vm(base);
    struct qemu_migration *m = &vm->migration;

    if (m->phase == QEMU_MIGRATION_NONE) {
        g_set_error(err, VM_ERROR, VM_ERROR_MIGRATION, "no migration of %s was begun on %s",
                    base->name, base->host->name);
        return -1;
    }
    if (await_end(vm, deadline, err) < 0)
        return -1;
    if (strcmp(m->status, "completed") == 0)
        return 0;
    if (m->phase == QEMU_MIGRATION_BROKEN)
        g_propagate_error(
            err,
            evidence_set(g_error_new(VM_ERROR, VM_ERROR_BROKEN,
                                     "the stream of %s broke in post-copy, as %s saw: the rest of "
                                     "its memory does not come",
                                     base->name, base->host->name),
                         VTMH__EVIDENCE__EVIDENCE_PEER, 0));
    else
        g_propagate_error(err, failure_of(vm, deadline));
    return -1;
}

int qemu_start_postcopy(struct vm *base, int64_t deadline, GError **err)
{
    return qemu_command(qemu_vm(base), "migrate-start-postcopy", NULL, deadline, NULL, err);
}

int qemu_pause_postcopy(struct vm *base, int64_t deadline, GError **err)
{
    return qemu_command(qemu_vm(base), "migrate-pause", NULL, deadline, NULL, err);
}

int qemu_migrate_cancel(struct vm *base, bool *completed_out, int64_t deadline, GError **err)
{
    struct qemu_vm *vm = qemu_vm(base);
    struct qemu_migration *m = &vm->migration;

    if (m->phase == QEMU_MIGRATION_NONE) {
        *completed_out = false;
        return 0;
    }
    if (m->phase == QEMU_MIGRATION_BROKEN) { /* it would be cancelling for ever */
        g_set_error(err, VM_ERROR, VM_ERROR_COMMAND,
                    "the migration of %s on %s has no stream: it cannot be cancelled", base->name,
                    base->host->name);
        return -1;
    }
    m->is_called_off = true;
    if (m->phase != QEMU_MIGRATION_ENDED &&
        qemu_command(vm, "migrate_cancel", NULL, deadline, NULL, err) < 0)
        return -1;
    if (await_end(vm, deadline, err) < 0)
        return -1;
    *completed_out = strcmp(m->status, "completed") == 0;
    return 0;
}
