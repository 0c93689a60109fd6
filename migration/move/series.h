/*
 * How a migration went on, look by look: a table in the source's folder of the test,
 * VM.series.csv, which comes to the results with the logs. It is bounded: what no longer fits is
 * left out, and a note says so.
 */
#pragma once

#include "migration/move/seat.h"

/* The columns, and their order; a figure that is not known is empty. Exposed for tests. */
#define SERIES_HEADER                                                                              \
    "leg,attempt,time_ms,iteration,remaining_bytes,transferred_bytes,dirty_bytes_per_s,"           \
    "bytes_per_s,throttle_percent\n"
#define SERIES_MAX_BYTES 4194304

/* Adds a look at a leg, and counts it in the record's iterations. */
void series_add(struct seat *seat, Vtmh__Migration *leg, const struct vm_move_stats *look);

/* Closes the table. Its seat is done. */
void series_close(struct series *series);
