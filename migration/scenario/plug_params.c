/* A machine that changes: read by plug.c and move/machine_sync.c. */
#include "migration/params_tables.h"

#define PLUG(name_) .name = (name_), .section = "hot-plug"

const struct param_info plug_params[] = {
    {PLUG("plug_block"), .kind = PARAM_LIST, .scopes = PARAM_PER_VM, .example = "hot_disk",
     .doc = "disks that are plugged into the VM once its guest is up, before it moves: images with "
            "boot_drive = no"},
    {PLUG("unplug_block"), .kind = PARAM_LIST, .scopes = PARAM_PER_VM, .example = "data",
     .doc = "disks that are unplugged then, before those are plugged in"},
    {PLUG("plug_nic"), .kind = PARAM_LIST, .scopes = PARAM_PER_VM, .example = "nic2",
     .doc = "cards of nics that the VM starts without, and that are plugged in then"},
    {PLUG("unplug_nic"), .kind = PARAM_LIST, .scopes = PARAM_PER_VM, .example = "nic2",
     .doc = "cards that are unplugged then; one of plug_nic comes first"},
    {PLUG("plug_vcpu"), .kind = PARAM_LIST, .scopes = PARAM_PER_VM, .example = "vcpu1",
     .doc = "CPUs of vcpu_devices that are plugged in then"},
    {PLUG("unplug_vcpu"), .kind = PARAM_LIST, .scopes = PARAM_PER_VM, .example = "vcpu1",
     .doc = "CPUs that are unplugged; one of plug_vcpu comes first (with KVM: under TCG QEMU does "
            "not survive it)"},
    {PLUG("plug_mem"), .kind = PARAM_LIST, .scopes = PARAM_PER_VM, .example = "dimm1",
     .doc = "memory modules that are plugged in then: those of mem_devs with use_mem = no"},
    {PLUG("unplug_mem"), .kind = PARAM_LIST, .scopes = PARAM_PER_VM, .example = "dimm1",
     .doc = "memory modules that are unplugged; one of plug_mem comes first"},
    {PLUG("attempts"), .kind = PARAM_INT, .fallback = "100", .min = 1, .max = 100000,
     .scopes = PARAM_PER_VM,
     .doc = "how many times attempt_timeout the guest has to let go of an unplugged device"},
    {PLUG("attempt_timeout"), .kind = PARAM_DURATION, .fallback = "1", .scopes = PARAM_PER_VM,
     .doc = "see attempts"},
    {PLUG("migration_sync_vms"), .kind = PARAM_BOOL, .fallback = "no", .scopes = PARAM_PER_VM,
     .doc = "whether the source tells the destination which devices the VM has now; without it a "
            "VM does not move after something was plugged in or out"},
    {.name = NULL},
};
