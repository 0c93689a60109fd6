#include "migration/scenario/plug.h"

#include "migration/params.h"

#define PLUG_MS 30000  /* for the hypervisor */
#define ASK_MS 10000   /* for it to answer */
#define SIGHT_MS 20000 /* for the guest */

static const struct pluggable {
    const char *kind; /* of device */
    const char *noun;
    const char *plug, *unplug; /* parameters */
    const char *size;          /* parameter: the guest counts its MiB; NULL: it counts devices */
} pluggables[] = {
    {"disk", "disk", "plug_block", "unplug_block", NULL},
    {"nic", "card", "plug_nic", "unplug_nic", NULL},
    {"vcpu", "CPU", "plug_vcpu", "unplug_vcpu", NULL},
    {"dimm", "memory", "plug_mem", "unplug_mem", "size_mem"},
};

/* What the guest's count changes by with this device. */
static int read_share(const struct seat *seat, const struct pluggable *what, const char *name,
                      int *share_out, GError **err)
{
    g_autoptr(params) own = params_object_params(seat->params, name);
    uint64_t bytes = 0;

    *share_out = 1;
    if (what->size == NULL)
        return 0;
    if (param_size(own, what->size, &bytes, err) < 0)
        return -1;
    *share_out = (int)(bytes >> 20);
    return 0;
}

/* A guest that cannot be asked is not: -1. */
static int ask(struct seat *seat, const struct pluggable *what, unsigned as_many, int64_t wait_ms,
               int *count_out, GError **err)
{
    g_autoptr(GError) error = NULL;
    unsigned count;

    *count_out = -1;
    if (guest_count(seat->guest, what->kind, as_many, wait_ms,
                    deadline_in(seat_patience_ms(seat, ASK_MS + wait_ms)), &count, &error) == 0)
        *count_out = (int)count;
    else if (!g_error_matches(error, VM_ERROR, VM_ERROR_UNSUPPORTED)) {
        g_propagate_error(err, g_steal_pointer(&error));
        return -1;
    }
    return 0;
}

/* Waits until the guest sees as much; before: -1, it cannot be asked. */
static int await_sight(struct seat *seat, const struct pluggable *what, const char *name,
                       int before, int more, GError **err)
{
    int after;

    if (before < 0) {
        test_note(seat->test, "the guest of %s cannot be asked whether it has seen %s %s %s",
                  seat->name, what->noun, name, more > 0 ? "come" : "go");
        return 0;
    }
    SEAT_DOING(seat, BLAME_PRODUCT, "waiting for %s to see what became of %s %s", seat->name,
               what->noun, name);
    if (ask(seat, what, (unsigned)(before + more), SIGHT_MS, &after, err) < 0)
        return -1;
    if (after == before + more)
        return 0;
    g_set_error(err, VM_ERROR, VM_ERROR_GUEST, "the guest of %s %s %s %s, which was %s", seat->name,
                more > 0 ? "does not see" : "still sees", what->noun, name,
                more > 0 ? "plugged in" : "unplugged");
    return -1;
}

static void tell(const struct seat *seat, const struct pluggable *what, const char *name,
                 const char *how)
{
    host_log(seat->test->host, VTMH__LOG_LEVEL__LOG_INFO, "source", seat->name, "%s %s is %s",
             what->noun, name, how);
}

static int plug(struct seat *seat, const struct pluggable *what, const char *name, GError **err)
{
    int before, share;
    SEAT_DOING(seat, BLAME_TESTBED, "plugging %s %s into %s", what->noun, name, seat->name);
    if (read_share(seat, what, name, &share, err) < 0 || ask(seat, what, 0, 0, &before, err) < 0 ||
        seat_plug(seat, what->kind, name, deadline_in(seat_patience_ms(seat, PLUG_MS)), err) < 0)
        return -1;
    tell(seat, what, name, "plugged in");
    return await_sight(seat, what, name, before, share, err);
}

/* attempts times attempt_timeout is what the guest has to let go of it. */
static int unplug(struct seat *seat, const struct pluggable *what, const char *name, GError **err)
{
    int64_t attempts, attempt_ms;
    int before, share;

    if (param_int(seat->params, "attempts", &attempts, err) < 0 ||
        param_duration_ms(seat->params, "attempt_timeout", &attempt_ms, err) < 0)
        return -1;
    SEAT_DOING(seat, BLAME_PRODUCT, "unplugging %s %s from %s", what->noun, name, seat->name);
    if (read_share(seat, what, name, &share, err) < 0 || ask(seat, what, 0, 0, &before, err) < 0 ||
        seat_unplug(seat, what->kind, name, deadline_in(attempts * attempt_ms), err) < 0)
        return -1;
    tell(seat, what, name, "unplugged");
    return await_sight(seat, what, name, before, -share, err);
}

/* What is named to go goes first, and may come back; what is not there comes first. */
static int change(struct seat *seat, const struct pluggable *what, GError **err)
{
    g_auto(GStrv) coming = param_list(seat->params, what->plug);
    g_auto(GStrv) going = param_list(seat->params, what->unplug);
    g_autoptr(GPtrArray) later = g_ptr_array_new();

    for (char **name = going; *name != NULL; name++)
        if (g_strv_contains((const char *const *)coming, *name) &&
            !vm_has(seat->vm, what->kind, *name))
            g_ptr_array_add(later, *name);
        else if (unplug(seat, what, *name, err) < 0)
            return -1;
    for (char **name = coming; *name != NULL; name++)
        if (plug(seat, what, *name, err) < 0)
            return -1;
    for (unsigned i = 0; i < later->len; i++)
        if (unplug(seat, what, g_ptr_array_index(later, i), err) < 0)
            return -1;
    return 0;
}

int plug_devices(struct seat *seat, GError **err)
{
    for (size_t i = 0; i < G_N_ELEMENTS(pluggables); i++)
        if (change(seat, &pluggables[i], err) < 0)
            return -1;
    return 0;
}
