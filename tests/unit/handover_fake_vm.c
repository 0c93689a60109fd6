/*
 * Fake hypervisors, and the channel between them. They behave as QEMU 7.2 does where it matters:
 * events come in order, a cancelled or broken stream lets the source run on, a destination whose
 * stream breaks ends by itself, and a destination that has everything stays paused until it is
 * continued.
 */
#include "migration/evidence.h"
#include "tests/unit/handover_world_private.h"

#include <string.h>

/* A short patience is over within so many turns, as no time passes here. */
#define LONG_MS 10000
#define SHORT_TURNS 32

static const char *const state_names[] = {
    [COPY_PRELAUNCH] = "prelaunch", [COPY_INCOMING] = "inmigrate", [COPY_RUNNING] = "running",
    [COPY_PAUSED] = "paused",       [COPY_SENT] = "postmigrate",   [COPY_GONE] = "gone",
};

static void end_move(struct vm *vm, const char *status)
{
    vm->move = status;
    event_set(&vm->move_ended);
}

static void exit_copy(struct vm *vm)
{
    vm->state = COPY_GONE;
    event_set(&vm->exited);
    event_set(&vm->move_ended);
}

static bool is_moving(const struct vm *vm)
{
    return vm->move != NULL && strcmp(vm->move, "active") == 0;
}

static void start_cpus(struct vm *vm)
{
    struct world *world = vm->world;
    if (vm->state == COPY_GONE || vm->state == COPY_RUNNING)
        return;
    vm->state = COPY_RUNNING;
    vm->ran_at = ++world->tick;
    vm->resumed_at_us = (int64_t)vm->ran_at * 1000;
    world_did(world, "%s of %s runs", vm->name, vm->host->host.name);
    for (unsigned i = 0; i < world->copies->len; i++) {
        const struct vm *other = g_ptr_array_index(world->copies, i);
        if (other == vm || strcmp(other->name, vm->name) != 0)
            continue;
        if (other->state == COPY_RUNNING)
            world_broken(world, "%s runs on %s and on %s", vm->name, other->host->host.name,
                         vm->host->host.name);
        if (vm->held_at > 0 && other->ran_at > vm->held_at)
            world_broken(world, "%s on %s goes back in time: it has run on %s since", vm->name,
                         vm->host->host.name, other->host->host.name);
    }
}

static void stop_cpus(struct vm *vm, enum copy_state state)
{
    if (vm->state == COPY_GONE)
        return;
    if (vm->state == COPY_RUNNING)
        vm->held_at = ++vm->world->tick;
    vm->stopped_at_us = (int64_t)vm->held_at * 1000;
    vm->state = state;
}

static void pause_cpus(struct vm *vm)
{
    if (vm->state == COPY_RUNNING)
        stop_cpus(vm, COPY_PAUSED);
}

/* The stream ended before all was over. */
static void break_stream(struct vm *source, const char *status)
{
    struct vm *destination = source->peer;
    if (is_moving(source)) {
        end_move(source, status);
        if (source->ran_before_move)
            start_cpus(source);
        else if (source->state != COPY_GONE)
            source->state = COPY_PAUSED;
    }
    if (is_moving(destination)) {
        end_move(destination, "failed");
        exit_copy(destination);
    }
}

static void cancel_move(struct vm *vm)
{
    if (is_moving(vm))
        break_stream(vm, "cancelled");
}

/* Its process ends, and with it a stream. */
static void end_copy(struct vm *vm)
{
    struct vm *source = vm->sends ? vm : vm->peer;
    exit_copy(vm);
    if (!is_moving(vm))
        return;
    vm->move = "failed";
    break_stream(source, "failed");
}

void world_kill(struct vm *vm)
{
    if (vm == NULL || vm->state == COPY_GONE)
        return;
    world_did(vm->world, "%s on %s is killed", vm->name, vm->host->host.name);
    vm->was_killed = true;
    end_copy(vm);
}

void world_panic(struct vm *vm)
{
    if (vm == NULL || vm->state != COPY_RUNNING)
        return;
    world_did(vm->world, "the guest of %s on %s panics", vm->name, vm->host->host.name);
    vm->act = VM_ACT_PANICKED;
    stop_cpus(vm, COPY_PAUSED);
    event_set(&vm->acted);
}

struct vm *world_other_copy(const struct vm *vm)
{
    for (unsigned i = vm->world->copies->len; i > 0; i--) {
        struct vm *other = g_ptr_array_index(vm->world->copies, i - 1);
        if (other != vm && other->state != COPY_GONE && strcmp(other->name, vm->name) == 0)
            return other;
    }
    return NULL;
}

static int died(const struct vm *vm, GError **err)
{
    GError *error = g_error_new(VM_ERROR, VM_ERROR_DIED, "QEMU of %s on %s ended%s", vm->name,
                                vm->host->host.name, vm->was_killed ? " (killed by SIGKILL)" : "");
    g_propagate_error(err, evidence_set(error,
                                        vm->was_killed ? VTMH__EVIDENCE__EVIDENCE_KILLED
                                                       : VTMH__EVIDENCE__EVIDENCE_PEER,
                                        0));
    return -1;
}

int world_timed_out(GError **err)
{
    g_set_error_literal(err, SYNC_ERROR, SYNC_ERROR_TIMEOUT, "timed out");
    return -1;
}

static void do_late(struct vm *vm)
{
    if (vm->late != NULL && vm->state != COPY_GONE)
        vm->late(vm);
    vm->late = NULL;
}

int world_command(struct vm *vm, const char *what, void (*effect)(struct vm *vm), GError **err)
{
    if (vm->is_freed)
        world_wrong(vm->world, "%s of %s after its end", what, vm->name);
    enum fault_kind fault = world_point(vm->host, vm, what);
    do_late(vm);
    if (fault != FAULT_NONE && effect == start_cpus)
        vm->cont_failed = true;
    if (await_turn(err) < 0) {
        vm->late = effect; /* it has been asked */
        return -1;
    }
    if (vm->state == COPY_GONE)
        return died(vm, err);
    if (fault == FAULT_REFUSED) {
        g_set_error(err, VM_ERROR, VM_ERROR_COMMAND, "%s refused", what);
        return -1;
    }
    if (fault == FAULT_LATE) {
        vm->late = effect;
        return world_timed_out(err);
    }
    if (effect != NULL)
        effect(vm);
    if (fault == FAULT_UNHEARD)
        return world_timed_out(err);
    if (await_turn(err) < 0)
        return -1;
    return vm->state == COPY_GONE ? died(vm, err) : 0;
}

struct vm *vm_create(const struct vm_spec *spec, int64_t deadline, GError **err)
{
    (void)deadline;
    struct sim_host *host = sim_host_of(spec->host);
    struct world *world = host->world;
    enum fault_kind fault = world_point(host, NULL, "vm_create");
    if (await_turn(err) < 0)
        return NULL;
    if (fault != FAULT_NONE) {
        g_set_error(err, VM_ERROR, VM_ERROR_START, "QEMU of %s does not start", spec->name);
        return NULL;
    }
    struct vm *vm = g_new0(struct vm, 1);
    vm->world = world;
    vm->host = host;
    vm->name = g_strdup(spec->name);
    vm->state = spec->incoming ? COPY_INCOMING : COPY_PRELAUNCH;
    g_ptr_array_add(world->copies, vm);
    world_did(world, "%s is made on %s", vm->name, host->host.name);
    return vm;
}

int vm_destroy(struct vm *vm, GError **err)
{
    if (vm == NULL)
        return 0;
    fiber_shield();
    vm->runs_at_end = vm->state == COPY_RUNNING;
    vm->gone_at_end = vm->state == COPY_GONE;
    enum fault_kind fault = world_point(vm->host, vm, "vm_destroy");
    await_turn(NULL);
    /* "quit" comes after what was asked before. */
    vm->late_at_end = vm->late != NULL;
    do_late(vm);
    fiber_unshield();
    vm->is_freed = true;
    if (fault == FAULT_REFUSED || fault == FAULT_UNHEARD || fault == FAULT_LATE) {
        vm->outlived = vm->state != COPY_GONE;
        g_set_error(err, VM_ERROR, VM_ERROR_DIED, "QEMU of %s does not die", vm->name);
        return vm->outlived ? -1 : 0;
    }
    world_did(vm->world, "%s on %s is destroyed (%s)", vm->name, vm->host->host.name,
              state_names[vm->state]);
    end_copy(vm);
    return 0;
}

struct event *vm_exited(struct vm *vm)
{
    return &vm->exited;
}

GError *vm_death(struct vm *vm)
{
    GError *error = NULL;
    died(vm, &error);
    return error;
}

struct event *vm_acted(struct vm *vm)
{
    return &vm->acted;
}

enum vm_act vm_act(const struct vm *vm)
{
    return vm->act;
}

void vm_forget_act(struct vm *vm)
{
    vm->act = VM_ACT_NONE;
    event_reset(&vm->acted);
}

struct event *vm_halted(struct vm *vm)
{
    return &vm->halted;
}

int vm_check_sound(struct vm *vm, int64_t deadline, GError **err)
{
    (void)vm, (void)deadline, (void)err;
    return 0;
}

int vm_check_not_stopped(const struct vm *vm, GError **err)
{
    (void)vm, (void)err;
    return 0;
}

int vm_check_migratable(struct vm *vm, int64_t deadline, GError **err)
{
    (void)deadline;
    return world_command(vm, "vm_check_migratable", NULL, err);
}

int vm_cont(struct vm *vm, int64_t deadline, GError **err)
{
    (void)deadline;
    if (vm->state == COPY_INCOMING)
        world_wrong(vm->world, "%s on %s is continued while it receives", vm->name,
                    vm->host->host.name);
    return world_command(vm, "vm_cont", start_cpus, err);
}

int vm_stop(struct vm *vm, int64_t deadline, GError **err)
{
    (void)deadline;
    return world_command(vm, "vm_stop", pause_cpus, err);
}

int vm_run_state(struct vm *vm, char **state_out, int64_t deadline, GError **err)
{
    (void)deadline;
    if (world_command(vm, "vm_run_state", NULL, err) < 0)
        return -1;
    *state_out = g_strdup(state_names[vm->state]);
    return 0;
}

json_t *vm_facts(struct vm *vm, const char *cpu, int64_t deadline, GError **err)
{
    (void)cpu, (void)deadline;
    return world_command(vm, "vm_facts", NULL, err) < 0 ? NULL : json_pack("{s:[s]}", "CPUs", "1");
}

pid_t vm_pid(const struct vm *vm)
{
    (void)vm;
    return 0;
}

int64_t vm_cpu_ms(const struct vm *vm)
{
    (void)vm;
    return -1;
}

int64_t vm_stopped_at_us(const struct vm *vm)
{
    return vm->stopped_at_us;
}

int64_t vm_resumed_at_us(const struct vm *vm)
{
    return vm->resumed_at_us;
}

struct event *vm_move_passed(struct vm *vm)
{
    static struct event never;
    (void)vm;
    return &never;
}

int64_t vm_completed_at_us(const struct vm *vm)
{
    (void)vm;
    return 0;
}

static void listen_for_stream(struct vm *vm)
{
    vm->move = "setup";
    event_set(&vm->receives);
}

int vm_prepare_move(struct vm *vm, const struct vm_move *move, int64_t deadline, GError **err)
{
    (void)move, (void)deadline;
    return world_command(vm, "vm_prepare_move", NULL, err);
}

int vm_incoming_fd(struct vm *vm, int fd, int64_t deadline, GError **err)
{
    (void)fd, (void)deadline;
    return world_command(vm, "vm_incoming_fd", listen_for_stream, err);
}

/* The stream, a step a turn. QEMU works on its own: nobody can cancel this but by its commands. */
static int stream_over(void *arg, GError **err)
{
    (void)err;
    struct vm *source = arg;
    struct vm *destination = source->peer;
    world_point(source->host, source, "stream: pages");
    await_turn(NULL);
    if (!is_moving(source))
        return 0;
    stop_cpus(source, COPY_SENT);
    world_point(source->host, source, "stream: source stopped");
    await_turn(NULL);
    if (!is_moving(source))
        return 0;
    destination->state = COPY_PAUSED;
    end_move(destination, "completed");
    world_point(destination->host, destination, "stream: destination completed");
    await_turn(NULL);
    if (!is_moving(source))
        return 0;
    end_move(source, "completed");
    world_point(source->host, source, "stream: source completed");
    return 0;
}

static void begin_stream(struct vm *vm)
{
    struct vm *peer = world_other_copy(vm);
    vm->move = "active";
    vm->stopped_at_us = vm->resumed_at_us = 0;
    event_reset(&vm->move_ended);
    vm->ran_before_move = vm->state == COPY_RUNNING;
    if (peer == NULL || peer->state != COPY_INCOMING || peer->move == NULL) {
        vm->move = "failed";
        event_set(&vm->move_ended);
        return;
    }
    peer->move = "active";
    vm->peer = peer;
    vm->sends = true;
    peer->peer = vm;
    peer->sends = false;
    scope_spawn(vm->world->scope, "stream", stream_over, vm);
}

int vm_migrate_fd(struct vm *vm, int fd, int64_t deadline, GError **err)
{
    (void)fd, (void)deadline;
    return world_command(vm, "vm_migrate_fd", begin_stream, err);
}

int vm_await_migrated(struct vm *vm, int64_t deadline, GError **err)
{
    if (world_point(vm->host, vm, "vm_await_migrated") != FAULT_NONE)
        return world_timed_out(err);
    if (deadline_left(deadline) < LONG_MS) {
        for (unsigned turn = 0; turn < SHORT_TURNS && !event_is_set(&vm->move_ended); turn++)
            await_turn(NULL);
        if (!event_is_set(&vm->move_ended))
            return world_timed_out(err);
    }
    if (await_event(&vm->move_ended, deadline, err) < 0)
        return -1;
    if (vm->move != NULL && strcmp(vm->move, "completed") == 0)
        return 0;
    if (vm->state == COPY_GONE)
        return died(vm, err);
    g_propagate_error(err, evidence_set(g_error_new(VM_ERROR, VM_ERROR_MIGRATION,
                                                    "migration of %s %s", vm->name, vm->move),
                                        VTMH__EVIDENCE__EVIDENCE_PEER, 0));
    return -1;
}

int vm_migrate_cancel(struct vm *vm, bool *completed_out, int64_t deadline, GError **err)
{
    (void)deadline;
    if (world_command(vm, "vm_migrate_cancel", cancel_move, err) < 0)
        return -1;
    *completed_out = vm->move != NULL && strcmp(vm->move, "completed") == 0;
    return 0;
}

int vm_move_stats(struct vm *vm, struct vm_move_stats *stats, int64_t deadline, GError **err)
{
    (void)deadline;
    *stats = (struct vm_move_stats){.total_ms = 10,
                                    .setup_ms = 1,
                                    .downtime_ms = 1,
                                    .transferred_bytes = 4096,
                                    .remaining_bytes = 0,
                                    .total_bytes = 4096,
                                    .dirty_syncs = 5,
                                    .pages_sent_again = 300,
                                    .bytes_per_s = -1,
                                    .throttle_percent = -1,
                                    .xbzrle_pages = -1,
                                    .compressed_pages = -1,
                                    .multifd_bytes = -1,
                                    .switchover_pauses = -1};
    return world_command(vm, "vm_move_stats", NULL, err);
}

/* The channel goes nowhere: the copies know each other. Its source gets through when the
 * destination receives. */
static struct channel *sim_open(struct seat *seat);

static struct channel *sim_listen(struct seat *seat, const char *address, int64_t deadline,
                                  GError **err)
{
    (void)address, (void)deadline;
    return await_turn(err) < 0 ? NULL : sim_open(seat);
}

static json_t *sim_ticket(const struct channel *channel)
{
    (void)channel;
    return json_object();
}

static int sim_receive(struct channel *channel, int64_t deadline, GError **err)
{
    return vm_incoming_fd(channel->seat->vm, -1, deadline, err);
}

static struct channel *sim_connect(struct seat *seat, const json_t *ticket, const char *peer,
                                   int64_t deadline, GError **err)
{
    struct vm *other = world_other_copy(seat->vm);

    (void)ticket, (void)peer;
    if (other == NULL) {
        g_set_error_literal(err, VM_ERROR, VM_ERROR_MIGRATION, "nobody listens");
        return NULL;
    }
    return await_event(&other->receives, deadline, err) < 0 ? NULL : sim_open(seat);
}

static int sim_send(struct channel *channel, int64_t deadline, GError **err)
{
    return vm_migrate_fd(channel->seat->vm, -1, deadline, err);
}

static void sim_break_off(struct channel *channel)
{
    (void)channel;
}

static void sim_close(struct channel *channel)
{
    g_free(channel);
}

static const struct transport sim_transport = {
    .name = "tcp",
    .traits = TRANSPORT_TWO_WAY,
    .listen = sim_listen,
    .ticket = sim_ticket,
    .receive = sim_receive,
    .connect = sim_connect,
    .send = sim_send,
    .break_off = sim_break_off,
    .close = sim_close,
};

static struct channel *sim_open(struct seat *seat)
{
    struct channel *channel = g_new0(struct channel, 1);

    *channel = (struct channel){&sim_transport, seat};
    return channel;
}

const struct transport *transport_find(const char *name)
{
    (void)name;
    return &sim_transport;
}

void copies_free(GPtrArray *copies)
{
    for (unsigned i = 0; i < copies->len; i++) {
        struct vm *vm = g_ptr_array_index(copies, i);
        g_free(vm->name);
        g_free(vm);
    }
    g_ptr_array_unref(copies);
}

const char *vm_move_status(const struct vm *vm)
{
    return vm->move != NULL ? vm->move : "";
}

struct event *vm_move_changed(struct vm *vm)
{
    return &vm->move_ended;
}

int vm_set_speed(struct vm *vm, uint64_t bytes_per_s, int64_t deadline, GError **err)
{
    (void)bytes_per_s, (void)deadline;
    return world_command(vm, "vm_set_speed", NULL, err);
}

int vm_set_downtime(struct vm *vm, int64_t limit_ms, int64_t deadline, GError **err)
{
    (void)limit_ms, (void)deadline;
    return world_command(vm, "vm_set_downtime", NULL, err);
}

const char *vm_name(const struct vm *vm)
{
    return vm->name;
}

int vm_set_tls(struct vm *vm, const struct vm_tls *tls, int64_t deadline, GError **err)
{
    (void)tls, (void)deadline;
    return world_command(vm, "vm_set_tls", NULL, err);
}

char *vm_own_words(struct vm *vm)
{
    (void)vm;
    return NULL;
}
