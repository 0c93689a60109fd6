/* How many CPUs: read by topology.c. */
#include "migration/params_tables.h"

#define MACHINE(name_)                                                                             \
    .name = (name_), .section = "VM", .scopes = PARAM_OF_VM, .same_everywhere = true

const struct param_info topology_params[] = {
    /* How many a machine can have, QEMU knows. */
    {MACHINE("smp"), .kind = PARAM_INT, .fallback = "1", .min = 1, .max = 65535,
     .doc = "virtual CPUs"},
    {MACHINE("vcpu_sockets"), .kind = PARAM_INT, .min = 0, .max = 65535, .example = "1",
     .doc = "CPU sockets; derived from smp if not set"},
    {MACHINE("vcpu_cores"), .kind = PARAM_INT, .min = 0, .max = 65535, .example = "1",
     .doc = "cores a socket; derived from smp if not set"},
    {MACHINE("vcpu_threads"), .kind = PARAM_INT, .min = 0, .max = 65535, .example = "1",
     .doc = "threads a core; derived from smp if not set"},
    {.name = NULL},
};
