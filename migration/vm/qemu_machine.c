/* The machine of a VM, as this host builds it for a QEMU, and as it is now. */
#include "migration/machine/change.h"
#include "migration/params.h"
#include "migration/vm/numa.h"
#include "migration/vm/port_claim.h"
#include "migration/vm/qemu_binary.h"
#include "migration/vm/qemu_process.h"
#include "migration/vm/qemu_shared.h"

#include <unistd.h>

struct machine_spec qemu_machine_spec(const struct vm_spec *spec, const struct vm *vm)
{
    return (struct machine_spec){
        .name = spec->name,
        .params = spec->params,
        .platform = spec->platform,
        .boot = spec->boot,
        .incoming = spec->incoming,
        .incoming_uri = spec->incoming_uri,
        .serial_fd = QEMU_FD_SERIAL,
        .agent_fd = QEMU_FD_AGENT,
        .tpm_fd = QEMU_FD_TPM,
        .net_fd = QEMU_FD_NET,
        .run_dir = spec->host->run_dir,
        .node = (unsigned)getpid(),
        .last_numa_node = numa_last_node(),
        .spice_port = vm != NULL ? port_claim_port(vm->screen) : 0,
        .spice_tls_port = vm != NULL ? port_claim_port(vm->screen_tls) : 0,
    };
}

struct device *qemu_machine_of(const struct vm_spec *spec, const struct vm *vm, GError **err)
{
    const struct machine_spec machine = qemu_machine_spec(spec, vm);

    return spec->machine != NULL ? machine_follow(&machine, spec->machine, err)
                                 : machine_new(&machine, err);
}

char *qemu_binary_of(const struct vm_spec *spec, const char *who, GError **err)
{
    const char *destination = spec->incoming ? param_text(spec->params, "qemu_dst_binary") : NULL;

    return qemu_find_binary(
        destination != NULL ? destination : param_text(spec->params, "qemu_binary"), who, err);
}

bool qemu_has(struct vm *vm, const char *kind, const char *name)
{
    return vm->board != NULL && device_find(vm->board, kind, name) != NULL;
}

json_t *qemu_machine(struct vm *vm, int64_t deadline, GError **err)
{
    return qemu_take_places(vm, deadline, err) < 0 ? NULL : machine_travels(vm->board);
}

/* A VM may be without one of those that its params name. */
bool qemu_has_disk(const struct vm *vm, const char *name)
{
    return vm->board != NULL && device_find(vm->board, device_disk.name, name) != NULL;
}
