/*
 * What the nodes know of test types and parameters: the JSON of `vtmh-node --describe`, embedded at
 * build time, so that vtmh can tell a mistake before it touches a host.
 */
#pragma once

#include "cfg/params.h"

#include <jansson.h>

/* The whole description. Transfer none. */
const json_t *description(void);

/* The row of a test type; NULL if there is none of that name. Transfer none. */
const json_t *description_type(const char *name);

/*
 * The row of a parameter: that of the name itself, else of the name less suffixes of hosts, VMs and
 * images ("mem_vm1" is "mem"); NULL if nobody knows it. Transfer none.
 */
const json_t *description_parameter(const char *name);

/* The known parameter whose name is nearest to this one, if it is near. Transfer none; NULL if none
 * is. */
const char *description_nearest(const char *name);

/*
 * Checks every parameter whose name, with any suffixes of hosts, VMs and images cut off, is known:
 * is its value of its type? And is `type` a known test type? The first error names key, value and
 * place.
 */
int description_check(const struct params *params, GError **err);

/* A duration of params that were checked, or the default that the nodes have for it. */
int64_t description_duration_ms(const struct params *params, const char *name);
