/*
 * A job: nodes are put on all machines at once, the tests run one after the other, the nodes are
 * ended, everything is told to the display and the store as it happens.
 */
#pragma once

#include "orchestrator/options.h"
#include "orchestrator/report/secrets.h"
#include "orchestrator/report/store.h"
#include "orchestrator/result.h"

struct job {
    const struct run_options *options;
    const GPtrArray *tests; /* struct planned_test (tests.h) */
    struct store *store;
    struct display *display;
    const struct secrets *secrets; /* what the tests say that nobody may read */
    struct job_result *result;     /* filled in; its id and dir are set by the store */
};

/* Runs the job on a loop of its own. What goes wrong is in the result. */
void job_run(struct job *job);
