/* The host's NUMA nodes, as its kernel shows them, and what runs on them. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <sys/types.h>

/* The highest number; 0 where the kernel shows none. */
int numa_last_node(void);
bool numa_has_node(int node);

/* Binds a thread to the CPUs of a node. VM_ERROR_START. */
int numa_bind_thread(pid_t thread, int node, GError **err);

/* Binds those threads of a process whose name begins so, wherever the kernel has them: in the
 * process, or among its own. One that has ended meanwhile is no error. */
int numa_bind_named(pid_t process, const char *prefix, int node, GError **err);
