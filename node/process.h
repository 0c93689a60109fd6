/* Processes by pid and start time: a pid alone may by now be somebody else's. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Start time in clock ticks since boot (/proc/PID/stat, field 22), or 0 if there is no such
 * process. */
uint64_t process_start_time(pid_t pid);

/* Whether that very process still runs (a zombie does not). */
bool process_runs(pid_t pid, uint64_t start_time);

/* Its name (/proc/PID/comm) or "?". Transfer full. */
char *process_name(pid_t pid);

/*
 * Sends a signal and waits until the process is gone or the deadline passes (by a pidfd). Returns
 * whether it is gone. Call in a fiber.
 */
bool process_end(pid_t pid, uint64_t start_time, int signum, int64_t deadline);

/* Pids, other than our own, whose environment has NAME=VALUE. Transfer full; of pid_t. */
GArray *process_find_by_environment(const char *name, const char *value);
