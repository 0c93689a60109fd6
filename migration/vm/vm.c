/* The interface: finds the driver, then calls through to it. */
#include "migration/vm/vm.h"

#include "migration/params.h"
#include "migration/vm/cpu_time.h"
#include "migration/vm/driver.h"

#include <string.h>

static const struct vm_driver *const drivers[] = {&qemu_driver};

static const struct vm_driver *driver_named(const char *name, GError **err)
{
    for (size_t i = 0; i < G_N_ELEMENTS(drivers); i++) {
        if (strcmp(drivers[i]->name, name) == 0)
            return drivers[i];
    }
    g_set_error(err, VM_ERROR, VM_ERROR_UNSUPPORTED, "vm_type = %s: there is no such driver", name);
    return NULL;
}

struct vm *vm_create(const struct vm_spec *spec, int64_t deadline, GError **err)
{
    const struct vm_driver *driver = driver_named(param_text(spec->params, "vm_type"), err);

    return driver != NULL ? driver->create(spec, deadline, err) : NULL;
}

int vm_destroy(struct vm *vm, GError **err)
{
    return vm != NULL ? vm->driver->destroy(vm, err) : 0;
}

const char *vm_name(const struct vm *vm)
{
    return vm->name;
}

pid_t vm_pid(const struct vm *vm)
{
    return vm->pid;
}

int64_t vm_cpu_ms(const struct vm *vm)
{
    return cpu_time_ms(vm->pid);
}

void vm_drop(struct vm *vm)
{
    if (vm != NULL)
        vm->driver->drop(vm);
}

struct event *vm_exited(struct vm *vm)
{
    return vm->driver->exited(vm);
}

GError *vm_death(struct vm *vm)
{
    return vm->driver->death(vm);
}

struct stream *vm_serial(struct vm *vm)
{
    return vm->serial;
}

uint16_t vm_ssh_port(const struct vm *vm)
{
    return vm->ssh_port;
}

const char *vm_ssh_address(const struct vm *vm)
{
    return vm->ssh_address;
}

int vm_cont(struct vm *vm, int64_t deadline, GError **err)
{
    return vm->driver->cont(vm, deadline, err);
}

int vm_stop(struct vm *vm, int64_t deadline, GError **err)
{
    return vm->driver->stop(vm, deadline, err);
}

int vm_run_state(struct vm *vm, char **state_out, int64_t deadline, GError **err)
{
    return vm->driver->run_state(vm, state_out, deadline, err);
}

json_t *vm_facts(struct vm *vm, const char *cpu, int64_t deadline, GError **err)
{
    return vm->driver->facts(vm, cpu, deadline, err);
}

int vm_incoming_tcp(struct vm *vm, const struct vm_move *move, const char *address, uint16_t low,
                    uint16_t high, uint16_t *port_out, int64_t deadline, GError **err)
{
    return vm->driver->incoming_tcp(vm, move, address, low, high, port_out, deadline, err);
}

int vm_migrate_fd(struct vm *vm, const struct vm_move *move, int fd, int64_t deadline, GError **err)
{
    return vm->driver->migrate_fd(vm, move, fd, deadline, err);
}

int vm_await_migrated(struct vm *vm, int64_t deadline, GError **err)
{
    return vm->driver->await_migrated(vm, deadline, err);
}

int vm_migrate_cancel(struct vm *vm, bool *completed_out, int64_t deadline, GError **err)
{
    return vm->driver->migrate_cancel(vm, completed_out, deadline, err);
}

int vm_move_stats(struct vm *vm, struct vm_move_stats *stats, int64_t deadline, GError **err)
{
    return vm->driver->move_stats(vm, stats, deadline, err);
}

int64_t vm_stopped_at_us(const struct vm *vm)
{
    return vm->stopped_at_us;
}

int64_t vm_resumed_at_us(const struct vm *vm)
{
    return vm->resumed_at_us;
}
