#include "migration/move/downtime_parts.h"

#include <glib.h>
#include <stdlib.h>

static double ms(int64_t us)
{
    return (double)us / 1000.0;
}

void downtime_parts_record(const struct downtime_stamps *stamps, Vtmh__Migration *record)
{
    int64_t completed_us = MAX(stamps->source_completed_us, stamps->destination_completed_us);
    int64_t moved_us = stamps->cont_us - completed_us - stamps->ledger_us;
    if (stamps->stopped_us <= 0 || stamps->source_completed_us <= 0 ||
        stamps->destination_completed_us <= 0 || completed_us < stamps->stopped_us ||
        moved_us < 0 || stamps->resumed_us < stamps->cont_us)
        return;
    if (record->downtime_parts == NULL)
        /* The record frees it, with the allocator of protobuf-c. */
        record->downtime_parts = vtmh__downtime_parts__unpack(NULL, 0, (const uint8_t *)"");
    *record->downtime_parts = (Vtmh__DowntimeParts){
        .base = record->downtime_parts->base,
        .hypervisor_ms = ms(completed_us - stamps->stopped_us),
        .moved_ms = ms(moved_us),
        .ledger_ms = ms(stamps->ledger_us),
        .cont_ms = ms(stamps->resumed_us - stamps->cont_us),
    };
}
