#include "migration/move/leg_record.h"

#include "migration/evidence.h"

#define KEEP(figure)                                                                               \
    do {                                                                                           \
        if (stats->figure >= 0)                                                                    \
            record->figure = stats->figure;                                                        \
    } while (0)

void leg_record_stats(Vtmh__Migration *record, const struct vm_move_stats *stats, bool offline)
{
    KEEP(total_ms);
    KEEP(setup_ms);
    if (!offline)
        KEEP(downtime_ms);
    KEEP(transferred_bytes);
    KEEP(dirty_syncs);
    KEEP(pages_sent_again);
    KEEP(remaining_bytes);
    KEEP(bytes_per_s);
    /* QEMU says it only while it slows the guest down. */
    record->throttle_percent = MAX(record->throttle_percent, stats->throttle_percent);
    KEEP(xbzrle_pages);
    KEEP(compressed_pages);
    KEEP(multifd_bytes);
    KEEP(switchover_pauses);
    KEEP(postcopy_bytes);
    KEEP(postcopy_requests);
}

void leg_record_end(Vtmh__Migration *record, const GError *error)
{
    const char *status = "completed";
    if (error != NULL)
        status = g_error_matches(error, SYNC_ERROR, SYNC_ERROR_CANCELLED) ? "cancelled" : "failed";
    g_free(record->status);
    record->status = g_strdup(status);
    record->is_symptom = error != NULL && evidence_of(error) < VTMH__EVIDENCE__EVIDENCE_SELF;
}
