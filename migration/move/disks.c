#include "migration/move/disks.h"

#include "migration/move/managed.h"
#include "migration/move/transport/relayed.h"
#include "migration/params.h"
#include "migration/storage/image.h"
#include "migration/storage/qemu_img.h"

#define GIVE_UP_MS 10000 /* for a hypervisor whose copies have lost their other end */

/* By us: what managers move they copy the disks of, in their call. */
static bool move_along(const struct handover *h)
{
    return !managed_is(h) && move_request_moves_disks(&h->seat->request);
}

static const char *const *names_of(const struct handover *h)
{
    return (const char *const *)h->seat->request.disks;
}

/* A disk's copy, and whoever compares it. */
static unsigned connections_of(const struct handover *h)
{
    return 2 * g_strv_length(h->seat->request.disks);
}

static double ms_since(int64_t began_us)
{
    return (double)(g_get_monotonic_time() - began_us) / 1000.0;
}

int disks_offer(struct handover *h, int64_t deadline, GError **err)
{
    struct seat *seat = h->seat;

    if (!move_along(h))
        return 0;
    SEAT_DOING(seat, BLAME_TESTBED, "offering the disks");
    h->disks =
        relayed_open(seat, h->agreement->addresses[seat->test->self], connections_of(h), err);
    if (h->disks == NULL)
        return -1;
    g_autofree char *socket = relayed_socket(h->disks);
    return vm_offer_disks(seat->vm, names_of(h), socket, deadline, err) < 0
               ? -1
               : relayed_receive(h->disks, h->deadline + HANDOVER_LATE_MS, err);
}

json_t *disks_ticket(const struct handover *h)
{
    return h->disks != NULL ? direct_ticket(h->disks) : NULL;
}

static int mirror(struct handover *h, const json_t *ticket, GError **err)
{
    struct seat *seat = h->seat;

    h->disks = relayed_enter(seat, ticket, seat->test->names[h->leg->destination],
                             connections_of(h), h->deadline, err);
    if (h->disks == NULL || relayed_take_over(h->disks, h->deadline, err) < 0)
        return -1;
    g_autofree char *socket = relayed_socket(h->disks);
    h->has_moved = true;
    return vm_mirror_disks(seat->vm, names_of(h), socket,
                           seat->request.move[MOVE_SOURCE].max_bandwidth, h->deadline, err);
}

int disks_mirror(struct handover *h, const json_t *theirs, GError **err)
{
    struct seat *seat = h->seat;
    const json_t *ticket = json_object_get(theirs, "disks");
    int64_t began_us = g_get_monotonic_time();

    if (!move_along(h))
        return 0;
    seat_progress(seat, h->record, "mirroring", NULL);
    SEAT_DOING(seat, BLAME_PRODUCT, "copying the disks");
    if (ticket == NULL) {
        g_set_error(err, VM_ERROR, VM_ERROR_DIFFERENT,
                    "%s does not offer the disks of %s (migrate_storage)",
                    seat->test->names[h->leg->destination], seat->name);
        return -1;
    }
    int mirrored = mirror(h, ticket, err);
    h->record->mirror_ms = ms_since(began_us);
    h->record->mirrored_bytes = vm_mirrored_bytes(seat->vm);
    return mirrored;
}

void disks_record(struct handover *h)
{
    struct seat *seat = h->seat;

    if (move_request_moves_disks(&seat->request))
        h->record->mirrored_bytes = vm_mirrored_bytes(seat->vm);
}

static int compare(struct handover *h, const struct qemu_img *qemu_img, const char *name,
                   GError **err)
{
    const struct seat *seat = h->seat;
    g_autoptr(image) image = image_new(seat->params, name, err);
    g_autofree char *socket = relayed_socket(h->disks);
    g_autofree char *copy = g_strdup_printf("nbd+unix:///%s?socket=%s", name, socket);
    g_autofree char *difference = NULL;

    if (image == NULL || qemu_img_compare(qemu_img, image->location, image->format, copy, "raw",
                                          &difference, h->deadline, err) < 0)
        return -1;
    if (difference == NULL)
        return 0;
    g_set_error(err, VM_ERROR, VM_ERROR_MIGRATION,
                "%s of %s has not come to %s as it is on %s (%s): %s", name, seat->name,
                seat->test->names[h->leg->destination], seat->test->host->name, image->location,
                difference);
    return -1;
}

int disks_compare(struct handover *h, GError **err)
{
    struct seat *seat = h->seat;

    if (h->disks == NULL)
        return 0;
    h->record->mirrored_bytes = vm_mirrored_bytes(seat->vm);
    if (!seat->request.compares_disks)
        return 0;
    SEAT_DOING(seat, BLAME_PRODUCT, "comparing the disks");
    int64_t began_us = g_get_monotonic_time();
    g_autofree char *program = qemu_img_program(seat->params, NULL, err);
    const struct qemu_img qemu_img = {program, seat->test->host};
    if (program == NULL)
        return -1;
    for (const char *const *name = names_of(h); *name != NULL; name++)
        if (vm_has_disk(seat->vm, *name) && compare(h, &qemu_img, *name, err) < 0)
            return -1;
    h->record->compare_ms = ms_since(began_us);
    test_note(seat->test,
              "%s: its disks were read at both ends while the guest stood still, which is in "
              "STOP→RESUME (migrate_storage_compare = no leaves it out)",
              seat->name);
    return 0;
}

int disks_withdraw(struct handover *h, GError **err)
{
    return h->disks == NULL ? 0 : vm_withdraw_disks(h->seat->vm, h->deadline, err);
}

void disks_give_up(struct handover *h)
{
    struct seat *seat = h->seat;
    g_autoptr(GError) error = NULL;

    if (h->disks == NULL || event_is_set(vm_exited(seat->vm)))
        return;
    /* A copy whose other end does not answer any more would wait for it. */
    relayed_break_off(h->disks);
    if (vm_release_mirrors(seat->vm, deadline_in(GIVE_UP_MS), &error) < 0)
        host_log(seat->test->host, VTMH__LOG_LEVEL__LOG_WARNING, "source", seat->name,
                 "giving up the copies of the disks: %s", error->message);
}

void disks_end(struct handover *h)
{
    if (h->disks != NULL)
        relayed_close(h->disks);
    h->disks = NULL;
}
