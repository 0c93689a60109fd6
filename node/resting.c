#include "node/resting.h"

static void free_kept(gpointer kept)
{
    kept_free(kept);
}

static void leave_running(gpointer running)
{
    running_unref(running);
}

GPtrArray *resting_new(void)
{
    return g_ptr_array_new_with_free_func(free_kept);
}

void resting_add(struct running *running, struct node *node, uint64_t test, struct kept *kept)
{
    node_log(node, "process %d of %s rests until a test wants it, or the job ends",
             (int)vm_pid(kept->vm), vm_name(kept->vm));
    vm_set_home(kept->vm, running_ref(running), leave_running);
    kept->home = running_ref(running);
    kept->leave_home = leave_running;
    kept->test = test;
    kept_sleep(kept, node->scope);
    g_ptr_array_add(node->resting, kept);
}

void resting_wake(struct node *node, struct kept *kept)
{
    unsigned index;
    if (g_ptr_array_find(node->resting, kept, &index))
        g_ptr_array_steal_index(node->resting, index);
    kept_wake(kept);
}

void resting_spoil(struct node *node, uint64_t test)
{
    for (unsigned i = 0; i < node->resting->len; i++) {
        struct kept *kept = g_ptr_array_index(node->resting, i);
        kept->is_spoiled |= kept->test == test;
    }
}

void resting_end(struct node *node)
{
    for (unsigned i = 0; i < node->resting->len; i++) {
        struct kept *kept = g_ptr_array_index(node->resting, i);
        node_log(node, "ending process %d of %s, which rested here", (int)vm_pid(kept->vm),
                 vm_name(kept->vm));
        kept_wake(kept);
        g_autoptr(GError) error = NULL;
        if (vm_destroy(g_steal_pointer(&kept->vm), &error) < 0)
            node_log(node, "%s", error->message);
    }
    g_ptr_array_set_size(node->resting, 0);
}
