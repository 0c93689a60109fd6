/* What this node knows, for `vtmh types` and `vtmh lint`: embedded in vtmh at build time. */
#pragma once

#include <stdio.h>

/*
 * Writes {"version":…, "types":[{"type","summary"}],
 * "parameters":[{"name","type","default","doc","section"}]}. Returns 0, or 1 if it could not be
 * written.
 */
int describe(FILE *out);
