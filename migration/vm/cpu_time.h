/* The CPU time that a process has used: the evidence that it lives though it does not answer. */
#pragma once

#include <stdint.h>
#include <sys/types.h>

/* Of all its threads, in ms, by /proc; -1 when there is no such process. */
int64_t cpu_time_ms(pid_t pid);

/* The same from the text of /proc/PID/stat; -1 if it is none. */
int64_t cpu_time_parse(const char *stat, long ticks_per_s);
