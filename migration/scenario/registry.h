/* The scenarios' functions, one a file, for the registry's table. */
#pragma once

#include "migration/scenario/scenario.h"

int scenario_legs(struct scene *scene, int64_t migrate_count, GError **err);
