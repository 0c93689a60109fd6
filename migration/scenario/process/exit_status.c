/* A hypervisor that was told to end, here or with a leg, does so with exit status 0. */
#include "migration/params.h"
#include "migration/scenario/process/rows.h"
#include "sync/child.h"

const char *const exit_status_params[] = {"vm_monitor_exit_status", NULL};

int exit_status_end(struct step_on *on, GError **err)
{
    const struct seat *seat = on->seat;
    bool wanted;
    if (param_bool(on->params, "vm_monitor_exit_status", &wanted, err) < 0)
        return -1;
    if (!wanted || seat->exit_status == 0)
        return 0;
    g_autofree char *how = child_describe_status(seat->exit_status);
    g_set_error(err, VM_ERROR, VM_ERROR_DIED,
                "the hypervisor of %s on %s has ended with %s (vm_monitor_exit_status)", seat->name,
                seat->test->host->name, how);
    return -1;
}
