/*
 * Are the machines of the two ends the same? Asked in "ready", when both hypervisors run and no
 * byte has moved: QEMU says "completed" where the destination has a device, a CPU or another CPU
 * model that the source has not, and only the way back fails.
 */
#pragma once

#include "migration/vm/vm.h"

/* What two hosts say (vm_facts()), and who they are. */
struct machine_facts {
    const json_t *facts;
    const char *host;
};

/* VM_ERROR_DIFFERENT: "PCI devices differ: nothing on host1, 02.0 (…) on host2". Both ends, asked
 * in the same order, say the same. */
int machine_facts_compare(const struct machine_facts *source,
                          const struct machine_facts *destination, GError **err);
