/*
 * The verdict of a test: what all ends said, joined. Pure, so that every rule has a test that breaks
 * what it checks.
 *
 * The status is that of the first cause: among the hosts that failed by themselves the one nearest to
 * the root (cause_rank), then the one that said so first. Causes of equal rank that are independent
 * combine INTERRUPT > FAIL > ERROR > WARN > CANCEL > SKIP > PASS. "Aborted by a peer" never counts.
 * A test passes only if every host says so and every leg of both ends has completed.
 */
#pragma once

#include "orchestrator/result.h"

/* What one host had to say; by index in the tuple. */
struct host_report {
    const char *name;
    Vtmh__TestDone *done;  /* NULL: it never reported */
    unsigned order;        /* when it first said that it fails: 1, 2, …; 0: it did not */
    bool lost;             /* it could not be reached any more */
};

/* What the coordinator itself knows. */
struct own_cause {
    Vtmh__Status status; /* NONE: nothing */
    const char *message;
    const char *host;    /* NULL: none in particular */
};

/*
 * Fills status, fail_host, fail_cause, fail_context, legs, notes, leaks, type and guest of the result,
 * whose hosts are set.
 */
void verdict_join(struct test_result *result, const struct host_report *reports, unsigned n_reports,
                  const struct own_cause *own);
