/* The guest's memory after a leg: is it what the guest wrote, and does that prove anything? */
#pragma once

#include "migration/move/seat.h"

/* A leg that converges in fewer dirty syncs never sent a page twice, and proves nothing about the
 * tracking of dirty pages. */
#define MEMORY_CHECK_MIN_SYNCS 3

/* What a full read pass says: bad pages are CORRUPT whatever else; CLEAN wants pages and syncs
 * enough. */
Vtmh__MemoryCheck memory_check_judge(uint64_t pages, uint64_t bad, int64_t dirty_syncs);

/*
 * Lets the guest, which runs here, read all that it wrote, and enters the finding into the leg's
 * record. Fails with VM_ERROR_GUEST when pages are bad. Fewer syncs than min_dirty_syncs make the
 * test a WARN.
 */
int memory_check(struct seat *seat, Vtmh__Migration *leg, int64_t dirty_syncs, GError **err);
