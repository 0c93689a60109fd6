#include "migration/vm/numa.h"

#include "migration/vm/platform.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#define NODES "/sys/devices/system/node"

bool numa_has_node(int node)
{
    g_autofree char *path = g_strdup_printf(NODES "/node%d", node);

    return node == 0 || g_file_test(path, G_FILE_TEST_IS_DIR);
}

int numa_last_node(void)
{
    g_autoptr(GDir) nodes = g_dir_open(NODES, 0, NULL);
    const char *name;
    int last = 0;

    while (nodes != NULL && (name = g_dir_read_name(nodes)) != NULL)
        if (g_str_has_prefix(name, "node") && g_ascii_isdigit(name[4]))
            last = MAX(last, atoi(name + 4));
    return last;
}

/* "0-3,8": CPUs of the node. */
static void read_cpus(const char *list, cpu_set_t *cpus)
{
    g_auto(GStrv) ranges = g_strsplit(list, ",", -1);

    CPU_ZERO(cpus);
    for (char **range = ranges; *range != NULL; range++) {
        const char *dash = strchr(*range, '-');
        int first = atoi(*range);
        int last = dash != NULL ? atoi(dash + 1) : first;

        for (int cpu = first; cpu <= last && cpu < CPU_SETSIZE && g_ascii_isdigit(**range); cpu++)
            CPU_SET(cpu, cpus);
    }
}

int numa_bind_thread(pid_t thread, int node, GError **err)
{
    g_autofree char *path = g_strdup_printf(NODES "/node%d/cpulist", node);
    g_autofree char *list = NULL;
    cpu_set_t cpus;

    if (!g_file_get_contents(path, &list, NULL, NULL)) {
        g_set_error(err, VM_ERROR, VM_ERROR_START, "NUMA node %d has no list of CPUs (%s)", node,
                    path);
        return -1;
    }
    read_cpus(list, &cpus);
    if (sched_setaffinity(thread, sizeof cpus, &cpus) == 0 || errno == ESRCH)
        return 0;
    g_set_error(err, VM_ERROR, VM_ERROR_START,
                "thread %d cannot be bound to NUMA node %d (CPUs %s): %s", (int)thread, node,
                g_strstrip(list), g_strerror(errno));
    return -1;
}

/* The threads are folders of numbers, each with a file comm. */
static int bind_in(const char *folder, const char *prefix, int node, GError **err)
{
    g_autoptr(GDir) threads = g_dir_open(folder, 0, NULL);
    const char *name;

    while (threads != NULL && (name = g_dir_read_name(threads)) != NULL) {
        g_autofree char *path = g_build_filename(folder, name, "comm", NULL);
        g_autofree char *comm = NULL;

        if (g_ascii_isdigit(name[0]) && g_file_get_contents(path, &comm, NULL, NULL) &&
            g_str_has_prefix(comm, prefix) && numa_bind_thread(atoi(name), node, err) < 0)
            return -1;
    }
    return 0;
}

int numa_bind_named(pid_t process, const char *prefix, int node, GError **err)
{
    g_autofree char *own = g_strdup_printf("/proc/%d/task", (int)process);

    if (bind_in(own, prefix, node, err) < 0)
        return -1;
    return bind_in("/proc", prefix, node, err);
}
