/* Waiting for a migration while somebody looks at its progress. */
#pragma once

#include "migration/move/seat.h"

/*
 * Source: waits until the migration has completed (by its events) and meanwhile samples statistics
 * for the display. Bytes that stop flowing for mig_stall_timeout fail it.
 */
int watch_migration(struct seat *seat, const Vtmh__Migration *leg, int64_t deadline, GError **err);
