/* results.json: avocado's keys with avocado's meaning, ours under "vtmh" (docs/results.md). */
#pragma once

#include "orchestrator/result.h"

#include <jansson.h>

/* Tests without a verdict are counted in "total" and left out of "tests". Transfer full. */
json_t *results_json(const struct job_result *job);

/* The same as text: keys sorted, indent 4, a line feed at the end. Transfer full. */
char *results_json_text(const struct job_result *job);

/* Writes the text to a file, or to stdout when path is "-". G_FILE_ERROR. */
int results_json_write(const struct job_result *job, const char *path, GError **err);
