/* The tests of a job: the configuration, expanded and checked. */
#pragma once

#include "cfg/cfg.h"

/* What stands for a file in messages about lines of the command line. */
#define TESTS_COMMAND_LINE "<command line>"

/* The file with the extra lines behind it, for every command that reads one. Transfer full. */
struct cfg *tests_open(const char *file, const GPtrArray *extra, const struct cfg_options *options,
                       GError **err);

/*
 * Reads FILE, adds the extra lines at its end, expands it, and checks every parameter
 * (description.h). Transfer full: array of struct params. The error is ready for the user:
 * FILE:LINE:COL, the line and a caret, what was expected. No test at all is an error, too.
 */
GPtrArray *tests_read(const char *file, const GPtrArray *extra, bool defaults, GError **err);

/* The guests that the tests need, NULL-terminated, each once: "tick", "jeos". Transfer full. */
GStrv tests_guests(const GPtrArray *tests);
