#include "migration/move/memory_check.h"

#define VERIFY_MS 120000

Vtmh__MemoryCheck memory_check_judge(uint64_t pages, uint64_t bad, int64_t dirty_syncs)
{
    if (bad > 0)
        return VTMH__MEMORY_CHECK__MEMORY_CORRUPT;
    return pages > 0 && dirty_syncs >= MEMORY_CHECK_MIN_SYNCS
               ? VTMH__MEMORY_CHECK__MEMORY_CLEAN
               : VTMH__MEMORY_CHECK__MEMORY_NOT_CHECKED;
}

int memory_check(struct seat *seat, Vtmh__Migration *leg, int64_t dirty_syncs, GError **err)
{
    uint64_t pages = 0;
    uint64_t bad = 0;
    host_context(seat->test->host, "checking the memory of %s", seat->name);
    if (guest_verify(seat->guest, deadline_in(VERIFY_MS), &pages, &bad, err) < 0)
        return -1;
    leg->memory_check = memory_check_judge(pages, bad, dirty_syncs);
    leg->bad_pages = bad;
    if (bad > 0) {
        g_set_error(err, VM_ERROR, VM_ERROR_GUEST,
                    "memory check: %" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT
                    " pages of the guest are not what the guest wrote (%" G_GINT64_FORMAT
                    " dirty syncs)",
                    bad, pages, dirty_syncs);
        return -1;
    }
    if (dirty_syncs < seat->request.min_dirty_syncs)
        test_warn(seat->test,
                  "leg %u of %s had %" G_GINT64_FORMAT " dirty syncs, at least %" G_GINT64_FORMAT
                  " are asked for (min_dirty_syncs): give the guest more to write or the move less"
                  " bandwidth",
                  leg->leg, seat->name, dirty_syncs, seat->request.min_dirty_syncs);
    return 0;
}
