/*
 * The libvirt driver: a transient domain a VM, made and ended by the host's libvirtd, to which a
 * program of its own speaks (libvirt_link.h). QEMU itself is asked through libvirt's monitor
 * command, so that what both drivers know of a VM is the same.
 *
 * A domain is named and has a UUID after the job, and only what has that UUID is ever touched. One
 * whose node dies is found by its QEMU process, which is in the ledger and has the node's mark:
 * when that is ended, libvirt forgets the domain.
 */
#include "migration/vm/libvirt.h"

#include "migration/evidence.h"
#include "migration/params.h"
#include "migration/vm/lent.h"
#include "migration/vm/libvirt_move.h"
#include "migration/vm/libvirt_plug.h"
#include "migration/vm/libvirt_show.h"
#include "migration/vm/libvirt_socket.h"
#include "migration/vm/monitor_plan.h"
#include "migration/vm/qmp.h"

#include <string.h>
#include <unistd.h>

#define DESTROY_MS 15000 /* libvirt ends a QEMU by SIGTERM, and after 10 s by SIGKILL */

/* A libvirtd that has gone may be there again: what it has not told meanwhile is asked for. */
static int renew(struct libvirt_vm *vm, int64_t deadline, GError **err)
{
    json_auto_t *found = NULL;
    int number = 0;

    if (!event_is_set(libvirt_link_lost(vm->link)))
        return 0;
    if (libvirt_link_renew(vm->link, deadline, err) < 0)
        return -1;
    libvirt_link_call(vm->link, "domain-find", json_pack("{s:s}", "uuid", vm->uuid), deadline,
                      &found, &number, NULL);
    if ((number == PROTOCOL_NO_DOMAIN || !libvirt_is_active(found)) && vm->is_here)
        libvirt_on_end(vm, "while libvirtd was away");
    return 0;
}

int libvirt_call(struct libvirt_vm *vm, const char *command, json_t *arguments, int64_t deadline,
                 json_t **reply_out, int *number_out, GError **err)
{
    json_t *all = arguments != NULL ? arguments : json_object();

    if (number_out != NULL)
        *number_out = 0;
    if (renew(vm, deadline, err) < 0) {
        json_decref(all);
        return -1;
    }
    json_object_set_new(all, "uuid", json_string(vm->uuid));
    return libvirt_link_call(vm->link, command, all, deadline, reply_out, number_out, err);
}

/* Through libvirt's monitor: {"execute": …} as a text, and QEMU's answer as one. */
static int ask(struct vm *base, const char *name, json_t *arguments, int64_t deadline,
               json_t **reply_out, GError **err)
{
    json_auto_t *command = json_pack("{s:s, s:o*}", "execute", name, "arguments", arguments);
    g_autofree char *text = json_dumps(command, JSON_COMPACT);
    struct libvirt_vm *vm = libvirt_vm(base);
    g_autoptr(GError) error = NULL;
    json_auto_t *reply = NULL, *answer = NULL;
    int number = 0;

    if (vm->base.is_lent) {
        g_set_error(err, VM_ERROR, VM_ERROR_UNSUPPORTED,
                    "libvirt_domain = %s is the user's: its monitor is not spoken to (%s)",
                    vm->domain, name);
        return -1;
    }
    if (libvirt_call(vm, "domain-monitor", json_pack("{s:s}", "command", text), deadline, &reply,
                     &number, &error) < 0) {
        if (number == PROTOCOL_NO_DOMAIN && event_is_set(&vm->exited))
            g_propagate_error(err, vm_death(base));
        else
            g_propagate_error(err, g_steal_pointer(&error));
        return -1;
    }
    answer = json_loads(json_string_value(json_object_get(reply, "text")), 0, NULL);
    return qmp_take_answer(name, answer, reply_out, NULL, err);
}

/* ---- its life */

/* A monitor beside libvirt's own would be past it: it cannot be had. */
static int check_monitors(const struct vm_spec *spec, GError **err)
{
    g_autoptr(GPtrArray) plans = monitor_plan_new(spec->params, spec->name, err);

    for (unsigned i = 0; plans != NULL && i < plans->len; i++) {
        const struct monitor_plan *plan = g_ptr_array_index(plans, i);

        if (plan->is_main)
            continue;
        g_set_error(err, VM_ERROR, VM_ERROR_UNSUPPORTED,
                    "monitor %s of %s is not supported with libvirt: what is asked of QEMU goes "
                    "through libvirt's own",
                    plan->name, spec->name);
        return -1;
    }
    return plans != NULL ? 0 : -1;
}

/* What stands behind cards on bridges is made by the node itself for other drivers. */
static int check_cards(const struct device *board, GError **err)
{
    for (unsigned i = 0; i < board->children->len; i++) {
        const struct device *nic = g_ptr_array_index(board->children, i);

        if (nic->kind != &device_nic || g_strcmp0(device_get(nic->local, "network"), "user") == 0)
            continue;
        g_set_error(err, VM_ERROR, VM_ERROR_UNSUPPORTED,
                    "card %s is not supported with libvirt: its nettype is not user", nic->id);
        return -1;
    }
    return 0;
}

static int make_domain(struct libvirt_vm *vm, int64_t deadline, GError **err)
{
    if (libvirt_link_call(vm->link, "domain-create",
                          json_pack("{s:s, s:b}", "xml", vm->xml, "paused", 1), deadline, NULL,
                          NULL, err) < 0)
        return -1;
    vm->is_here = true;
    return libvirt_meet(vm, deadline, err);
}

static int build(struct libvirt_vm *vm, const struct vm_spec *spec, int64_t deadline, GError **err)
{
    struct vm *base = &vm->base;

    if (qemu_beside_claim(base, spec, err) < 0)
        return -1;
    base->board = qemu_machine_of(spec, base, err);
    if (base->board == NULL || check_cards(base->board, err) < 0 || check_monitors(spec, err) < 0 ||
        qemu_beside_prepare(base, base->board, deadline, err) < 0)
        return -1;
    base->net = vm_net_open(spec->host, spec->name, base->board, err);
    if (base->net == NULL)
        return -1;
    vm->xml = libvirt_domain_xml(vm, spec, err);
    if (vm->xml == NULL)
        return -1;
    host_log(spec->host, VTMH__LOG_LEVEL__LOG_DEBUG, spec->incoming ? "destination" : "source",
             spec->name, "domain %s: %s", vm->domain, vm->xml);
    return 0;
}

static int start(struct libvirt_vm *vm, const struct vm_spec *spec, int64_t deadline, GError **err)
{
    const char *uri = param_text(spec->params, "libvirt_uri");

    vm->link = libvirt_link_open(spec->host, uri, deadline, err);
    if (vm->link == NULL)
        return -1;
    vm->socket = libvirt_socket_find(uri, NULL);
    vm->watch = libvirt_link_watch(vm->link, vm->domain, libvirt_on_event, vm);
    if (vm->base.is_lent)
        return libvirt_lent_begin(vm, spec, deadline, err);
    if (libvirt_domain_is_free(vm, deadline, err) < 0 || build(vm, spec, deadline, err) < 0)
        return -1;
    if (spec->incoming)
        return 0;
    return make_domain(vm, deadline, err) < 0
               ? -1
               : qemu_beside_begin(&vm->base, spec, vm->base.board, deadline, err);
}

static struct vm *create(const struct vm_spec *spec, int64_t deadline, GError **err)
{
    struct libvirt_vm *vm = g_new0(struct libvirt_vm, 1);

    vm->base.driver = &libvirt_driver;
    vm->base.host = spec->host;
    vm->base.name = g_strdup(spec->name);
    vm->base.is_lent = lent_domain(spec->params) != NULL;
    vm->domain = vm->base.is_lent ? g_strdup(lent_domain(spec->params))
                                  : libvirt_domain_name(spec->host, spec->name);
    vm->uuid =
        vm->base.is_lent ? g_strdup(spec->platform->lent_uuid) : libvirt_domain_uuid(vm->domain);
    vm->is_incoming = spec->incoming;
    vm->pidfd = vm->output_fd = vm->mute_fd = -1;
    if (start(vm, spec, deadline, err) == 0)
        return &vm->base;
    vm_destroy(&vm->base, NULL);
    return NULL;
}

static void free_vm(struct libvirt_vm *vm)
{
    libvirt_move_free(vm->move);
    libvirt_link_unwatch(vm->watch);
    libvirt_link_close(vm->link);
    libvirt_line_close(vm->serial);
    libvirt_line_close(vm->agent);
    g_clear_pointer(&vm->leaving, g_hash_table_unref);
    libvirt_unwatch_death(vm);
    if (vm->output_fd >= 0)
        close(vm->output_fd);
    if (vm->pidfd >= 0)
        close(vm->pidfd);
    if (vm->mute_fd >= 0)
        close(vm->mute_fd);
    g_free(vm->domain);
    g_free(vm->uuid);
    g_free(vm->xml);
    g_free(vm->socket);
    g_free(vm->end);
    qemu_beside_free(&vm->base);
    g_free(vm);
}

/* Whether libvirt has it no more. */
static bool end_domain(struct libvirt_vm *vm)
{
    int number = 0;

    return libvirt_call(vm, "domain-destroy", NULL, deadline_in(DESTROY_MS), NULL, &number, NULL) ==
               0 ||
           number == PROTOCOL_NO_DOMAIN;
}

/* Also a destination that we have not heard of yet. One that libvirtd does not end, since it is
 * dead or hangs, dies by our own hand. */
static int end(struct libvirt_vm *vm, GError **err)
{
    int result = 0;

    fiber_shield();
    if (vm->base.is_lent)
        result = vm->link != NULL ? libvirt_lent_end(vm, err) : 0;
    else if (vm->link != NULL && !vm->base.has_left && !end_domain(vm))
        result = libvirt_kill(vm, err);
    fiber_unshield();
    return result;
}

static int destroy(struct vm *base, int *status_out, GError **err)
{
    struct libvirt_vm *vm = libvirt_vm(base);
    int result;

    *status_out = 0; /* libvirt does not tell it */
    if (vm->is_known && !event_is_set(&vm->exited))
        qemu_beside_end(base);
    result = end(vm, err);
    if (result == 0 && !vm->base.is_lent) {
        libvirt_part(vm);
        qemu_beside_clear(base);
        vm_net_close(g_steal_pointer(&base->net));
    }
    free_vm(vm);
    return result;
}

/* A guest that stands still while it is moved does so for that, and its hypervisor may end at any
 * moment: the call tells how it went. */
static int check_sound(struct vm *base, int64_t deadline, GError **err)
{
    return libvirt_is_called(libvirt_vm(base)) || base->has_left || base->is_lent
               ? 0
               : qemu_check_sound(base, deadline, err);
}

static void drop(struct vm *base)
{
    free_vm(libvirt_vm(base));
}

static struct event *exited(struct vm *base)
{
    return &libvirt_vm(base)->exited;
}

static GError *death(struct vm *base)
{
    struct libvirt_vm *vm = libvirt_vm(base);
    g_autofree char *words = NULL;
    bool are_own = false;

    words = libvirt_last_words(vm, &are_own);
    return evidence_set(
        g_error_new(VM_ERROR, VM_ERROR_DIED, "QEMU of %s on %s ended (%s)%s%s", base->name,
                    base->host->name, vm->end != NULL ? vm->end : "libvirt has not said so",
                    words != NULL ? ": " : "", words != NULL ? words : ""),
        words != NULL && !are_own ? VTMH__EVIDENCE__EVIDENCE_PEER : VTMH__EVIDENCE__EVIDENCE_SELF,
        0);
}

static char *own_words(struct vm *base)
{
    bool are_own = false;
    g_autofree char *words = libvirt_last_words(libvirt_vm(base), &are_own);

    return are_own ? g_steal_pointer(&words) : NULL;
}

/* ---- its guest */

static int cont(struct vm *base, int64_t deadline, GError **err)
{
    struct libvirt_vm *vm = libvirt_vm(base);
    g_autofree char *state = NULL;

    if (libvirt_run_state(base, &state, deadline, err) < 0)
        return -1;
    if (strcmp(state, "running") == 0)
        return 0;
    if (strcmp(state, "inmigrate") != 0 && strcmp(state, "none") != 0)
        return libvirt_call(vm, "domain-resume", NULL, deadline, NULL, NULL, err);
    g_set_error(err, VM_ERROR, VM_ERROR_COMMAND, "%s on %s is %s: it cannot be continued now",
                base->name, base->host->name,
                strcmp(state, "none") == 0 ? "not there" : "still receiving");
    return -1;
}

static int stop(struct vm *base, int64_t deadline, GError **err)
{
    return libvirt_call(libvirt_vm(base), "domain-suspend", NULL, deadline, NULL, NULL, err);
}

/* Managers compare machines themselves. */
static json_t *facts(struct vm *base, const char *cpu, int64_t deadline, GError **err)
{
    return libvirt_vm(base)->is_known ? qemu_facts(base, cpu, deadline, err) : json_object();
}

static int check_movable(struct vm *base, int64_t deadline, GError **err)
{
    return libvirt_vm(base)->is_known ? qemu_check_movable(base, deadline, err) : 0;
}

/* libvirt refuses itself what cannot be, when it is asked to move it. */
static int check_migratable(struct vm *base, int64_t deadline, GError **err)
{
    return base->is_lent ? 0 : qemu_check_migratable(base, deadline, err);
}

/* ---- what is not its way to move */

static int no_stream(const struct vm *vm, GError **err)
{
    g_set_error(err, VM_ERROR, VM_ERROR_UNSUPPORTED,
                "%s is moved by libvirt (mig_protocol = managed): no other way is supported with "
                "vm_type = libvirt",
                vm->name);
    return -1;
}

static int set_tls(struct vm *vm, const struct vm_tls *tls, int64_t deadline, GError **err)
{
    (void)tls, (void)deadline;
    return no_stream(vm, err);
}

static int move_fd(struct vm *vm, int fd, int64_t deadline, GError **err)
{
    (void)fd, (void)deadline;
    return no_stream(vm, err);
}

static int incoming_uri(struct vm *vm, const char *uri, uint16_t *port_out, int64_t deadline,
                        GError **err)
{
    (void)uri, (void)port_out, (void)deadline;
    return no_stream(vm, err);
}

static int migrate_uri(struct vm *vm, const char *uri, int64_t deadline, GError **err)
{
    (void)uri, (void)deadline;
    return no_stream(vm, err);
}

static int pause_postcopy(struct vm *vm, int64_t deadline, GError **err)
{
    (void)deadline;
    g_set_error(err, VM_ERROR, VM_ERROR_UNSUPPORTED,
                "breaking the stream of %s in post-copy is not supported with libvirt, which has "
                "no such call",
                vm->name);
    return -1;
}

static void *reach(const struct host *host, const struct params *params, int64_t deadline,
                   GError **err)
{
    return libvirt_link_open(host, param_text(params, "libvirt_uri"), deadline, err);
}

static void part(void *link)
{
    libvirt_link_close(link);
}

const struct vm_driver libvirt_driver = {
    .name = "libvirt",
    .offer = libvirt_offer,
    .reach = reach,
    .part = part,
    .show = libvirt_show,
    .create = create,
    .destroy = destroy,
    .drop = drop,
    .exited = exited,
    .death = death,
    .ask = ask,
    .cont = cont,
    .stop = stop,
    .run_state = libvirt_run_state,
    .screendump = qemu_screendump,
    .firmware_words = qemu_firmware_words,
    .give_serial = qemu_give_serial,
    .info = qemu_info,
    .facts = facts,
    .plug = libvirt_plug,
    .unplug = libvirt_unplug,
    .has = qemu_has,
    .machine = libvirt_machine,
    .check_sound = check_sound,
    .check_movable = check_movable,
    .check_migratable = check_migratable,
    .prepare_move = libvirt_prepare_move,
    .set_tls = set_tls,
    .own_words = own_words,
    .incoming_fd = move_fd,
    .incoming_uri = incoming_uri,
    .migrate_fd = move_fd,
    .migrate_uri = migrate_uri,
    .set_speed = libvirt_set_speed,
    .set_downtime = libvirt_set_downtime,
    .has_disk = qemu_has_disk,
    .mirrored_bytes = libvirt_mirrored_bytes,
    .start_postcopy = libvirt_start_postcopy,
    .pause_postcopy = pause_postcopy,
    .await_migrated = libvirt_await_migrated,
    .migrate_cancel = libvirt_migrate_cancel,
    .move_stats = libvirt_move_stats,
    .manager = &libvirt_manager,
};
