/* Whether what a machine is made of is there on all hosts. Pure. */
#pragma once

#include "migration/machine/device.h"

/*
 * Whether the hypervisors of all hosts have each device of the machine (vm_offer.devices; names:
 * of the hosts, for messages). UNSUPPORTED with the device, its model, and the hosts without it.
 */
int machine_check_offered(const struct device *board, const struct vm_offer *const *offers,
                          const char *const *names, unsigned n, GError **err);
