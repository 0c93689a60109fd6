#include "migration/vm/usage.h"

#include <glib.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* As /proc/PID/stat, but not in hundredths of a second: a leg may take ten. */
static double cpu_ms(pid_t pid)
{
    clockid_t clock;
    struct timespec used;

    if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &used) != 0)
        return -1;
    return (double)used.tv_sec * 1e3 + (double)used.tv_nsec / 1e6;
}

int64_t usage_parse_peak(const char *status)
{
    const char *line = strstr(status, "\nVmHWM:");
    unsigned long long kib;

    if (line == NULL || sscanf(line, "\nVmHWM: %llu kB", &kib) != 1)
        return -1;
    return (int64_t)kib * 1024;
}

static int64_t peak_rss_bytes(pid_t pid)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/status", (int)pid);
    g_autofree char *text = NULL;

    return g_file_get_contents(path, &text, NULL, NULL) ? usage_parse_peak(text) : -1;
}

struct usage usage_of(pid_t pid)
{
    /* 0 would be the calling process. */
    if (pid <= 0)
        return USAGE_UNKNOWN;
    return (struct usage){.cpu_ms = cpu_ms(pid), .peak_rss_bytes = peak_rss_bytes(pid)};
}

struct usage usage_since(const struct usage *before, const struct usage *now)
{
    bool is_known = before->cpu_ms >= 0 && now->cpu_ms >= before->cpu_ms;

    return (struct usage){
        .cpu_ms = is_known ? now->cpu_ms - before->cpu_ms : -1,
        .peak_rss_bytes = now->peak_rss_bytes,
    };
}
