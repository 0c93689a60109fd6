/* What vtmh itself reads of a test; the nodes only pass it on. */
#include "migration/params_tables.h"

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
    {.name = NULL},
};
