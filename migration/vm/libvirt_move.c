/*
 * A move by libvirt's own call (vm.h, managed VMs). At the source it is one call that lasts for as
 * long as the move does; nobody waits in it: its answer comes to a callback, so that a fiber that
 * gives up loses nothing. At the destination there are only events.
 */
#include "migration/vm/libvirt_move.h"

#include "migration/evidence.h"
#include "migration/machine/domain.h"
#include "migration/vm/qemu.h"

#include <string.h>

#define MIB (1024 * 1024)
#define MIB_MAX (INT64_MAX / MIB) /* that libvirt takes */
#define TELL_MS 2000              /* for the figures of a job that has completed to come */
#define ASK_MS 5000               /* whether libvirtd is there, when a call has failed */

struct libvirt_move {
    bool is_held, is_source;
    bool is_called_off;         /* by us: it may fail for what that breaks, too */
    bool is_complete;           /* destination: as the events say */
    struct libvirt_later *call; /* source: it has not returned yet */
    struct event ended;
    struct event told; /* stats has come */
    GError *failure;   /* of the call; NULL: it has succeeded, or not returned */
    int number;        /* of libvirt's, for that */
    json_t *seen;      /* source: the last look at the job that had figures; NULL: none has had */
    json_t *stats;     /* of the job that has completed; NULL: none has */
    bool has_more_figures;        /* source: its options have some that libvirt does not tell */
    struct vm_move_stats figures; /* of QEMU, in the last look */
};

static void set_status(struct libvirt_vm *vm, const char *status)
{
    g_strlcpy(vm->base.move_status, status, sizeof vm->base.move_status);
    event_set(&vm->base.move_changed);
}

static struct libvirt_move *move_new(struct libvirt_vm *vm)
{
    libvirt_move_free(vm->move);
    vm->move = g_new0(struct libvirt_move, 1);
    vm->move->figures = (struct vm_move_stats){
        .compressed_pages = -1, .multifd_bytes = -1, .postcopy_bytes = -1, .switchover_pauses = -1};
    vm->base.is_postcopy = vm->base.has_left = false;
    vm->base.stopped_at_us = vm->base.resumed_at_us = vm->base.completed_at_us = 0;
    set_status(vm, "setup");
    return vm->move;
}

void libvirt_move_free(struct libvirt_move *move)
{
    if (move == NULL)
        return;
    libvirt_later_forget(move->call);
    g_clear_error(&move->failure);
    json_decref(move->seen);
    json_decref(move->stats);
    g_free(move);
}

const json_t *libvirt_move_completed(const struct libvirt_vm *vm)
{
    return vm->move != NULL ? vm->move->stats : NULL;
}

const struct vm_move_stats *libvirt_move_more_figures(struct libvirt_vm *vm, int64_t deadline)
{
    json_auto_t *reply = NULL;
    int64_t pauses;

    if (vm->move == NULL)
        return NULL;
    pauses = vm->move->figures.switchover_pauses;
    if (vm->move->has_more_figures && !event_is_set(&vm->move->ended) && !vm->base.has_left &&
        vm_ask(&vm->base, "query-migrate", NULL, deadline, &reply, NULL) == 0 && vm->move != NULL &&
        json_object_get(reply, "ram") != NULL) {
        qemu_stats_fill(&vm->move->figures, reply);
        vm->move->figures.switchover_pauses = pauses;
    }
    return vm->move != NULL ? &vm->move->figures : NULL;
}

const json_t *libvirt_move_await_completed(struct libvirt_vm *vm, int64_t deadline)
{
    if (vm->move != NULL && vm->move->is_source && vm->base.has_left && vm->move->stats == NULL)
        await_event(&vm->move->told, deadline_min(deadline, deadline_in(TELL_MS)), NULL);
    return libvirt_move_completed(vm);
}

const json_t *libvirt_move_see(struct libvirt_vm *vm, json_t *job)
{
    if (vm->move == NULL)
        return job;
    if (json_integer_value(json_object_get(job, "memory_total")) > 0) {
        json_decref(vm->move->seen);
        vm->move->seen = json_incref(job);
    }
    return vm->move->seen;
}

bool libvirt_move_has_arrived(const struct libvirt_vm *vm)
{
    return !vm->is_incoming || (vm->move != NULL && vm->move->is_complete);
}

/* ---- what libvirt tells */

static void complete(struct libvirt_vm *vm)
{
    vm->move->is_complete = true;
    set_status(vm, "completed");
    event_set(&vm->move->ended);
}

static void go_postcopy(struct libvirt_vm *vm)
{
    vm->base.is_postcopy = true;
    set_status(vm, "postcopy-active");
}

static void break_off(struct libvirt_vm *vm)
{
    set_status(vm, "postcopy-paused");
    if (!vm->move->is_source)
        event_set(&vm->move->ended);
}

static void on_destination(struct libvirt_vm *vm, const char *event, const char *detail)
{
    if (strcmp(event, "started") == 0)
        set_status(vm, "active");
    else if (strcmp(event, "suspended") == 0 && strcmp(detail, "paused") == 0 && vm->move->is_held)
        complete(vm);
    else if (strcmp(event, "resumed") == 0 && strcmp(detail, "migrated") == 0)
        complete(vm);
}

void libvirt_move_on_lifecycle(struct libvirt_vm *vm, const char *event, const char *detail,
                               int64_t time_us)
{
    (void)time_us;
    if (vm->move == NULL || event_is_set(&vm->move->ended))
        return;
    if (strcmp(detail, "postcopy") == 0)
        go_postcopy(vm);
    else if (strcmp(detail, "postcopy_failed") == 0)
        break_off(vm);
    else if (!vm->move->is_source)
        on_destination(vm, event, detail);
}

void libvirt_move_on_event(struct libvirt_vm *vm, const char *event, const json_t *data)
{
    json_t *stats = json_object_get(data, "stats");

    if (vm->move == NULL)
        return;
    if (strcmp(event, "MIGRATION_ITERATION") == 0) {
        event_set(&vm->base.move_passed);
        if (strcmp(vm->base.move_status, "setup") == 0)
            set_status(vm, "active");
    } else if (strcmp(event, "JOB_COMPLETED") == 0 && stats != NULL) {
        json_decref(vm->move->stats);
        vm->move->stats = json_incref(stats);
        event_set(&vm->move->told);
    }
}

void libvirt_move_on_qemu(struct libvirt_vm *vm, const char *status)
{
    if (vm->move == NULL || !vm->move->is_source || status == NULL)
        return;
    if (strcmp(status, "setup") == 0)
        vm->move->figures.switchover_pauses = 0;
    else if (strcmp(status, "pre-switchover") == 0)
        vm->move->figures.switchover_pauses++;
    /* It is worth a look: libvirt ends a QEMU that has completed. */
    event_set(&vm->base.move_passed);
}

void libvirt_move_on_left(struct libvirt_vm *vm)
{
    vm->base.has_left = true;
}

void libvirt_move_on_end(struct libvirt_vm *vm)
{
    if (vm->move == NULL || event_is_set(&vm->move->ended) || vm->move->is_source)
        return;
    set_status(vm, "failed");
    event_set(&vm->move->ended);
}

/* ---- the destination */

static json_t *expect(struct vm *base, const struct vm_expected *expected, int64_t deadline,
                      GError **err)
{
    struct libvirt_vm *vm = libvirt_vm(base);

    (void)deadline, (void)err;
    move_new(vm)->is_held = expected->is_held;
    return json_pack("{s:s, s:s}", "name", vm->domain, "xml", vm->xml != NULL ? vm->xml : "");
}

static GError *failure_there(struct libvirt_vm *vm)
{
    g_autofree char *words = NULL;
    bool are_own = false;

    words = libvirt_last_words(vm, &are_own);
    return evidence_set(
        g_error_new(VM_ERROR, VM_ERROR_MIGRATION, "libvirt of %s has ended the copy of %s (%s)%s%s",
                    vm->base.host->name, vm->base.name, vm->end != NULL ? vm->end : "no reason",
                    words != NULL ? ": " : "", words != NULL ? words : ""),
        are_own ? VTMH__EVIDENCE__EVIDENCE_SELF : VTMH__EVIDENCE__EVIDENCE_PEER, 0);
}

static GError *broken(const struct libvirt_vm *vm)
{
    return evidence_set(g_error_new(VM_ERROR, VM_ERROR_BROKEN,
                                    "the stream of %s broke in post-copy, as libvirt of %s saw: "
                                    "the rest of its memory does not come",
                                    vm->base.name, vm->base.host->name),
                        VTMH__EVIDENCE__EVIDENCE_PEER, 0);
}

static int judge_destination(struct libvirt_vm *vm, int64_t deadline, GError **err)
{
    if (vm->move->is_complete)
        return libvirt_meet(vm, deadline, err);
    g_propagate_error(err, vm->is_here ? broken(vm) : failure_there(vm));
    return -1;
}

/* ---- the source */

static void on_answer(const json_t *reply, int number, const GError *error, void *arg)
{
    struct libvirt_vm *vm = arg;
    struct libvirt_move *move = vm->move;

    move->call = NULL;
    move->number = number;
    move->failure = reply == NULL ? g_error_copy(error) : NULL;
    vm->base.has_left = vm->base.has_left || reply != NULL;
    if (reply != NULL)
        set_status(vm, "completed");
    else if (number == PROTOCOL_ABORTED || move->is_called_off)
        set_status(vm, "cancelled");
    else
        set_status(vm, vm->base.is_postcopy ? "postcopy-paused" : "failed");
    event_set(&move->ended);
}

static const char *json_string_or(const json_t *value)
{
    return json_is_string(value) ? json_string_value(value) : "";
}

static void rename_key(json_t *from, const char *old, json_t *to, const char *new)
{
    json_t *value = json_object_get(from, old);

    if (value != NULL)
        json_object_set(to, new, value);
    json_object_del(from, old);
}

static void drop_word(json_t *words, const char *word)
{
    for (size_t i = json_array_size(words); i > 0; i--)
        if (strcmp(json_string_value(json_array_get(words, i - 1)), word) == 0)
            json_array_remove(words, i - 1);
}

/*
 * The disks that move along, by libvirt's names for them; one that was unplugged does not. Where
 * none is left none may be asked for, since libvirt would then copy all that there are.
 */
static int name_disks(const struct libvirt_vm *vm, json_t *arguments, json_t *parameters,
                      GError **err)
{
    json_auto_t *names = json_incref(json_object_get(arguments, "disks"));
    json_auto_t *targets = json_array();
    size_t i;
    json_t *name;

    json_object_del(arguments, "disks");
    json_array_foreach (names, i, name) {
        const struct device *disk =
            device_find(vm->base.board, device_disk.name, json_string_value(name));
        if (disk == NULL)
            continue;
        g_autofree char *alias = domain_alias(disk);
        g_autofree char *target = domain_disk_target(vm->xml, alias);
        if (target == NULL) {
            g_set_error(err, VM_ERROR, VM_ERROR_UNSUPPORTED,
                        "%s of %s was plugged in: that it moves along is not supported with "
                        "libvirt",
                        json_string_value(name), vm->base.name);
            return -1;
        }
        json_array_append_new(targets, json_string(target));
    }
    if (json_array_size(targets) > 0)
        json_object_set(parameters, "migrate_disks", targets);
    else
        drop_word(json_object_get(arguments, "flags"), "non_shared_disk");
    return 0;
}

/* As libvirt/protocol.h has it. A domain that is to be there as it is here has no XML. Transfer
 * full. */
static json_t *arguments_of(const struct libvirt_vm *vm, const json_t *call, GError **err)
{
    json_t *arguments = json_deep_copy(call);
    json_t *parameters = json_object_get(arguments, "parameters");

    if (parameters == NULL) {
        parameters = json_object();
        json_object_set_new(arguments, "parameters", parameters);
    }
    if (*json_string_or(json_object_get(arguments, "dest_xml")) == '\0')
        json_object_del(arguments, "dest_xml");
    rename_key(arguments, "uri", parameters, "migrate_uri");
    rename_key(arguments, "dest_xml", parameters, "destination_xml");
    rename_key(arguments, "name", parameters, "destination_name");
    json_object_set_new(arguments, "uuid", json_string(vm->uuid));
    if (name_disks(vm, arguments, parameters, err) == 0)
        return arguments;
    json_decref(arguments);
    return NULL;
}

static bool has_flag(const json_t *call, const char *name)
{
    size_t i;
    json_t *flag;

    json_array_foreach (json_object_get(call, "flags"), i, flag)
        if (g_strcmp0(json_string_value(flag), name) == 0)
            return true;
    return false;
}

static int begin(struct vm *base, const json_t *call, int64_t deadline, GError **err)
{
    struct libvirt_vm *vm = libvirt_vm(base);
    struct libvirt_move *move = move_new(vm);

    (void)deadline;
    move->is_source = true;
    move->has_more_figures =
        has_flag(call, "parallel") || has_flag(call, "compressed") || has_flag(call, "postcopy");
    json_t *arguments = arguments_of(vm, call, err);
    if (arguments == NULL)
        return -1;
    move->call = libvirt_link_later(vm->link, "domain-migrate", arguments, on_answer, vm, err);
    return move->call != NULL ? 0 : -1;
}

bool libvirt_is_called(const struct libvirt_vm *vm)
{
    return vm->move != NULL && vm->move->call != NULL;
}

/* Whether libvirt says itself that the domain is as it was, or that it is none any more. */
static bool answers(struct libvirt_vm *vm, int64_t deadline)
{
    json_auto_t *found = NULL;
    int number = 0;

    return libvirt_call(vm, "domain-find", NULL, deadline_min(deadline, deadline_in(ASK_MS)),
                        &found, &number, NULL) == 0 ||
           number == PROTOCOL_NO_DOMAIN;
}

static int judge_source(struct libvirt_vm *vm, int64_t deadline, GError **err)
{
    const struct libvirt_move *move = vm->move;

    if (move->failure == NULL)
        return 0;
    if (!answers(vm, deadline))
        g_set_error(err, VM_ERROR, VM_ERROR_UNREACHABLE,
                    "what became of the move of %s from %s is not known: %s", vm->base.name,
                    vm->base.host->name, move->failure->message);
    else if (vm->base.is_postcopy)
        g_propagate_error(err, broken(vm));
    else
        g_propagate_error(
            err,
            evidence_set(g_error_new(VM_ERROR, VM_ERROR_MIGRATION, "migration of %s %s on %s: %s",
                                     vm->base.name, vm->base.move_status, vm->base.host->name,
                                     move->failure->message),
                         VTMH__EVIDENCE__EVIDENCE_PEER, 0));
    return -1;
}

int libvirt_await_migrated(struct vm *base, int64_t deadline, GError **err)
{
    struct libvirt_vm *vm = libvirt_vm(base);

    if (vm->move == NULL) {
        g_set_error(err, VM_ERROR, VM_ERROR_MIGRATION, "no migration of %s was begun on %s",
                    base->name, base->host->name);
        return -1;
    }
    if (await_event(&vm->move->ended, deadline, err) < 0)
        return -1;
    if (event_is_set(&vm->exited) && vm->move->is_source) {
        g_propagate_error(err, vm_death(base));
        return -1;
    }
    return vm->move->is_source ? judge_source(vm, deadline, err)
                               : judge_destination(vm, deadline, err);
}

int libvirt_migrate_cancel(struct vm *base, bool *completed_out, int64_t deadline, GError **err)
{
    struct libvirt_vm *vm = libvirt_vm(base);
    g_autoptr(GError) error = NULL;
    int number = 0;

    *completed_out = false;
    if (vm->move == NULL || !vm->move->is_source)
        return 0;
    vm->move->is_called_off = true;
    /* One that says that there is no job has come to its end already. */
    if (!event_is_set(&vm->move->ended) &&
        libvirt_call(vm, "domain-abort-job", NULL, deadline, NULL, &number, &error) < 0 &&
        number != PROTOCOL_OPERATION_INVALID && number != PROTOCOL_NO_DOMAIN) {
        g_propagate_error(err, g_steal_pointer(&error));
        return -1;
    }
    if (await_event(&vm->move->ended, deadline, err) < 0)
        return -1;
    *completed_out = vm->move->failure == NULL;
    if (*completed_out || event_is_set(&vm->exited) || answers(vm, deadline))
        return 0;
    g_set_error(err, VM_ERROR, VM_ERROR_UNREACHABLE,
                "what became of the move of %s from %s is not known: %s", vm->base.name,
                vm->base.host->name, vm->move->failure->message);
    return -1;
}

int libvirt_start_postcopy(struct vm *base, int64_t deadline, GError **err)
{
    return libvirt_call(libvirt_vm(base), "domain-start-postcopy", NULL, deadline, NULL, NULL, err);
}

int libvirt_set_speed(struct vm *base, uint64_t bytes_per_s, int64_t deadline, GError **err)
{
    uint64_t mib = bytes_per_s / MIB + (bytes_per_s % MIB != 0);

    if (mib == 0 || mib > MIB_MAX)
        mib = MIB_MAX;
    return libvirt_call(libvirt_vm(base), "domain-set-max-speed",
                        json_pack("{s:I}", "mib_per_s", (json_int_t)mib), deadline, NULL, NULL,
                        err);
}

int libvirt_set_downtime(struct vm *base, int64_t limit_ms, int64_t deadline, GError **err)
{
    return libvirt_call(libvirt_vm(base), "domain-set-max-downtime",
                        json_pack("{s:I}", "ms", (json_int_t)limit_ms), deadline, NULL, NULL, err);
}

/* All else goes with the call itself. */
int libvirt_prepare_move(struct vm *base, const struct vm_move *move, int64_t deadline,
                         GError **err)
{
    return libvirt_vm(base)->is_here && move->downtime_limit_ms >= 0
               ? libvirt_set_downtime(base, move->downtime_limit_ms, deadline, err)
               : 0;
}

/* ---- */

static const char *socket_of(const struct vm *base)
{
    return ((const struct libvirt_vm *)base)->socket;
}

const struct vm_manager libvirt_manager = {.expect = expect, .socket = socket_of, .begin = begin};
