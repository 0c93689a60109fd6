/* Waiting for a migration while somebody looks at its progress. */
#pragma once

#include "migration/move/script.h"
#include "migration/move/transport/transport.h"

/*
 * Source: waits until the migration has completed (by its events) and meanwhile samples statistics
 * for the display and for the leg's record. Bytes that stop flowing for mig_stall_timeout fail it:
 * with VM_ERROR_UNREACHABLE if a fresh connection to the peer's address gets no answer within
 * seconds, with VM_ERROR_MIGRATION if it does. peer: the name of the other end's host. looks: is
 * told of each look.
 */
int watch_migration(struct seat *seat, Vtmh__Migration *leg, struct channel *channel,
                    const char *peer, int64_t deadline, struct script_looks *looks, GError **err);
