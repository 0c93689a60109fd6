/* What a job found, for people: the table, the totals, the causes, the notes. */
#pragma once

#include "orchestrator/result.h"

#include <stdio.h>

enum summary_form {
    SUMMARY_FULL,
    SUMMARY_SHORT, /* a line per test with its verdict and cause, and the path */
};

/*
 * Writes it; the last line is the path of the job's folder. is_utf8: else in ASCII, but for that
 * path, which must stay what it is. Returns 0, or -1 when not all of it could be written
 * (G_FILE_ERROR).
 */
int summary_print(FILE *out, const struct job_result *job, enum summary_form form, bool colours,
                  bool is_utf8, GError **err);

/* The colour of a status as a terminal's sequence, "" without colours; and the end of it. */
const char *summary_colour(Vtmh__Status status, bool colours);
const char *summary_colour_end(bool colours);
