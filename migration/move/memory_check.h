/* The guest's memory after a leg: is it what the guest wrote, and does that prove anything? */
#pragma once

#include "migration/move/seat.h"

/*
 * A page can only be lost by the tracking of dirty pages if it was written, sent, and written again
 * during the leg. A leg that sent fewer pages again than this share of what the guest writes, or
 * than this number, proves nothing about it, however many dirty syncs it had: QEMU before 11 counts
 * three for a guest that stands still.
 */
#define MEMORY_CHECK_MIN_SHARE 0.05
#define MEMORY_CHECK_MIN_PAGES 64

struct memory_evidence {
    uint64_t pages, bad;    /* of the read pass: read, and found bad */
    int64_t set_pages;      /* what the guest's load writes */
    uint32_t rounds;        /* how often it had written all of that before the leg */
    int64_t sent_again;     /* pages that the leg sent more than once; -1: not known */
    bool offline;           /* the guest was stopped meanwhile */
    const char *left_alone; /* why nobody could ask it; NULL: somebody has */
};

/* The sent pages that prove something for a set of this size. */
int64_t memory_check_needed(int64_t set_pages);

/*
 * What a full read pass says: bad pages are CORRUPT whatever else; CLEAN wants the evidence above.
 * *why_not: the reason of NOT_CHECKED, a sentence without figures; NULL else. Static.
 */
Vtmh__MemoryCheck memory_check_judge(const struct memory_evidence *evidence, const char **why_not);

/*
 * Lets the guest, which runs here, read all that it wrote, and enters the finding into the leg's
 * record. Fails with VM_ERROR_GUEST when pages are bad. dirty_syncs and sent_again: of the leg, by
 * the source. Fewer syncs than min_dirty_syncs make the test a WARN.
 */
int memory_check(struct seat *seat, Vtmh__Migration *leg, int64_t dirty_syncs, int64_t sent_again,
                 GError **err);

/* The same for a guest that has stayed on its source: bad pages fail, good ones prove nothing of a
 * migration. */
int memory_check_stayed(struct seat *seat, Vtmh__Migration *leg, GError **err);
