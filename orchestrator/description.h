/*
 * What the nodes know of test types and parameters: the JSON of `vtmh-node --describe`, embedded at build
 * time, so that vtmh can tell a mistake before it touches a host.
 */
#pragma once

#include "cfg/params.h"

#include <jansson.h>

/* The whole description. Transfer none. */
const json_t *description(void);

/*
 * Checks every parameter whose name, with any suffixes of hosts, VMs and images cut off, is known: is its
 * value of its type? And is `type` a known test type? The first error names key, value and place.
 */
int description_check(const struct params *params, GError **err);
