/* What vtmh itself reads of a test; the nodes only pass it on. */
#include "migration/params_tables.h"

#define LIMIT(name_)                                                                               \
    .name = (name_), .kind = PARAM_DURATION, .scopes = PARAM_PER_VM, .section = "limits"

const struct param_info job_params[] = {
    {.name = "test_timeout",
     .kind = PARAM_DURATION,
     .fallback = "14400",
     .section = "test",
     .doc = "limit of the whole test"},
    {.name = "skip",
     .kind = PARAM_BOOL,
     .fallback = "no",
     .section = "test",
     .doc = "yes: the test is not run"},
    {.name = "dep",
     .kind = PARAM_LIST,
     .section = "test",
     .doc = "tests that this one depends on: if one of them failed in this job, it is skipped"},
    {LIMIT("limit_downtime"), .doc = "downtime: a leg above is a failure"},
    {LIMIT("limit_downtime_p95"), .doc = "the same, for the 95th percentile over a VM's legs"},
    {LIMIT("limit_total"), .doc = "total time of the migration: a leg above is a failure"},
    {LIMIT("limit_total_p95"), .doc = "the same, for the 95th percentile over a VM's legs"},
    {LIMIT("limit_setup"), .doc = "time until the first page is sent: a leg above is a failure"},
    {LIMIT("limit_setup_p95"), .doc = "the same, for the 95th percentile over a VM's legs"},
    {LIMIT("limit_stop_to_resume"),
     .doc = "time from STOP on the source to RESUME on the destination: a leg above is a failure"},
    {LIMIT("limit_stop_to_resume_p95"),
     .doc = "the same, for the 95th percentile over a VM's legs"},
    {LIMIT("limit_guest_gap"),
     .doc = "time for which the guest itself stands still: a leg above is a failure"},
    {LIMIT("limit_guest_gap_p95"), .doc = "the same, for the 95th percentile over a VM's legs"},
    {.name = NULL},
};
