/* The drift report: of people, and of programs. */
#pragma once

#include "orchestrator/drift/drift.h"

#include <jansson.h>

/* Lines, each with its end: hour by hour, then slopes with their error and what is to be thought of
 * them. Transfer full. */
char *drift_text(const struct drift *drift);

/* The same with all that there is (docs/results.md). Transfer full. */
json_t *drift_json(const struct drift *drift);
