/* Where a VM is before a migration begins, and how it gets there. */
#include "migration/scenario/scenario.h"

/* A barrier of two hosts before a migration; of one it is none. */
static int meet(const struct seat *seat, const char *what, unsigned number, unsigned a, unsigned b,
                GError **err)
{
    g_autofree char *tag = g_strdup_printf("%s %s, migration %u", seat->name, what, number);
    const unsigned who[] = {a, b};
    const struct test_meeting meeting = {
        .tag = tag,
        .once = true,
        .who = who,
        .n_who = a == b ? 1 : 2,
        .timeout_ms = seat->request.login_ms + 2 * seat_patience_ms(seat, SCENE_START_MS),
    };
    return test_barrier(seat->test, &meeting, err);
}

/* Ends the copy that runs here; it is dead when this returns 0. */
static int end_here(struct seat *seat, unsigned host, GError **err)
{
    SEAT_DOING(seat, BLAME_TESTBED, "ending the copy of %s, which is to start again on %s",
               seat->name, seat->test->names[host]);
    if (seat_end(seat, err) < 0)
        return -1;
    host_disown(seat->test->host, OWNED_GUEST, seat->name);
    return 0;
}

int scene_vacate(struct seat *seat, unsigned before, unsigned host, unsigned number, GError **err)
{
    const struct test *test = seat->test;

    if (seat->platform->lent_uuid != NULL) {
        g_set_error(
            err, VM_ERROR, VM_ERROR_UNSUPPORTED,
            "%s would have to be ended on %s and started again on %s: that is not supported "
            "with libvirt_domain, which is only moved",
            seat->name, test->names[before], test->names[host]);
        return -1;
    }
    if (test->self == before && end_here(seat, host, err) < 0)
        return -1;
    if (test->self != before && test->self != host)
        return 0;
    host_log(test->host, VTMH__LOG_LEVEL__LOG_INFO, NULL, seat->name,
             "%s is started again on %s; its copy on %s was ended", seat->name, test->names[host],
             test->names[before]);
    return meet(seat, "is ended", number, before, host, err);
}

/* Disks that move with the VM are where it was last, and before it was anywhere on host 1. */
static int check_disks(const struct seat *seat, unsigned host, GError **err)
{
    const struct test *test = seat->test;
    unsigned has_disks = seat->where == SEAT_NOWHERE ? 0 : seat->where;

    if (!move_request_moves_disks(&seat->request) || host == has_disks)
        return 0;
    g_set_error(err, CFG_ERROR, CFG_ERROR_PARAM_VALUE,
                "migrate_storage = yes: %s is to be started on %s, but its disk %s is on %s and "
                "moves only with it",
                seat->name, test->names[host], *seat->request.disks, test->names[has_disks]);
    return -1;
}

int scene_place(struct scene *scene, struct seat *seat, unsigned host, unsigned other,
                unsigned number, GError **err)
{
    const struct test *test = scene->test;
    unsigned before = seat->where;
    bool has_copy = before != SEAT_NOWHERE && !seat->is_gone;

    if (before == host && has_copy)
        return 0;
    if (check_disks(seat, host, err) < 0)
        return -1;
    seat->where = host;
    seat->is_gone = false;
    if (has_copy && scene_vacate(seat, before, host, number, err) < 0)
        return -1;
    if (test->self == host && scene_boot_here(seat, err) < 0)
        return -1;
    if (test->self != host && test->self != other)
        return 0;
    host_context(test->host, "waiting for %s to boot on %s", seat->name, test->names[host]);
    return meet(seat, "is up", number, host, other, err);
}
