/* Why filters of the command line leave no test: most often a variant's name is misspelt. */
#pragma once

#include "orchestrator/selection.h"

/*
 * "--only quik: there is no variant quik; did you mean quick?", for the first word of an `only` of
 * the command line that no test of the file has among its labels. NULL when each has its variant,
 * or the file has too many tests to look at all. Transfer full.
 */
char *filter_hint(const struct selection *selection);
