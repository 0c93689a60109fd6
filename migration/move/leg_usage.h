/* What a leg costs in CPU and memory on this host: the hypervisor, the node, the relay. */
#pragma once

#include "migration/move/transport/transport.h"
#include "sync/usage.h"

/* As it was when the stream was about to begin. */
struct leg_usage {
    struct usage hypervisor, node;
};

void leg_usage_begin(struct leg_usage *usage, const struct seat *seat);

/* Enters what was used since into the record, and all that the relay of the channel (NULL: none)
 * has used, which is the leg's alone. Call it while they are here: of what has ended nothing is
 * known. */
void leg_usage_record(const struct leg_usage *begin, const struct seat *seat,
                      const struct channel *channel, Vtmh__Migration *record);
