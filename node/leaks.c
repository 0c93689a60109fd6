#include "node/leaks.h"

#include "node/process.h"

static void add(GPtrArray *leaks, char *leak)
{
    if (g_ptr_array_find_with_equal_func(leaks, leak, g_str_equal, NULL))
        g_free(leak);
    else
        g_ptr_array_add(leaks, leak);
}

GPtrArray *leaks_find(const struct node *node, const char *run_dir)
{
    GPtrArray *leaks = ledger_list(node->ledger);

    g_autoptr(GArray) pids = process_find_by_environment(NODE_VARIABLE, ledger_dir(node->ledger));
    for (unsigned i = 0; i < pids->len; i++) {
        pid_t pid = g_array_index(pids, pid_t, i);
        g_autofree char *name = process_name(pid);
        add(leaks, g_strdup_printf("process %d (%s)", (int)pid, name));
    }

    g_autoptr(GDir) folder = g_dir_open(run_dir, 0, NULL);
    const char *name;
    while (folder != NULL && (name = g_dir_read_name(folder)) != NULL)
        add(leaks, g_strdup_printf("file %s/%s", run_dir, name));
    return leaks;
}
