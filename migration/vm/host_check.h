/* What a machine needs of this host, beside what its hypervisor has. */
#pragma once

#include "migration/host.h"
#include "migration/machine/device.h"

/* Before anything starts: UNSUPPORTED with what this host has not, or not enough of. */
int vm_host_check(const struct host *host, const char *vm, const struct device *board,
                  GError **err);
