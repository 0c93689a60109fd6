/* Figures of a migration, as they go into the record of its leg. */
#pragma once

#include "migration/test.h"
#include "migration/vm/vm.h"

/*
 * Enters what a look at the source's hypervisor says. What it does not say stays as an earlier look
 * has left it, so a leg that fails keeps what was measured until then.
 *
 * offline: the guest was stopped before, so the time for which it stands still is not the move's.
 */
void leg_record_stats(Vtmh__Migration *record, const struct vm_move_stats *stats, bool offline);

/* How the leg ended here: error is NULL when it completed. A leg that somebody called off while
 * nothing was wrong with it is cancelled, not failed. */
void leg_record_end(Vtmh__Migration *record, const GError *error);
