/* What a user adds: read by extra.c. */
#include "migration/params_tables.h"

#define MACHINE(name_)                                                                             \
    .name = (name_), .section = "VM", .scopes = PARAM_OF_VM, .same_everywhere = true

const struct param_info extra_params[] = {
    {MACHINE("extra_params"), .kind = PARAM_STRING, .example = "-device virtio-rng-pci",
     .doc = "appended to the command line of QEMU, split as a shell would"},
    {.name = NULL},
};
