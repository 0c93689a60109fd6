/* Parameters of the command line that nothing knows: slips of the fingers. */
#pragma once

#include "orchestrator/judge.h"
#include "orchestrator/selection.h"

/*
 * The keys of `-p KEY=VALUE` that are no plain parameters and that no file of the configuration
 * mentions; often none. config: the files have been parsed, the lines of the selection have not.
 * Transfer full: array of char *.
 */
GPtrArray *strange_params_find(const struct selection *selection, const struct cfg *config);

/*
 * Takes those away that can be read as a parameter in the test that was judged last, such as
 * `mem_web` where there is a VM web, or as one of the user's own with such an ending.
 */
void strange_params_know(GPtrArray *strange, struct judge *judge, const struct cfg *config);

/* CFG_ERROR_ARGUMENT of what is left when all tests have been seen, with the nearest names; file:
 * the configuration. Always -1. */
int strange_params_fail(const GPtrArray *strange, struct judge *judge, const char *file,
                        GError **err);
