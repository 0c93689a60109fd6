/*
 * What the nodes know of test types and parameters: the JSON of `vtmh-node --describe`, embedded at
 * build time, so that vtmh can tell a mistake before it touches a host. Read once; all that is
 * returned here lives as long as the program.
 */
#pragma once

#include "cfg/param-info.h"
#include "cfg/params.h"

#include <jansson.h>

/* The whole description, as it was printed. */
const json_t *description(void);

/* The row of a test type; NULL if there is none of that name. */
const json_t *description_type(const char *name);

/* All parameters in the order of the description, ended by NULL. */
const struct param_info *const *description_parameters(void);

/* The row of exactly this name, or NULL; which suffixes may stand behind it depends on the test
 * (objects.h). */
const struct param_info *description_parameter(const char *name);

/* The names that rows have as .only_with: a set of const char *. */
GHashTable *description_conditions(void);

/* The row "PREFIX*" with the longest prefix that the name begins with; NULL if there is none. It is
 * for names that are no others. */
const struct param_info *description_family(const char *name);

/* The historic name, or NULL if it is none. */
const struct param_alias *description_alias(const char *name);

/* The row of a guest ("network": whether its VMs have cards; "folder": what else of it must be on
 * the hosts, and who wants it: guest_folders.c); NULL if there is none of that name. */
const json_t *description_guest(const char *name);

/* The value in params, or the default that the nodes have for it; NULL if neither is there. */
const char *description_value(const struct params *params, const char *name);

/* The known parameter or historic name that is nearest to this one, NULL if none is near. */
const char *description_nearest(const char *name);

/* The names of all parameters, and the historic ones; NULL-terminated. */
const char *const *description_names(void);

/* The test type that is nearest to this name, be it one that is not supported yet; NULL if none is
 * near. All that are supported: "a, b". */
const char *description_nearest_type(const char *name);
char *description_types(void); /* transfer full */

/* A duration of params that were checked, or the default that the nodes have for it. */
int64_t description_duration_ms(const struct params *params, const char *name);

/* Likewise a number. */
int64_t description_number(const struct params *params, const char *name);
