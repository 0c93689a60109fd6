/* Fake guests: one is as alive as its copy, and says so. */
#include "migration/evidence.h"
#include "tests/unit/handover_world_private.h"

struct guest {
    struct vm *vm;
    struct fiber *reader;
    struct event never;
};

static int read_serial(void *arg, GError **err)
{
    struct guest *guest = arg;
    return await_event(&guest->never, DEADLINE_NEVER, err);
}

struct guest *guest_attach(struct vm *vm, const struct host *host, const struct params *params,
                           struct scope *scope, GError **err)
{
    (void)host, (void)params;
    if (world_point(vm->host, vm, "guest_attach") != FAULT_NONE) {
        g_set_error_literal(err, VM_ERROR, VM_ERROR_GUEST, "no serial port");
        return NULL;
    }
    struct guest *guest = g_new0(struct guest, 1);
    guest->vm = vm;
    guest->reader = scope_spawn_detached(scope, "serial", read_serial, guest);
    return guest;
}

void guest_free(struct guest *guest)
{
    if (guest == NULL)
        return;
    if (guest->vm->is_freed)
        world_wrong(guest->vm->world, "the guest of %s outlives it", guest->vm->name);
    fiber_shield();
    fiber_cancel(guest->reader, NULL);
    fiber_join(guest->reader, DEADLINE_NEVER, NULL);
    fiber_unshield();
    g_free(guest);
}

/* Something that only a running guest does. */
static int ask_guest(struct guest *guest, const char *what, GError **err)
{
    if (world_command(guest->vm, what, NULL, err) < 0)
        return -1;
    if (guest->vm->state == COPY_RUNNING)
        return 0;
    g_set_error(err, VM_ERROR, VM_ERROR_GUEST, "the guest of %s is silent", guest->vm->name);
    return -1;
}

int guest_await_up(struct guest *guest, int64_t deadline, GError **err)
{
    (void)deadline;
    return ask_guest(guest, "guest_await_up", err);
}

int guest_await_alive(struct guest *guest, int64_t deadline, GError **err)
{
    (void)deadline;
    return ask_guest(guest, "guest_await_alive", err);
}

int guest_await_booted(struct guest *guest, int64_t deadline, GError **err)
{
    (void)deadline;
    return ask_guest(guest, "guest_await_booted", err);
}

int guest_start_work(struct guest *guest, int64_t deadline, GError **err)
{
    (void)deadline;
    return ask_guest(guest, "guest_start_work", err);
}

int guest_check_work(struct guest *guest, int64_t deadline, GError **err)
{
    (void)deadline;
    return ask_guest(guest, "guest_check_work", err);
}

int guest_verify(struct guest *guest, int64_t deadline, uint64_t *pages_out, uint64_t *bad_out,
                 GError **err)
{
    (void)deadline;
    *pages_out = 4096;
    *bad_out = 0;
    return ask_guest(guest, "guest_verify", err);
}

int guest_await_beat(struct guest *guest, int64_t deadline, GError **err)
{
    (void)deadline;
    if (guest->vm->state == COPY_RUNNING)
        return await_turn(err);
    return world_timed_out(err);
}

struct guest_beat guest_last_beat(const struct guest *guest)
{
    return (struct guest_beat){.counter = 1, .at_us = guest->vm->stopped_at_us};
}

struct guest_beat guest_first_beat(const struct guest *guest)
{
    return (struct guest_beat){.counter = 2, .at_us = guest->vm->resumed_at_us};
}

bool guest_is_up(const struct guest *guest)
{
    (void)guest;
    return true;
}

char *guest_serial_tail(const struct guest *guest)
{
    (void)guest;
    return g_strdup("nothing");
}

GError *guest_end(struct guest *guest)
{
    if (guest->vm->act == VM_ACT_NONE)
        return vm_death(guest->vm);
    return evidence_set(g_error_new(VM_ERROR, VM_ERROR_GUEST, "guest of %s panicked on %s",
                                    guest->vm->name, guest->vm->host->host.name),
                        VTMH__EVIDENCE__EVIDENCE_GUEST, 0);
}

unsigned guest_beat_period_ms(const struct guest *guest)
{
    (void)guest;
    return 10;
}

void guest_watch_gaps(struct guest *guest)
{
    (void)guest;
}

double guest_longest_gap_ms(const struct guest *guest)
{
    (void)guest;
    return -1;
}

char *guest_state(const struct guest *guest)
{
    (void)guest;
    return g_strdup("at work");
}

uint32_t guest_rounds(const struct guest *guest)
{
    (void)guest;
    return 1;
}

int guest_adopt_state(struct guest *guest, const char *state, GError **err)
{
    (void)guest, (void)state, (void)err;
    return 0;
}

struct vm_boot *guest_boot(const struct host *host, const struct params *params, GError **err)
{
    (void)host, (void)params, (void)err;
    return g_new0(struct vm_boot, 1);
}

void guest_boot_free(struct vm_boot *boot)
{
    g_free(boot);
}

const char *guest_name(const struct params *params)
{
    (void)params;
    return "tick";
}

int guest_run(struct guest *guest, const char *command_line, int64_t deadline, int *status_out,
              char **output_out, GError **err)
{
    (void)command_line, (void)deadline;
    *status_out = 0;
    *output_out = g_strdup("");
    return world_command(guest->vm, "guest_run", NULL, err);
}
