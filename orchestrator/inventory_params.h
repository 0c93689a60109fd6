/* Parameters of a host that stand on its line in -M's file: below what the configuration sets,
 * above the defaults. */
#pragma once

#include "cfg/params.h"
#include "orchestrator/inventory.h"

/* Whether those labels that are parameters may be so, and have values that are right. Others are
 * labels and no more. */
int inventory_params_check(const GPtrArray *machines, GError **err);

/*
 * Puts them into a test's params (unresolved), by the suffix _hostN of each of the tuple's hosts,
 * unless these have a value already that is not a default. machines: the tuple, in order.
 */
void inventory_params_apply(struct params *test, const struct machine *const *machines, unsigned n);
