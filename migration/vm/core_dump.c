#include "migration/vm/core_dump.h"

#include <sys/resource.h>

char *core_dump_folder(const struct host *host, const char *vm)
{
    return g_strdup_printf("%s/%s.core", host->run_dir, vm);
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
