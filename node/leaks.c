#include "node/leaks.h"

#include "migration/vm/vm.h"
#include "node/process.h"

static void add(GPtrArray *leaks, char *leak)
{
    if (g_ptr_array_find_with_equal_func(leaks, leak, g_str_equal, NULL))
        g_free(leak);
    else
        g_ptr_array_add(leaks, leak);
}

/* A VM that is kept on purpose is no leak. */
static void leave_out_kept(const struct node *node, GPtrArray *leaks)
{
    for (unsigned i = 0; node->kept != NULL && i < node->kept->len; i++) {
        g_autofree char *kept =
            g_strdup_printf("process %d (", (int)vm_pid(g_ptr_array_index(node->kept, i)));
        for (unsigned l = leaks->len; l > 0; l--)
            if (g_str_has_prefix(g_ptr_array_index(leaks, l - 1), kept))
                g_ptr_array_remove_index(leaks, l - 1);
    }
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

    leave_out_kept(node, leaks);

    g_autoptr(GDir) folder = g_dir_open(run_dir, 0, NULL);
    const char *name;
    while (folder != NULL && (name = g_dir_read_name(folder)) != NULL)
        add(leaks, g_strdup_printf("file %s/%s", run_dir, name));
    return leaks;
}
