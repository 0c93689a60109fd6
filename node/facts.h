/* What this host is, for the record of a job. */
#pragma once

#include "proto/vtmh.pb-c.h"

#include <glib.h>

/* Fills in kernel, arch, system, cpu, cpus, memory_bytes and libvirt of a welcome, whose strings
 * are the caller's (facts_clear()). What cannot be found out stays empty. Waits in a fiber. */
void facts_fill(Vtmh__Welcome *welcome);
void facts_clear(Vtmh__Welcome *welcome);
