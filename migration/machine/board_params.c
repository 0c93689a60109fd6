/* The board: read by board.c, identity.c and vm/qemu_cmdline.c. */
#include "migration/params_tables.h"

#define MACHINE(name_)                                                                             \
    .name = (name_), .section = "VM", .scopes = PARAM_OF_VM, .same_everywhere = true

const struct param_info board_params[] = {
    {MACHINE("machine_type_extra_params"), .kind = PARAM_TAIL, .example = ",usb=off",
     .doc = "appended to -machine, beginning with a comma"},
    {MACHINE("disable_shutdown"), .kind = PARAM_BOOL, .fallback = "no",
     .doc = "whether QEMU stays, stopped, when the guest powers off"},
    {MACHINE("defaults"), .kind = PARAM_BOOL, .fallback = "no",
     .doc = "whether QEMU adds the devices that it gives a machine by itself"},
    {.name = "qemu_stop",
     .section = "VM",
     .scopes = PARAM_OF_VM,
     .kind = PARAM_BOOL,
     .fallback = "yes",
     .doc = "whether QEMU starts stopped and is resumed then; a destination always does"},
    {.name = "qemu_preconfig",
     .section = "VM",
     .scopes = PARAM_OF_VM,
     .kind = PARAM_BOOL,
     .fallback = "no",
     .doc =
         "whether QEMU makes its machine only when it is told to over its monitor (--preconfig)"},
    {MACHINE("uuid"), .kind = PARAM_UUID,
     .later = LATER({"random", "the two ends of a migration would not agree"}),
     .example = "9b2a0f7e-6a2c-4c1e-9d55-0d6c1f3b7a10", .doc = "UUID of the VM"},
    {.name = NULL},
};
