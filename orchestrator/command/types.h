/* `vtmh types`: the test types and parameters that nodes know. */
#pragma once

#include <jansson.h>

/* argv without the program's and the command's name. Returns the exit status. */
int command_types(int argc, char **argv);

/*
 * All of a description (orchestrator/description.h) in aligned columns: types with their summary,
 * then each section's parameters with type, default ("-": none) and doc. Transfer full.
 */
char *types_text(const json_t *description);
