#include "migration/move/machine_sync.h"

#include "migration/params.h"

static int refuse_changed(const struct seat *seat, GError **err)
{
    if (!vm_is_changed(seat->vm))
        return 0;
    g_set_error(err, VM_ERROR, VM_ERROR_DIFFERENT,
                "the machine of %s has changed since its start: its destination knows of that "
                "only with migration_sync_vms = yes",
                seat->name);
    return -1;
}

int machine_sync(struct handover *h, GError **err)
{
    struct seat *seat = h->seat;
    bool is_source = handover_is_source(h), is_told = false;
    char tag[80];
    struct test_meeting meeting = handover_meeting(h, "machine", tag);
    g_autoptr(GPtrArray) answers = NULL;
    json_t *mine;

    if (param_bool(seat->params, "migration_sync_vms", &is_told, err) < 0)
        return -1;
    if (!is_told)
        return is_source ? refuse_changed(seat, err) : 0;
    SEAT_DOING(seat, BLAME_TESTBED, "telling the destination what it is now");
    mine = is_source ? vm_machine(seat->vm, h->deadline, err) : json_object();
    if (mine == NULL || test_exchange(seat->test, &meeting, mine, &answers, err) < 0)
        return -1;
    return is_source
               ? 0
               : seat_follow(seat, json_incref(g_ptr_array_index(answers, h->leg->source)), err);
}
