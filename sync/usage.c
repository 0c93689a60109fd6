#include "sync/usage.h"

#include <dirent.h>
#include <glib.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

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

struct usage usage_begin(pid_t pid)
{
    return pid <= 0 ? USAGE_UNKNOWN : (struct usage){.cpu_ms = cpu_ms(pid), .peak_rss_bytes = -1};
}

struct usage usage_since(const struct usage *before, const struct usage *now)
{
    bool is_known = before->cpu_ms >= 0 && now->cpu_ms >= before->cpu_ms;

    return (struct usage){
        .cpu_ms = is_known ? now->cpu_ms - before->cpu_ms : -1,
        .peak_rss_bytes = now->peak_rss_bytes,
    };
}

/* Not VmRSS of status: that takes ten times as long to make, and this is asked at each leg. */
static int64_t rss_bytes(pid_t pid)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/statm", (int)pid);
    g_autofree char *text = NULL;
    unsigned long long pages;

    if (!g_file_get_contents(path, &text, NULL, NULL) || sscanf(text, "%*u %llu", &pages) != 1)
        return -1;
    return (int64_t)pages * sysconf(_SC_PAGESIZE);
}

static int64_t descriptors(pid_t pid)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/fd", (int)pid);
    int64_t count = 0;
    DIR *dir = opendir(path);

    if (dir == NULL)
        return -1;
    for (const struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir))
        count += entry->d_name[0] != '.';
    closedir(dir);
    /* The one through which they were counted is none of its own. */
    return pid == getpid() ? count - 1 : count;
}

struct footprint footprint_of(pid_t pid)
{
    if (pid <= 0)
        return (struct footprint){-1, -1, -1};
    return (struct footprint){
        .cpu_ms = cpu_ms(pid),
        .rss_bytes = rss_bytes(pid),
        .descriptors = descriptors(pid),
    };
}
