#include "node/leaks.h"

#include "migration/kept.h"
#include "node/owned.h"
#include "node/process.h"

#include <string.h>

static void add(GPtrArray *leaks, char *leak)
{
    if (g_ptr_array_find_with_equal_func(leaks, leak, g_str_equal, NULL))
        g_free(leak);
    else
        g_ptr_array_add(leaks, leak);
}

/* whole: not only what begins like that. */
static void leave_out(GPtrArray *leaks, const char *what, bool whole)
{
    for (unsigned l = leaks->len; l > 0; l--) {
        const char *leak = g_ptr_array_index(leaks, l - 1);
        if (whole ? strcmp(leak, what) == 0 : g_str_has_prefix(leak, what))
            g_ptr_array_remove_index(leaks, l - 1);
    }
}

static void leave_out_process(GPtrArray *leaks, const char *pid)
{
    g_autofree char *process = g_strdup_printf("process %s (", pid);
    leave_out(leaks, process, false);
}

static void leave_out_owned(enum owned_kind kind, const char *what, void *arg)
{
    if (kind == OWNED_PROCESS) {
        leave_out_process(arg, what);
        return;
    }
    g_autofree char *entry = g_strdup_printf("%s %s", owned_kind_names[kind], what);
    g_autofree char *file = g_strdup_printf("file %s", what);
    leave_out(arg, entry, true);
    leave_out(arg, file, true);
}

static void leave_out_vm(const struct vm *vm, GPtrArray *leaks)
{
    g_autofree char *pid = g_strdup_printf("%d", (int)vm_pid(vm));
    leave_out_process(leaks, pid);
    vm_each_owned(vm, leave_out_owned, leaks);
}

/* One that was made for a disk that moves is removed behind its test, whose error it is if it
 * cannot be; that of a VM that lives on is still needed. Either goes with the node at the latest.
 */
static void leave_out_images(GPtrArray *leaks)
{
    g_autofree char *image = g_strdup_printf("%s /", owned_kind_names[OWNED_IMAGE]);

    leave_out(leaks, image, false);
}

/* A VM that is kept on purpose is no leak, nor is what it needs. */
static void leave_out_kept(const struct node *node, GPtrArray *leaks)
{
    for (unsigned i = 0; node->kept != NULL && i < node->kept->len; i++)
        leave_out_vm(g_ptr_array_index(node->kept, i), leaks);
    for (unsigned i = 0; node->resting != NULL && i < node->resting->len; i++)
        leave_out_vm(((const struct kept *)g_ptr_array_index(node->resting, i))->vm, leaks);
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

    leave_out_kept(node, leaks);
    leave_out_images(leaks);
    return leaks;
}
