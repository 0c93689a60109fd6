/* What the guest boots from in place of its own: read by boot.c. */
#include "migration/params_tables.h"

#define BOOT(name_) .name = (name_), .section = "VM", .scopes = PARAM_OF_VM, .kind = PARAM_PATH

const struct param_info boot_params[] = {
    {BOOT("bios_path"), .example = "/usr/share/seabios/bios-256k.bin",
     .doc = "firmware, a file on each host; for guests that are not a firmware themselves"},
    {BOOT("kernel"), .example = "/boot/vmlinuz",
     .doc = "kernel to boot, a file on each host (kernel_params are for it)"},
    {BOOT("initrd"), .example = "/boot/initrd.img",
     .doc = "its initial RAM disk, a file on each host"},
    {.name = NULL},
};
