/* Parameters of the command line that something in the file keeps from having an effect. */
#pragma once

#include "cfg/cfg.h"
#include "orchestrator/selection.h"

/*
 * A sentence for each `-p KEY=VALUE` of the selection whose value is not the one that the current
 * test has in the end, because a key with a suffix has taken its name, or KEY_min, KEY_max or
 * KEY_fixed have changed it. No values are told: they may be secret. Transfer full: array of char
 * *, often empty.
 */
GPtrArray *lost_params(const struct selection *selection, struct cfg *test);
