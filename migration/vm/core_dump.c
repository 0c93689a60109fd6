#include "migration/vm/core_dump.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/resource.h>

char *core_dump_folder(const struct host *host, const char *vm)
{
    return g_strdup_printf("%s/%s.core", host->run_dir, vm);
}

char *core_dump_find(const char *folder)
{
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    const char *name;
    while (dir != NULL && (name = g_dir_read_name(dir)) != NULL)
        if (strstr(name, "core") != NULL)
            return g_build_filename(folder, name, NULL);
    return NULL;
}

void core_dump_bring(const char *folder, const struct host *host, const char *vm)
{
    g_autofree char *here = core_dump_folder(host, vm);
    g_autofree char *core = strcmp(folder, here) != 0 ? core_dump_find(folder) : NULL;
    if (core == NULL)
        return;
    g_autofree char *name = g_path_get_basename(core);
    g_autofree char *path = g_build_filename(here, name, NULL);
    g_rename(core, path);
}

void core_dump_allow(pid_t pid)
{
    struct rlimit limit;
    if (prlimit(pid, RLIMIT_CORE, NULL, &limit) < 0)
        return;
    /* Whose hard limit is lower keeps that: a short core is better than none. */
    limit.rlim_cur = MIN(limit.rlim_max, (rlim_t)CORE_BYTES);
    prlimit(pid, RLIMIT_CORE, &limit, NULL);
}
