/*
 * Moving by QMP. Capabilities and parameters are set and read back on both ends before each move,
 * so that what a former move of this QEMU has left does not count. A move is known by its MIGRATION
 * events, from `setup` on: a QEMU that has been a destination has said `completed` already.
 */
#include "migration/evidence.h"
#include "migration/vm/qemu.h"
#include "migration/vm/qemu_words.h"

#include <string.h>

#define UNLIMITED_BYTES_PER_S                                                                      \
    INT64_MAX        /* the largest that QEMU takes; its default is 128 MiB/s                      \
                      */
#define EXIT_MS 1000 /* for a destination that failed to end by itself */

void qemu_move_on_status(struct qemu_vm *vm, const char *status)
{
    struct qemu_migration *m = &vm->migration;

    if (m->phase == QEMU_MIGRATION_ASKED && strcmp(status, "setup") == 0)
        m->phase = QEMU_MIGRATION_RUNS;
    if (m->phase != QEMU_MIGRATION_RUNS)
        return;
    g_strlcpy(m->status, status, sizeof m->status);
    g_strlcpy(vm->base.move_status, status, sizeof(vm->base.move_status));
    event_set(&vm->base.move_changed);
    if (strcmp(status, "completed") != 0 && strcmp(status, "failed") != 0 &&
        strcmp(status, "cancelled") != 0)
        return;
    m->phase = QEMU_MIGRATION_ENDED;
    event_set(&m->ended);
}

/* From here on events are of the command that is about to be sent. */
static void expect(struct qemu_vm *vm, bool is_incoming)
{
    vm->migration.phase = QEMU_MIGRATION_ASKED;
    vm->migration.is_incoming = is_incoming;
    vm->migration.status[0] = vm->base.move_status[0] = '\0';
    event_reset(&vm->migration.ended);
    vm->base.stopped_at_us = 0;
    vm->base.resumed_at_us = 0;
}

/* What a capability must be for this move: as asked for, events always on, all else off. */
static bool wanted_state(const struct vm_move *move, const char *capability)
{
    if (strcmp(capability, "events") == 0)
        return true;
    return move->capabilities != NULL &&
           GPOINTER_TO_INT(g_hash_table_lookup(move->capabilities, capability)) != 0;
}

/* Those that are not as they must be, for migrate-set-capabilities. An item without a name is of no
 * use to anybody. Transfer full. */
static json_t *capabilities_to_set(const struct vm_move *move, json_t *current)
{
    json_t *changes = json_array();
    json_t *item;
    size_t i;

    json_array_foreach (current, i, item) {
        const char *name = json_string_value(json_object_get(item, "capability"));
        bool wanted = name != NULL && wanted_state(move, name);

        if (name != NULL && wanted != json_is_true(json_object_get(item, "state")))
            json_array_append_new(
                changes, json_pack("{s:s, s:b}", "capability", name, "state", (int)wanted));
    }
    return changes;
}

static int check_all_known(struct qemu_vm *vm, const struct vm_move *move, json_t *current,
                           GError **err)
{
    GHashTableIter iter;
    void *name;

    if (move->capabilities == NULL)
        return 0;
    g_hash_table_iter_init(&iter, move->capabilities);
    while (g_hash_table_iter_next(&iter, &name, NULL)) {
        bool is_known = false;
        json_t *item;
        size_t i;

        json_array_foreach (current, i, item)
            is_known = is_known ||
                       g_strcmp0(json_string_value(json_object_get(item, "capability")), name) == 0;
        if (is_known)
            continue;
        g_set_error(err, VM_ERROR, VM_ERROR_UNSUPPORTED,
                    "QEMU of %s on %s has no migration capability %s", vm->base.name,
                    vm->base.host->name, (const char *)name);
        return -1;
    }
    return 0;
}

static int set_capabilities(struct qemu_vm *vm, const struct vm_move *move, int64_t deadline,
                            GError **err)
{
    json_auto_t *before = NULL, *after = NULL, *changes = NULL, *left = NULL;

    if (qemu_command(vm, "query-migrate-capabilities", NULL, deadline, &before, err) < 0 ||
        check_all_known(vm, move, before, err) < 0)
        return -1;
    changes = capabilities_to_set(move, before);
    if (json_array_size(changes) == 0)
        return 0;
    if (qemu_command(vm, "migrate-set-capabilities", json_pack("{s:O}", "capabilities", changes),
                     deadline, NULL, err) < 0 ||
        qemu_command(vm, "query-migrate-capabilities", NULL, deadline, &after, err) < 0)
        return -1;
    left = capabilities_to_set(move, after);
    if (json_array_size(left) > 0) {
        g_set_error(err, VM_ERROR, VM_ERROR_COMMAND,
                    "QEMU of %s on %s does not take the migration capability %s", vm->base.name,
                    vm->base.host->name,
                    json_string_value(json_object_get(json_array_get(left, 0), "capability")));
        return -1;
    }
    return 0;
}

static int set_parameters(struct qemu_vm *vm, const struct vm_move *move, int64_t deadline,
                          GError **err)
{
    int64_t bandwidth = UNLIMITED_BYTES_PER_S;
    int64_t downtime_ms = move->downtime_limit_ms;
    json_auto_t *before = NULL, *after = NULL;

    if (move->max_bandwidth > 0 && move->max_bandwidth < (uint64_t)UNLIMITED_BYTES_PER_S)
        bandwidth = (int64_t)move->max_bandwidth;
    if (vm->migration.default_downtime_ms < 0) {
        const json_t *limit;

        if (qemu_command(vm, "query-migrate-parameters", NULL, deadline, &before, err) < 0)
            return -1;
        limit = json_object_get(before, "downtime-limit");
        if (!json_is_integer(limit) || json_integer_value(limit) < 0) {
            g_set_error(err, VM_ERROR, VM_ERROR_COMMAND,
                        "QEMU of %s on %s does not say its downtime limit", vm->base.name,
                        vm->base.host->name);
            return -1;
        }
        vm->migration.default_downtime_ms = json_integer_value(limit);
    }
    if (downtime_ms < 0)
        downtime_ms = vm->migration.default_downtime_ms;
    if (qemu_command(vm, "migrate-set-parameters",
                     json_pack("{s:I, s:I}", "max-bandwidth", (json_int_t)bandwidth,
                               "downtime-limit", (json_int_t)downtime_ms),
                     deadline, NULL, err) < 0 ||
        qemu_command(vm, "query-migrate-parameters", NULL, deadline, &after, err) < 0)
        return -1;
    if (json_integer_value(json_object_get(after, "max-bandwidth")) == bandwidth &&
        json_integer_value(json_object_get(after, "downtime-limit")) == downtime_ms)
        return 0;
    g_set_error(err, VM_ERROR, VM_ERROR_COMMAND,
                "QEMU of %s on %s does not take the bandwidth limit %" G_GINT64_FORMAT
                " bytes/s and the downtime limit %" G_GINT64_FORMAT " ms",
                vm->base.name, vm->base.host->name, bandwidth, downtime_ms);
    return -1;
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

int qemu_prepare_move(struct vm *base, const struct vm_move *move, int64_t deadline, GError **err)
{
    struct qemu_vm *vm = qemu_vm(base);

    return set_capabilities(vm, move, deadline, err) < 0 ? -1
                                                         : set_parameters(vm, move, deadline, err);
}

/* Gives QEMU its own descriptor of the stream, to be named in "fd:vtmh-move". */
static int give_fd(struct qemu_vm *vm, int fd, int64_t deadline, GError **err)
{
    return qemu_process_command(vm->process, "getfd", json_pack("{s:s}", "fdname", "vtmh-move"), fd,
                                deadline, NULL, err);
}

/* migrate or migrate-incoming. */
static int begin(struct qemu_vm *vm, const char *command, const char *uri, bool is_incoming,
                 int64_t deadline, GError **err)
{
    expect(vm, is_incoming);
    if (qemu_command(vm, command, json_pack("{s:s}", "uri", uri), deadline, NULL, err) == 0)
        return 0;
    vm->migration.phase = QEMU_MIGRATION_NONE;
    return -1;
}

int qemu_incoming_fd(struct vm *base, int fd, int64_t deadline, GError **err)
{
    struct qemu_vm *vm = qemu_vm(base);

    return give_fd(vm, fd, deadline, err) < 0
               ? -1
               : begin(vm, "migrate-incoming", "fd:vtmh-move", true, deadline, err);
}

int qemu_incoming_uri(struct vm *base, const char *uri, uint16_t *port_out, int64_t deadline,
                      GError **err)
{
    struct qemu_vm *vm = qemu_vm(base);
    json_auto_t *reply = NULL;

    if (begin(vm, "migrate-incoming", uri, true, deadline, err) < 0) {
        g_prefix_error(err, "%s cannot listen on %s of %s: ", base->name, uri, base->host->name);
        return -1;
    }
    if (qemu_command(vm, "query-migrate", NULL, deadline, &reply, err) < 0)
        return -1;
    *port_out = listening_port(reply);
    return 0;
}

int qemu_check_migratable(struct vm *base, int64_t deadline, GError **err)
{
    json_auto_t *reply = NULL;
    g_autoptr(GString) reasons = g_string_new(NULL);
    json_t *reason;
    size_t i;

    if (qemu_command(qemu_vm(base), "query-migrate", NULL, deadline, &reply, err) < 0)
        return -1;
    json_array_foreach (json_object_get(reply, "blocked-reasons"), i, reason) {
        if (!json_is_string(reason))
            continue;
        g_string_append_printf(reasons, "%s%s", reasons->len > 0 ? "; " : "",
                               json_string_value(reason));
    }
    if (reasons->len == 0)
        return 0;
    g_propagate_error(err, evidence_set(g_error_new(VM_ERROR, VM_ERROR_MIGRATION,
                                                    "QEMU cannot migrate %s from %s: %s",
                                                    base->name, base->host->name, reasons->str),
                                        VTMH__EVIDENCE__EVIDENCE_SELF, 0));
    return -1;
}

int qemu_migrate_fd(struct vm *base, int fd, int64_t deadline, GError **err)
{
    struct qemu_vm *vm = qemu_vm(base);

    return give_fd(vm, fd, deadline, err) < 0
               ? -1
               : begin(vm, "migrate", "fd:vtmh-move", false, deadline, err);
}

int qemu_set_speed(struct vm *base, uint64_t bytes_per_s, int64_t deadline, GError **err)
{
    int64_t limit = bytes_per_s > 0 && bytes_per_s < (uint64_t)UNLIMITED_BYTES_PER_S
                        ? (int64_t)bytes_per_s
                        : UNLIMITED_BYTES_PER_S;

    return qemu_command(qemu_vm(base), "migrate-set-parameters",
                        json_pack("{s:I}", "max-bandwidth", (json_int_t)limit), deadline, NULL,
                        err);
}

int qemu_set_downtime(struct vm *base, int64_t limit_ms, int64_t deadline, GError **err)
{
    return qemu_command(qemu_vm(base), "migrate-set-parameters",
                        json_pack("{s:I}", "downtime-limit", (json_int_t)limit_ms), deadline, NULL,
                        err);
}

int qemu_migrate_uri(struct vm *base, const char *uri, int64_t deadline, GError **err)
{
    return begin(qemu_vm(base), "migrate", uri, false, deadline, err);
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

/* Waits until the migration has ended, one way or another; a QEMU that dies before is an error. */
static int await_end(struct qemu_vm *vm, int64_t deadline, GError **err)
{
    struct event *ended = &vm->migration.ended;
    struct event *events[] = {ended, qemu_process_ended(vm->process)};

    if (await_any(events, G_N_ELEMENTS(events), deadline, err) < 0)
        return -1;
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
    g_propagate_error(err, failure_of(vm, deadline));
    return -1;
}

int qemu_migrate_cancel(struct vm *base, bool *completed_out, int64_t deadline, GError **err)
{
    struct qemu_vm *vm = qemu_vm(base);
    struct qemu_migration *m = &vm->migration;

    if (m->phase == QEMU_MIGRATION_NONE) {
        *completed_out = false;
        return 0;
    }
    if (m->phase != QEMU_MIGRATION_ENDED &&
        qemu_command(vm, "migrate_cancel", NULL, deadline, NULL, err) < 0)
        return -1;
    if (await_end(vm, deadline, err) < 0)
        return -1;
    *completed_out = strcmp(m->status, "completed") == 0;
    return 0;
}
