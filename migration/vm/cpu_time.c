#include "migration/vm/cpu_time.h"

#include <glib.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int64_t cpu_time_parse(const char *stat, long ticks_per_s)
{
    /* The name, in parentheses, may itself hold blanks and parentheses. */
    const char *rest = strrchr(stat, ')');
    unsigned long user, system;

    if (rest == NULL || ticks_per_s <= 0 ||
        sscanf(rest, ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system) != 2)
        return -1;
    return (int64_t)(user + system) * 1000 / ticks_per_s;
}

int64_t cpu_time_ms(pid_t pid)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/stat", (int)pid);
    g_autofree char *text = NULL;

    if (pid <= 0 || !g_file_get_contents(path, &text, NULL, NULL))
        return -1;
    return cpu_time_parse(text, sysconf(_SC_CLK_TCK));
}
