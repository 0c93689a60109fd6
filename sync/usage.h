/* What a process has used of its host, and has now, by the kernel's own account. */
#pragma once

#include <stdint.h>
#include <sys/types.h>

struct usage {
    double cpu_ms;          /* of all its threads, also those that have ended; -1: not known */
    int64_t peak_rss_bytes; /* the most memory it has had so far; -1: not known */
};

#define USAGE_UNKNOWN ((struct usage){.cpu_ms = -1, .peak_rss_bytes = -1})

/* Of a process that runs; USAGE_UNKNOWN for one that does not. */
struct usage usage_of(pid_t pid);

/* The same to count from: without the peak, which takes longest to ask for. */
struct usage usage_begin(pid_t pid);

/* What was used from a moment on: CPU as a difference, the peak as it is. */
struct usage usage_since(const struct usage *before, const struct usage *now);

/* VmHWM in the text of /proc/PID/status, in bytes; -1 if it is not in it. */
int64_t usage_parse_peak(const char *status);

/* What a process has at this moment; each -1 if it is not known, as of a process that has ended. */
struct footprint {
    double cpu_ms;       /* used so far */
    int64_t rss_bytes;   /* its memory */
    int64_t descriptors; /* that it has open */
};

struct footprint footprint_of(pid_t pid);
