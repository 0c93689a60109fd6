/* The tests of a job: the configuration, expanded and checked. */
#pragma once

#include "cfg/params.h"

/*
 * Reads FILE, adds the extra lines at its end, expands it, and checks every parameter
 * (description.h). Transfer full: array of struct params. The error is ready for the user:
 * FILE:LINE:COL, the line and a caret, what was expected. No test at all is an error, too.
 */
GPtrArray *tests_read(const char *file, const GPtrArray *extra, bool defaults, GError **err);

/* The guests that the tests need, NULL-terminated, each once: "tick", "jeos". Transfer full. */
GStrv tests_guests(const GPtrArray *tests);
