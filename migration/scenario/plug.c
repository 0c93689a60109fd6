#include "migration/scenario/plug.h"

#include "migration/params.h"

#define PLUG_MS 30000  /* for the hypervisor */
#define ASK_MS 10000   /* for it to answer */
#define SIGHT_MS 20000 /* for the guest */

/* False with an error; a guest that cannot be asked has not been. */
static bool ask_disks(struct seat *seat, unsigned as_many, int64_t wait_ms, int *count_out,
                      GError **err)
{
    g_autoptr(GError) error = NULL;
    unsigned count;

    *count_out = -1;
    if (guest_count_disks(seat->guest, as_many, wait_ms,
                          deadline_in(seat_patience_ms(seat, ASK_MS + wait_ms)), &count,
                          &error) == 0)
        *count_out = (int)count;
    else if (!g_error_matches(error, VM_ERROR, VM_ERROR_UNSUPPORTED)) {
        g_propagate_error(err, g_steal_pointer(&error));
        return false;
    }
    return true;
}

/* Waits until the guest sees as many disks; before: -1, it cannot be asked. */
static int await_sight(struct seat *seat, const char *name, int before, int more, GError **err)
{
    int after;

    if (before < 0)
        return 0;
    SEAT_DOING(seat, BLAME_PRODUCT, "waiting for %s to see what became of disk %s", seat->name,
               name);
    if (!ask_disks(seat, (unsigned)(before + more), SIGHT_MS, &after, err))
        return -1;
    if (after == before + more)
        return 0;
    g_set_error(err, VM_ERROR, VM_ERROR_GUEST, "the guest of %s %s disk %s, which was %s",
                seat->name, more > 0 ? "does not see" : "still sees", name,
                more > 0 ? "plugged in" : "unplugged");
    return -1;
}

static void tell(const struct seat *seat, const char *what, const char *name)
{
    host_log(seat->test->host, VTMH__LOG_LEVEL__LOG_INFO, "source", seat->name, "disk %s is %s",
             name, what);
}

static int plug_disk(struct seat *seat, const char *name, GError **err)
{
    int before;
    SEAT_DOING(seat, BLAME_TESTBED, "plugging disk %s into %s", name, seat->name);
    if (!ask_disks(seat, 0, 0, &before, err) ||
        seat_plug(seat, "disk", name, deadline_in(seat_patience_ms(seat, PLUG_MS)), err) < 0)
        return -1;
    tell(seat, "plugged in", name);
    return await_sight(seat, name, before, 1, err);
}

/* attempts times attempt_timeout is what the guest has to let go of it. */
static int unplug_disk(struct seat *seat, const char *name, GError **err)
{
    int64_t attempts, attempt_ms;
    int before;

    if (param_int(seat->params, "attempts", &attempts, err) < 0 ||
        param_duration_ms(seat->params, "attempt_timeout", &attempt_ms, err) < 0)
        return -1;
    SEAT_DOING(seat, BLAME_PRODUCT, "unplugging disk %s from %s", name, seat->name);
    if (!ask_disks(seat, 0, 0, &before, err) ||
        seat_unplug(seat, "disk", name, deadline_in(attempts * attempt_ms), err) < 0)
        return -1;
    tell(seat, "unplugged", name);
    return await_sight(seat, name, before, -1, err);
}

static int for_each(struct seat *seat, const char *list,
                    int (*fn)(struct seat *seat, const char *name, GError **err), GError **err)
{
    g_auto(GStrv) names = param_list(seat->params, list);

    for (char **name = names; *name != NULL; name++)
        if (fn(seat, *name, err) < 0)
            return -1;
    return 0;
}

int plug_devices(struct seat *seat, GError **err)
{
    return for_each(seat, "unplug_block", unplug_disk, err) < 0
               ? -1
               : for_each(seat, "plug_block", plug_disk, err);
}
