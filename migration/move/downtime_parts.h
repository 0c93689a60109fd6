/*
 * What the time from STOP to RESUME consists of, when both hosts share a clock. Pure.
 *
 *     STOP ... hypervisor ... the later "completed" ... moved ... ledger ... cont ... RESUME
 *
 * hypervisor is QEMU's own; moved is what the nodes add until the destination asks for the guest to
 * be started, less its ledger's write to disk; cont is from that question to RESUME.
 */
#pragma once

#include "proto/vtmh.pb-c.h"

/* Points of time in microseconds of CLOCK_MONOTONIC; 0: not known. */
struct downtime_stamps {
    int64_t stopped_us;
    int64_t source_completed_us, destination_completed_us;
    int64_t cont_us; /* the destination was asked to start the guest */
    int64_t resumed_us;
    int64_t ledger_us; /* a duration: of the write before */
};

/* Enters the parts into the record, which add up to its stop_to_resume_ms; nothing if one of the
 * stamps is not known, or they are not in this order. */
void downtime_parts_record(const struct downtime_stamps *stamps, Vtmh__Migration *record);
