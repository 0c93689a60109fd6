/* Parameters, put into messages. */
#pragma once

#include "cfg/params.h"
#include "proto/vtmh.pb-c.h"

/* An entry each; *n_out: how many. The texts stay those of params, which are to outlive it.
 * Transfer full: g_free(). */
Vtmh__Param **params_wire(const struct params *params, size_t *n_out);
