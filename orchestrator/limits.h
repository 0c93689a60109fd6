/*
 * Limits that fail a test: what its legs measured against what its parameters allow. Pure.
 *
 * limit_X holds for each leg of a VM, limit_X_p95 for the 95th percentile (nearest rank) over the
 * legs of a VM in the test. Only legs that were completed are judged; a figure that is above its
 * limit fails the test. A limit on a figure that was not measured in one of these legs is an ERROR:
 * what was asked for could not be found out.
 *
 * Legs are taken as they come, and not kept; the judgement is exact however many they are.
 */
#pragma once

#include "orchestrator/result.h"

#include "cfg/params.h"

struct limits;

/* params: of the test; outlive the limits. */
struct limits *limits_new(const struct params *params);
void limits_free(struct limits *limits);
AUTOPTR_STRUCT(limits, limits_free);

void limits_take(struct limits *limits, const struct leg_result *leg);

/* Called when the verdict stands; adds causes to it. The first leg above a limit is told, of the
 * others how many they are. */
void limits_judge(const struct limits *limits, struct test_result *result);
