/* What a leg costs in CPU and memory on this host: the hypervisor, the node, the relay. */
#pragma once

#include "migration/move/seat.h"
#include "migration/vm/usage.h"

/* As it was when the stream was about to begin. */
struct leg_usage {
    struct usage hypervisor, node;
};

void leg_usage_begin(struct leg_usage *usage, const struct seat *seat);

/* Enters what was used since into the record. Call it while the VM is here: of one that has ended
 * nothing is known. */
void leg_usage_record(const struct leg_usage *begin, const struct seat *seat,
                      Vtmh__Migration *record);
