/* How many CPUs: read by topology.c. */
#include "migration/params_tables.h"

#define MACHINE(name_)                                                                             \
    .name = (name_), .section = "VM", .scopes = PARAM_OF_VM, .same_everywhere = true

/* INVALID, as avocado-vt writes it: the machine type has no such level. */
#define LEVEL(name_)                                                                               \
    MACHINE(name_), .kind = PARAM_INT, .min = 0, .max = 65535, .example = "1",                     \
                    .values = WORDS("INVALID")

const struct param_info topology_params[] = {
    /* How many a machine can have, QEMU knows. */
    {MACHINE("smp"), .kind = PARAM_INT, .fallback = "1", .min = 1, .max = 65535,
     .doc = "virtual CPUs"},
    {MACHINE("vcpu_maxcpus"), .kind = PARAM_INT, .min = 0, .max = 65535, .example = "4",
     .values = WORDS("INVALID"), .doc = "CPUs that there can be with those that are plugged"},
    {LEVEL("vcpu_sockets"), .doc = "CPU sockets; derived from smp if not set"},
    {LEVEL("vcpu_dies"), .doc = "dies a socket; derived from smp if not set"},
    {LEVEL("vcpu_clusters"), .doc = "clusters a die; derived from smp if not set"},
    {LEVEL("vcpu_cores"), .doc = "cores a die or cluster; derived from smp if not set"},
    {LEVEL("vcpu_threads"), .doc = "threads a core; derived from smp if not set"},
    {MACHINE("vcpu_devices"), .kind = PARAM_LIST, OBJECT_NAME, .example = "vcpu1",
     .doc = "CPUs that can be plugged in beside those of smp (with vcpu_maxcpus)"},
    {.name = NULL},
};
