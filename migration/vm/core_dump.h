/*
 * Where a hypervisor leaves its core when it dies of a signal: in a folder of its own, in which it
 * runs where somebody has made that (scenario/process/core_dumps.c); else it makes none.
 */
#pragma once

#include "migration/host.h"

#include <sys/types.h>

#define CORE_BYTES (512u * 1024u * 1024u) /* a core is cut there */

/* Of the VM of that name. Transfer full. */
char *core_dump_folder(const struct host *host, const char *vm);

/* From now on a process makes cores, up to CORE_BYTES. */
void core_dump_allow(pid_t pid);
