/* What a leg leaves behind: samples (proto/sample.h) of the node and of the VM's hypervisor, from
 * which vtmh tells whether anything grows. */
#pragma once

#include "migration/move/seat.h"

/* At the end of a leg on a host that had a part in it. */
void leg_sample(struct seat *seat, unsigned leg);
