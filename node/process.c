#include "node/process.h"

#include "sync/stream.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The fields of /proc/PID/stat behind the name, which may itself hold blanks and parentheses. */
static char *read_stat(pid_t pid)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/stat", (int)pid);
    g_autofree char *text = NULL;
    if (!g_file_get_contents(path, &text, NULL, NULL))
        return NULL;
    const char *behind = strrchr(text, ')');
    return behind == NULL ? NULL : g_strdup(behind + 1);
}

uint64_t process_start_time(pid_t pid)
{
    g_autofree char *stat = read_stat(pid);
    if (stat == NULL)
        return 0;
    g_auto(GStrv) fields = g_strsplit(g_strstrip(stat), " ", 0);
    /* Field 3 of the manual page is the first here; the start time is field 22. */
    return g_strv_length(fields) > 19 ? g_ascii_strtoull(fields[19], NULL, 10) : 0;
}

bool process_runs(pid_t pid, uint64_t start_time)
{
    g_autofree char *stat = read_stat(pid);
    if (stat == NULL || process_start_time(pid) != start_time)
        return false;
    const char *state = g_strchug(stat);
    return *state != 'Z' && *state != 'X';
}

char *process_name(pid_t pid)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/comm", (int)pid);
    char *name = NULL;
    if (!g_file_get_contents(path, &name, NULL, NULL))
        return g_strdup("?");
    return g_strstrip(name);
}

bool process_end(pid_t pid, uint64_t start_time, int signum, int64_t deadline)
{
    int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
    if (pidfd < 0 || !process_runs(pid, start_time)) {
        if (pidfd >= 0)
            close(pidfd);
        return !process_runs(pid, start_time);
    }
    /* The pidfd was open before the start time was compared: the signal reaches that very
     * process. */
    syscall(SYS_pidfd_send_signal, pidfd, signum, NULL, 0);
    g_autoptr(stream) ended = stream_new(pidfd, NULL); /* closes it if it fails */
    if (ended != NULL)
        stream_await(ended, UV_READABLE, deadline, NULL);
    return !process_runs(pid, start_time);
}

static bool has_variable(pid_t pid, const char *wanted)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/environ", (int)pid);
    g_autofree char *environment = NULL;
    gsize size;
    if (!g_file_get_contents(path, &environment, &size, NULL))
        return false;
    for (const char *at = environment; at < environment + size; at += strlen(at) + 1)
        if (strcmp(at, wanted) == 0)
            return true;
    return false;
}

GArray *process_find_by_environment(const char *name, const char *value)
{
    GArray *found = g_array_new(FALSE, FALSE, sizeof(pid_t));
    g_autofree char *wanted = g_strdup_printf("%s=%s", name, value);
    g_autoptr(GDir) proc = g_dir_open("/proc", 0, NULL);
    const char *entry;
    while (proc != NULL && (entry = g_dir_read_name(proc)) != NULL) {
        pid_t pid = (pid_t)g_ascii_strtoll(entry, NULL, 10);
        if (pid > 0 && pid != getpid() && has_variable(pid, wanted) &&
            process_runs(pid, process_start_time(pid)))
            g_array_append_val(found, pid);
    }
    return found;
}
