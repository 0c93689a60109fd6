/* The tests of a job: the configuration, expanded and checked. */
#pragma once

#include "cfg/cfg.h"
#include "orchestrator/selection.h"

/* What stands for a file in messages about lines of the command line. */
#define TESTS_COMMAND_LINE "<command line>"

/*
 * The file with the extra lines behind it, for every command that reads one. A plain name that is
 * not there is looked for among the configurations that come along. Transfer full.
 */
struct cfg *tests_open(const char *file, const GPtrArray *extra, const struct cfg_options *options,
                       GError **err);

/*
 * Reads the file, adds the extra lines at its end, expands it, and checks every parameter
 * (description.h). wanted: a number from 1, a full or a short name of the one test to read; NULL:
 * all. Transfer full: array of struct params. The error is ready for the user: FILE:LINE:COL, the
 * line and a caret, what was expected. No test at all is an error, too.
 */
GPtrArray *tests_read(const struct selection *selection, const char *wanted, GError **err);

/* The guests that the tests need, NULL-terminated, each once: "tick", "jeos". Transfer full. */
GStrv tests_guests(const GPtrArray *tests);
