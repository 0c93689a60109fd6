/* What this host is, for the record of a job. */
#pragma once

#include "proto/vtmh.pb-c.h"

#include <glib.h>

/* Fills in kernel, system, cpu, cpus and memory_bytes of a welcome, whose strings are the caller's
 * (facts_clear()). What cannot be found out stays empty. */
void facts_fill(Vtmh__Welcome *welcome);
void facts_clear(Vtmh__Welcome *welcome);
