/*
 * Limits that fail a test: what its legs measured against what its parameters allow. Pure.
 *
 * limit_X holds for each leg of a VM, limit_X_p95 for the 95th percentile (nearest rank) over the
 * legs of a VM in the test. Only legs that were completed are judged; a figure that is above its
 * limit fails the test. A limit on a figure that was not measured in one of these legs is an ERROR:
 * what was asked for could not be found out.
 */
#pragma once

#include "orchestrator/result.h"

#include "cfg/params.h"

/* params: of the test. Called when the verdict stands; adds causes to it. */
void limits_judge(struct test_result *result, const struct params *params);
