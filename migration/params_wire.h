/* Parameters, out of messages. */
#pragma once

#include "cfg/params.h"
#include "proto/vtmh.pb-c.h"

/* Copied. Transfer full. */
struct params *params_from_wire(Vtmh__Param *const *list, size_t n);
