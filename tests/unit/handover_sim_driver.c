/* The simulated hypervisor, as a driver: what a node can ask of it. */
#include "migration/evidence.h"
#include "tests/unit/handover_world_private.h"

#include <limits.h>
#include <string.h>
#include <sys/socket.h>

#define NO_PROCESS INT_MAX /* no process has this id */
#define RAM_BYTES ((int64_t)16 << 20)

static const struct vm_driver sim_driver, sim_managed_driver;

static const char *const state_names[] = {
    [COPY_ABSENT] = "none",      [COPY_PRELAUNCH] = "prelaunch", [COPY_INCOMING] = "inmigrate",
    [COPY_RUNNING] = "running",  [COPY_PAUSED] = "paused",       [COPY_GIVEN] = "finish-migrate",
    [COPY_SENT] = "postmigrate", [COPY_GONE] = "gone",
};

struct copy *copy_of(struct vm *vm)
{
    return (struct copy *)vm;
}

/* Waits for what does not come in time. */
static int wait_in_vain(int64_t deadline, GError **err)
{
    if (await_deadline(deadline, err) == 0)
        g_set_error_literal(err, SYNC_ERROR, SYNC_ERROR_TIMEOUT, "timed out");
    return -1;
}

static void do_late(struct copy *copy)
{
    if (copy->late != NULL && copy->state != COPY_GONE)
        copy->late(copy);
    copy->late = NULL;
}

static int died(struct copy *copy, GError **err)
{
    g_propagate_error(err, vm_death(&copy->base));
    return -1;
}

static int no_manager(const struct copy *copy, GError **err)
{
    g_set_error(err, VM_ERROR, VM_ERROR_UNREACHABLE, "the manager of %s on %s does not answer",
                copy->base.name, copy->host->host.name);
    return -1;
}

/*
 * A command: asked, done, answered; others run in between, and the caller may be cancelled before
 * it is asked or while it waits for the answer. effect may be NULL.
 */
static int command(struct vm *vm, const char *what, void (*effect)(struct copy *copy),
                   int64_t deadline, GError **err)
{
    struct copy *copy = copy_of(vm);
    enum fault_kind fault;
    if (world_node_goes_on(copy->host) < 0)
        return sim_node_is_dead(err);
    if (copy->is_freed)
        world_wrong(copy->world, "%s of %s after its end", what, vm->name);
    if (world_node_point(copy->host, copy, what, &fault) < 0)
        return sim_node_is_dead(err);
    do_late(copy);
    if (fault != FAULT_NONE &&
        (effect == copy_start || (effect == copy_cancel_move && copy->is_given)))
        copy->cont_failed = true;
    if (await_turn(err) < 0) {
        copy->late = effect; /* it has been asked */
        return -1;
    }
    if (copy->state == COPY_GONE && !copy->base.has_left)
        return died(copy, err);
    if (copy->host->is_unmanaged)
        return no_manager(copy, err);
    if (fault == FAULT_REFUSED) {
        g_set_error(err, VM_ERROR, VM_ERROR_COMMAND, "%s refused", what);
        return -1;
    }
    if (fault == FAULT_LATE || deadline_left(deadline) == 0) {
        copy->late = effect;
        return wait_in_vain(deadline, err);
    }
    copy->refusal = NULL;
    if (effect != NULL)
        effect(copy);
    if (copy->refusal != NULL) {
        g_set_error(err, VM_ERROR, VM_ERROR_COMMAND, "%s refused: %s", what, copy->refusal);
        return -1;
    }
    if (fault == FAULT_UNHEARD)
        return wait_in_vain(deadline, err);
    if (await_turn(err) < 0)
        return -1;
    if (world_node_goes_on(copy->host) < 0)
        return sim_node_is_dead(err);
    return copy->state == COPY_GONE && !copy->base.has_left ? died(copy, err) : 0;
}

static struct vm_offer *sim_offer(const struct host *host, const struct params *params,
                                  int64_t deadline, GError **err)
{
    json_auto_t *json = json_pack(
        "{s:s, s:[i,i,i], s:s, s:b, s:b, s:s, s:{s:s, s:s}, s:[s], s:[s,s,s,s,s], s:{}, s:[s,s]}",
        "binary", "simulated", "version", 1, 0, 0, "package", "", "kvm", 0, "pvpanic", 0,
        "kvm_reason", "it is simulated", "machines", "pc", "pc-1", "pc-1", "pc-1", "cpus", "qemu64",
        "capabilities", "return-path", "late-block-activate", "compress", "events", "postcopy-ram",
        "refused", "parameters", "downtime-limit", "max-postcopy-bandwidth");
    (void)host, (void)params, (void)deadline;
    return await_turn(err) < 0 ? NULL : vm_offer_from_json(json, err);
}

static json_t *sim_show(const struct vm_spec *spec, GError **err)
{
    (void)err;
    return json_pack("{s:{s:s}, s:[]}", "machine", "id", spec->name, "words");
}

static int open_line(struct copy *copy, GError **err)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
        g_error("socketpair");
    copy->base.serial = stream_new(pair[0], err);
    copy->line = stream_new(pair[1], err);
    return copy->base.serial != NULL && copy->line != NULL ? 0 : -1;
}

static struct vm *sim_create(const struct vm_spec *spec, int64_t deadline, GError **err)
{
    struct sim_host *host = sim_host_of(spec->host);
    struct world *world = host->world;
    enum fault_kind fault;
    (void)deadline;
    if (world_node_point(host, NULL, "create", &fault) < 0) {
        sim_node_is_dead(err);
        return NULL;
    }
    if (await_turn(err) < 0)
        return NULL;
    if (fault != FAULT_NONE) {
        g_set_error(err, VM_ERROR, VM_ERROR_START, "QEMU of %s does not start", spec->name);
        return NULL;
    }
    struct copy *copy = g_new0(struct copy, 1);
    copy->base.driver = world->setup->managed ? &sim_managed_driver : &sim_driver;
    copy->base.host = spec->host;
    copy->base.name = g_strdup(spec->name);
    copy->base.pid = NO_PROCESS;
    copy->world = world;
    copy->host = host;
    copy->state = !spec->incoming         ? COPY_PRELAUNCH
                  : copy_is_managed(copy) ? COPY_ABSENT
                                          : COPY_INCOMING;
    g_ptr_array_add(world->copies, copy);
    world_did(world, "%s is made on %s", spec->name, host->host.name);
    if (open_line(copy, err) < 0)
        return NULL;
    scope_spawn_detached(world->scope, "machine", sim_guest_run, copy);
    return &copy->base;
}

/* Nobody uses it any more; what it was is still to be judged. */
static void let_go(struct copy *copy)
{
    copy->is_freed = true;
    stream_close(g_steal_pointer(&copy->base.serial));
}

static int sim_destroy(struct vm *vm, int *status_out, GError **err)
{
    (void)status_out;
    struct copy *copy = copy_of(vm);
    enum fault_kind fault;
    if (world_node_goes_on(copy->host) < 0) {
        let_go(copy);
        return 0;
    }
    copy_look_last(copy);
    if (world_node_point(copy->host, copy, "destroy", &fault) < 0) {
        let_go(copy);
        return 0;
    }
    fiber_shield();
    await_turn(NULL);
    fiber_unshield();
    /* "quit" comes after what was asked before. */
    copy->late_at_end = copy->late != NULL;
    do_late(copy);
    let_go(copy);
    if (fault != FAULT_NONE) {
        copy->outlived = copy->state != COPY_GONE;
        g_set_error(err, VM_ERROR, VM_ERROR_DIED, "QEMU of %s does not die", vm->name);
        return copy->outlived ? -1 : 0;
    }
    world_did(copy->world, "%s on %s is destroyed (%s)", vm->name, copy->host->host.name,
              state_names[copy->state]);
    copy_end(copy);
    return 0;
}

static void sim_drop(struct vm *vm)
{
    let_go(copy_of(vm));
}

static struct event *sim_exited(struct vm *vm)
{
    return &copy_of(vm)->exited;
}

static GError *sim_death(struct vm *vm)
{
    const struct copy *copy = copy_of(vm);
    GError *error = g_error_new(VM_ERROR, VM_ERROR_DIED, "QEMU of %s on %s ended%s", vm->name,
                                vm->host->name, copy->was_killed ? " (killed by SIGKILL)" : "");
    return evidence_set(
        error, copy->was_killed ? VTMH__EVIDENCE__EVIDENCE_KILLED : VTMH__EVIDENCE__EVIDENCE_PEER,
        0);
}

static int sim_check_sound(struct vm *vm, int64_t deadline, GError **err)
{
    return command(vm, "check_sound", NULL, deadline, err);
}

static int sim_check_migratable(struct vm *vm, int64_t deadline, GError **err)
{
    return command(vm, "check_migratable", NULL, deadline, err);
}

/* A source that has sent everything is continued only when the other copy has ended. */
static void look_at_other(const struct copy *copy)
{
    const struct copy *other = copy_other(copy);
    if (copy->state == COPY_SENT && other != NULL)
        world_wrong(copy->world, "%s is continued on %s while its copy on %s is there",
                    copy->base.name, copy->host->host.name, other->host->host.name);
}

static int sim_cont(struct vm *vm, int64_t deadline, GError **err)
{
    if (copy_of(vm)->state == COPY_INCOMING || copy_of(vm)->state == COPY_ABSENT)
        world_wrong(copy_of(vm)->world, "%s on %s is continued while it receives", vm->name,
                    vm->host->name);
    if (copy_is_broken(copy_of(vm)) && copy_of(vm)->world->setup->no_recovery)
        world_wrong(copy_of(vm)->world, "%s on %s is continued though the rest does not come",
                    vm->name, vm->host->name);
    look_at_other(copy_of(vm));
    return command(vm, "cont", copy_start, deadline, err);
}

static int sim_stop(struct vm *vm, int64_t deadline, GError **err)
{
    return command(vm, "stop", copy_pause, deadline, err);
}

static int sim_run_state(struct vm *vm, char **state_out, int64_t deadline, GError **err)
{
    if (command(vm, "run_state", NULL, deadline, err) < 0)
        return -1;
    *state_out = g_strdup(state_names[copy_of(vm)->state]);
    return 0;
}

static json_t *sim_facts(struct vm *vm, const char *cpu, int64_t deadline, GError **err)
{
    return command(vm, "facts", NULL, deadline, err) < 0
               ? NULL
               : json_pack("{s:[s], s:[s]}", "CPUs", "1", "CPU", cpu);
}

static int sim_prepare_move(struct vm *vm, const struct vm_move *move, int64_t deadline,
                            GError **err)
{
    (void)move;
    return command(vm, "prepare_move", NULL, deadline, err);
}

static int sim_set_tls(struct vm *vm, const struct vm_tls *tls, int64_t deadline, GError **err)
{
    (void)tls;
    return command(vm, "set_tls", NULL, deadline, err);
}

static char *sim_own_words(struct vm *vm)
{
    (void)vm;
    return NULL;
}

static int sim_incoming_fd(struct vm *vm, int fd, int64_t deadline, GError **err)
{
    (void)fd;
    return command(vm, "incoming", copy_listen, deadline, err);
}

static int sim_incoming_uri(struct vm *vm, const char *uri, uint16_t *port_out, int64_t deadline,
                            GError **err)
{
    (void)uri;
    *port_out = 0;
    return sim_incoming_fd(vm, -1, deadline, err);
}

static int sim_migrate_fd(struct vm *vm, int fd, int64_t deadline, GError **err)
{
    (void)fd;
    return command(vm, "migrate", copy_begin_stream, deadline, err);
}

static int sim_migrate_uri(struct vm *vm, const char *uri, int64_t deadline, GError **err)
{
    (void)uri;
    return sim_migrate_fd(vm, -1, deadline, err);
}

static int sim_await_migrated(struct vm *vm, int64_t deadline, GError **err)
{
    struct copy *copy = copy_of(vm);
    struct event *const events[] = {&copy->move_ended, &copy->exited};
    enum fault_kind fault;
    if (world_node_point(copy->host, copy, "await_migrated", &fault) < 0)
        return sim_node_is_dead(err);
    if (!copy->has_begun) {
        g_set_error(err, VM_ERROR, VM_ERROR_MIGRATION, "no migration of %s was begun on %s",
                    vm->name, vm->host->name);
        return -1;
    }
    if (fault != FAULT_NONE) {
        copy->end_unheard = true;
        return wait_in_vain(deadline, err);
    }
    int which = await_any(events, G_N_ELEMENTS(events), deadline, err);
    if (world_node_goes_on(copy->host) < 0) {
        g_clear_error(err);
        return sim_node_is_dead(err);
    }
    if (which < 0)
        return -1;
    if (copy_has_status(copy, "completed"))
        return 0;
    if (copy_is_managed(copy) && copy->host->is_unmanaged)
        return no_manager(copy, err);
    if (copy->state == COPY_GONE)
        return died(copy, err);
    g_propagate_error(
        err, evidence_set(copy_is_broken(copy)
                              ? g_error_new(VM_ERROR, VM_ERROR_BROKEN,
                                            "the stream of %s broke in post-copy, as %s saw",
                                            vm->name, vm->host->name)
                              : g_error_new(VM_ERROR, VM_ERROR_MIGRATION, "migration of %s %s",
                                            vm->name, vm->move_status),
                          VTMH__EVIDENCE__EVIDENCE_PEER, 0));
    return -1;
}

/* It waits for the call, which may have to be broken. */
static int sim_cancel_call(struct vm *vm, bool *completed_out, int64_t deadline, GError **err)
{
    struct copy *copy = copy_of(vm);
    if (command(vm, "migrate_cancel", copy_cancel_call, deadline, err) < 0)
        return -1;
    if (copy_is_moving(copy) && await_event(&copy->move_ended, deadline, err) < 0)
        return -1;
    if (copy->host->is_unmanaged && copy->has_begun && !copy->base.has_left)
        return no_manager(copy, err);
    *completed_out = copy_has_status(copy, "completed");
    return 0;
}

static int sim_migrate_cancel(struct vm *vm, bool *completed_out, int64_t deadline, GError **err)
{
    if (copy_is_managed(copy_of(vm)))
        return sim_cancel_call(vm, completed_out, deadline, err);
    if (command(vm, "migrate_cancel", copy_cancel_move, deadline, err) < 0)
        return -1;
    *completed_out = copy_has_status(copy_of(vm), "completed");
    return 0;
}

static int sim_start_postcopy(struct vm *vm, int64_t deadline, GError **err)
{
    return command(vm, "start_postcopy", copy_ask_postcopy, deadline, err);
}

static int sim_pause_postcopy(struct vm *vm, int64_t deadline, GError **err)
{
    return command(vm, "pause_postcopy", copy_pause_postcopy, deadline, err);
}

static int sim_move_stats(struct vm *vm, struct vm_move_stats *stats, int64_t deadline,
                          GError **err)
{
    struct vm_move_stats look = {.total_ms = 10,
                                 .setup_ms = 1,
                                 .downtime_ms = 1,
                                 .transferred_bytes = RAM_BYTES,
                                 .remaining_bytes = 0,
                                 .total_bytes = RAM_BYTES,
                                 .dirty_syncs = 5,
                                 .pages_sent_again = 300,
                                 .bytes_per_s = -1,
                                 .throttle_percent = -1,
                                 .xbzrle_pages = -1,
                                 .compressed_pages = -1,
                                 .multifd_bytes = -1,
                                 .switchover_pauses = -1,
                                 .postcopy_bytes = vm->is_postcopy ? RAM_BYTES / 2 : 0};
    if (command(vm, "move_stats", NULL, deadline, err) < 0)
        return -1;
    g_strlcpy(look.status, vm->move_status, sizeof(look.status));
    *stats = look;
    return 0;
}

static int sim_set_speed(struct vm *vm, uint64_t bytes_per_s, int64_t deadline, GError **err)
{
    (void)bytes_per_s;
    return command(vm, "set_speed", NULL, deadline, err);
}

static int sim_set_downtime(struct vm *vm, int64_t limit_ms, int64_t deadline, GError **err)
{
    (void)limit_ms;
    return command(vm, "set_downtime", NULL, deadline, err);
}

static json_t *sim_expect(struct vm *vm, const struct vm_expected *expected, int64_t deadline,
                          GError **err)
{
    const struct copy *copy = copy_of(vm);
    if (expected->is_held == copy->world->setup->lets_go)
        world_wrong(copy->world, "%s is expected to be held, or not to be", vm->name);
    return command(vm, "expect", copy_expect, deadline, err) < 0 ? NULL : json_object();
}

static const char *sim_manager_socket(const struct vm *vm)
{
    (void)vm;
    return NULL;
}

static int sim_begin(struct vm *vm, const json_t *call, int64_t deadline, GError **err)
{
    (void)call;
    return command(vm, "begin", copy_begin_call, deadline, err);
}

static const struct vm_manager sim_manager = {
    .expect = sim_expect,
    .socket = sim_manager_socket,
    .begin = sim_begin,
};

#define SIM_MEMBERS                                                                                \
    .offer = sim_offer, .show = sim_show, .create = sim_create, .destroy = sim_destroy,            \
    .drop = sim_drop, .exited = sim_exited, .death = sim_death, .cont = sim_cont,                  \
    .stop = sim_stop, .run_state = sim_run_state, .facts = sim_facts,                              \
    .check_sound = sim_check_sound, .check_migratable = sim_check_migratable,                      \
    .prepare_move = sim_prepare_move, .set_tls = sim_set_tls, .own_words = sim_own_words,          \
    .incoming_fd = sim_incoming_fd, .incoming_uri = sim_incoming_uri,                              \
    .migrate_fd = sim_migrate_fd, .migrate_uri = sim_migrate_uri, .set_speed = sim_set_speed,      \
    .set_downtime = sim_set_downtime, .start_postcopy = sim_start_postcopy,                        \
    .pause_postcopy = sim_pause_postcopy, .await_migrated = sim_await_migrated,                    \
    .migrate_cancel = sim_migrate_cancel, .move_stats = sim_move_stats

static const struct vm_driver sim_driver = {.name = "simulated", SIM_MEMBERS};
static const struct vm_driver sim_managed_driver = {
    .name = "managed", SIM_MEMBERS, .manager = &sim_manager};

/* The world's own table, in place of migration/vm/drivers.c. */
const struct vm_driver *vm_driver_find(const char *name)
{
    if (strcmp(name, sim_managed_driver.name) == 0)
        return &sim_managed_driver;
    return strcmp(name, sim_driver.name) == 0 ? &sim_driver : NULL;
}
