/* The scenarios' functions, one a file, for the registry's table. */
#pragma once

#include "migration/scenario/scenario.h"

int scenario_legs(struct scene *scene, int64_t migrate_count, GError **err);
int scenario_example(struct scene *scene, int64_t migrate_count, GError **err);
int scenario_three_hosts(struct scene *scene, int64_t migrate_count, GError **err);
int scenario_one_by_one(struct scene *scene, int64_t migrate_count, GError **err);
extern const char *const *const one_by_one_asks[];
