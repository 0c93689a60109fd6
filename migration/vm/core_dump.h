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

/* Takes the core, if there is one, to where those of the host's present test are. */
void core_dump_bring(const char *folder, const struct host *host, const char *vm);

/* The one in the folder; NULL: there is none. Transfer full. */
char *core_dump_find(const char *folder);

/* From now on a process makes cores, up to CORE_BYTES. */
void core_dump_allow(pid_t pid);
