/* The simulated hypervisor: each command is done when it is asked. */
#include "tests/sim/sim.h"

#include "migration/evidence.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static const struct vm_driver sim_driver;

struct sim_vm *sim_vm_of(struct vm *vm)
{
    return (struct sim_vm *)vm;
}

static struct vm_offer *sim_offer(const struct host *host, const struct params *params,
                                  int64_t deadline, GError **err)
{
    json_auto_t *json = json_pack(
        "{s:s, s:[i,i,i], s:s, s:b, s:b, s:s, s:{s:s, s:s}, s:[s], s:[s,s,s], s:{}, s:[s]}",
        "binary", "simulated", "version", 1, 0, 0, "package", "", "kvm", 0, "pvpanic", 0,
        "kvm_reason", "it is simulated", "machines", "pc", "pc-1", "pc-1", "pc-1", "cpus", "qemu64",
        "capabilities", "return-path", "late-block-activate", "events", "refused", "parameters",
        "downtime-limit");
    (void)host, (void)params, (void)deadline;
    return vm_offer_from_json(json, err);
}

static json_t *sim_show(const struct vm_spec *spec, GError **err)
{
    (void)err;
    return json_pack("{s:{s:s}, s:[]}", "machine", "id", spec->name, "words");
}

/* What the guest says; nobody listens at a line that is closed. */
static void say(const struct sim_vm *vm, const char *text)
{
    if (send(vm->line, text, strlen(text), MSG_NOSIGNAL) < 0)
        return;
}

static void beat(struct sim_vm *vm)
{
    char line[40];
    vm->beats++;
    g_snprintf(line, sizeof(line), "T %08X %08X %08X\n", vm->beats, vm->beats * 10, 0U);
    say(vm, line);
}

static struct vm *sim_create(const struct vm_spec *spec, int64_t deadline, GError **err)
{
    int pair[2];
    (void)deadline;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0) {
        g_set_error(err, VM_ERROR, VM_ERROR_START, "socketpair: %m");
        return NULL;
    }
    struct sim_vm *vm = g_new0(struct sim_vm, 1);
    vm->base.driver = &sim_driver;
    vm->base.host = spec->host;
    vm->base.name = g_strdup(spec->name);
    vm->base.pid = getpid();
    vm->line = pair[1];
    vm->base.serial = stream_new(pair[0], err);
    if (vm->base.serial == NULL) {
        close(vm->line);
        g_free(vm->base.name);
        g_free(vm);
        return NULL;
    }
    if (!spec->incoming)
        say(vm, "vtmh tick up\n");
    return &vm->base;
}

static void sim_drop(struct vm *vm)
{
    stream_close(vm->serial);
    close(sim_vm_of(vm)->line);
    g_free(vm->name);
    g_free(vm);
}

static int sim_destroy(struct vm *vm, int *status_out, GError **err)
{
    (void)status_out;
    (void)err;
    sim_drop(vm);
    return 0;
}

static struct event *sim_exited(struct vm *vm)
{
    return &sim_vm_of(vm)->exited;
}

static GError *sim_death(struct vm *vm)
{
    return g_error_new(VM_ERROR, VM_ERROR_DIED, "the simulated %s ended", vm->name);
}

static int sim_done(struct vm *vm, int64_t deadline, GError **err)
{
    (void)vm, (void)deadline, (void)err;
    return 0;
}

static int sim_cont(struct vm *vm, int64_t deadline, GError **err)
{
    (void)deadline, (void)err;
    vm->resumed_at_us = g_get_monotonic_time();
    beat(sim_vm_of(vm));
    return 0;
}

static int sim_stop(struct vm *vm, int64_t deadline, GError **err)
{
    (void)deadline, (void)err;
    vm->stopped_at_us = g_get_monotonic_time();
    return 0;
}

static int sim_run_state(struct vm *vm, char **state_out, int64_t deadline, GError **err)
{
    (void)vm, (void)deadline, (void)err;
    *state_out = g_strdup("running");
    return 0;
}

static json_t *sim_facts(struct vm *vm, const char *cpu, int64_t deadline, GError **err)
{
    (void)vm, (void)deadline, (void)err;
    return json_pack("{s:[s], s:[s]}", "CPUs", "1", "CPU", cpu);
}

static int sim_prepare_move(struct vm *vm, const struct vm_move *move, int64_t deadline,
                            GError **err)
{
    (void)vm, (void)move, (void)deadline, (void)err;
    return 0;
}

static char *sim_own_words(struct vm *vm)
{
    (void)vm;
    return NULL;
}

static void complete(struct sim_vm *vm)
{
    g_strlcpy(vm->base.move_status, "completed", sizeof(vm->base.move_status));
    vm->base.completed_at_us = g_get_monotonic_time();
    event_set(&vm->base.move_changed);
    event_set(&vm->moved);
}

static int sim_incoming_fd(struct vm *vm, int fd, int64_t deadline, GError **err)
{
    (void)fd, (void)deadline, (void)err;
    vm->stopped_at_us = vm->resumed_at_us = vm->completed_at_us = 0;
    g_strlcpy(vm->move_status, "active", sizeof(vm->move_status));
    return 0;
}

/* The whole guest goes in one datagram. */
static int sim_migrate_fd(struct vm *vm, int fd, int64_t deadline, GError **err)
{
    struct sim_vm *self = sim_vm_of(vm);
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    size_t size = strlen(self->to);
    (void)deadline;
    memcpy(to.sun_path + 1, self->to, size);
    event_reset(&self->moved);
    vm->resumed_at_us = 0;
    vm->stopped_at_us = g_get_monotonic_time();
    if (sendto(fd, &self->beats, sizeof(self->beats), 0, (struct sockaddr *)&to,
               (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + size)) < 0) {
        g_set_error(err, VM_ERROR, VM_ERROR_MIGRATION, "%s does not get through: %m", vm->name);
        return -1;
    }
    complete(self);
    return 0;
}

static int sim_uri(struct vm *vm, const char *uri, int64_t deadline, GError **err)
{
    (void)vm, (void)uri, (void)deadline;
    g_set_error_literal(err, VM_ERROR, VM_ERROR_UNSUPPORTED, "a simulated VM has no network");
    return -1;
}

static int sim_incoming_uri(struct vm *vm, const char *uri, uint16_t *port_out, int64_t deadline,
                            GError **err)
{
    *port_out = 0;
    return sim_uri(vm, uri, deadline, err);
}

static int sim_await_migrated(struct vm *vm, int64_t deadline, GError **err)
{
    struct sim_vm *self = sim_vm_of(vm);
    if (self->stream == NULL)
        return await_event(&self->moved, deadline, err);
    if (stream_read(self->stream, &self->beats, sizeof(self->beats), deadline, err) < 0)
        return -1;
    self->stream = NULL; /* its channel's, which closes it */
    complete(self);
    return 0;
}

static int sim_migrate_cancel(struct vm *vm, bool *completed_out, int64_t deadline, GError **err)
{
    (void)deadline, (void)err;
    *completed_out = event_is_set(&sim_vm_of(vm)->moved);
    return 0;
}

static int sim_move_stats(struct vm *vm, struct vm_move_stats *stats, int64_t deadline,
                          GError **err)
{
    (void)deadline, (void)err;
    /* Not all the same, so that the figures of many legs have a spread. */
    double jitter = (double)(sim_vm_of(vm)->beats % 100) / 100;
    *stats = (struct vm_move_stats){
        .total_ms = 10 + jitter,
        .setup_ms = 1,
        .downtime_ms = 1 + jitter,
        .expected_downtime_ms = -1,
        .transferred_bytes = SIM_RAM_BYTES,
        .remaining_bytes = 0,
        .total_bytes = SIM_RAM_BYTES,
        .dirty_syncs = 5,
        .dirty_bytes_per_s = -1,
        .pages_sent_again = SIM_RAM_BYTES / GUEST_PAGE_BYTES / 4,
        .bytes_per_s = -1,
        .throttle_percent = -1,
        .xbzrle_pages = -1,
        .compressed_pages = -1,
        .multifd_bytes = -1,
        .switchover_pauses = -1,
        .postcopy_bytes = -1,
        .postcopy_requests = -1,
    };
    g_strlcpy(stats->status, vm->move_status, sizeof(stats->status));
    return 0;
}

static int sim_set_tls(struct vm *vm, const struct vm_tls *tls, int64_t deadline, GError **err)
{
    (void)tls;
    return sim_done(vm, deadline, err);
}

static int sim_set_speed(struct vm *vm, uint64_t bytes_per_s, int64_t deadline, GError **err)
{
    (void)bytes_per_s;
    return sim_done(vm, deadline, err);
}

static int sim_set_downtime(struct vm *vm, int64_t limit_ms, int64_t deadline, GError **err)
{
    (void)limit_ms;
    return sim_done(vm, deadline, err);
}

static const struct vm_driver sim_driver = {
    .name = "simulated",
    .offer = sim_offer,
    .show = sim_show,
    .create = sim_create,
    .destroy = sim_destroy,
    .drop = sim_drop,
    .exited = sim_exited,
    .death = sim_death,
    .cont = sim_cont,
    .stop = sim_stop,
    .run_state = sim_run_state,
    .facts = sim_facts,
    .check_sound = sim_done,
    .check_migratable = sim_done,
    .prepare_move = sim_prepare_move,
    .set_tls = sim_set_tls,
    .own_words = sim_own_words,
    .incoming_fd = sim_incoming_fd,
    .incoming_uri = sim_incoming_uri,
    .migrate_fd = sim_migrate_fd,
    .migrate_uri = sim_uri,
    .set_speed = sim_set_speed,
    .set_downtime = sim_set_downtime,
    .start_postcopy = sim_done,
    .pause_postcopy = sim_done,
    .await_migrated = sim_await_migrated,
    .migrate_cancel = sim_migrate_cancel,
    .move_stats = sim_move_stats,
};

const struct vm_driver *vm_driver_find(const char *name)
{
    return strcmp(name, "qemu") == 0 ? &sim_driver : NULL;
}
