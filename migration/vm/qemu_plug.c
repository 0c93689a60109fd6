/*
 * Devices that come and go while a QEMU runs.
 *
 * A device is plugged in as its parts, one command each, in their order; where one is refused,
 * those before it are taken back. It goes the other way round: the device is asked to leave
 * (device_del), which the guest may take its time for, and only when it has left (DEVICE_DELETED)
 * is what stands behind it removed.
 */
#include "migration/machine/change.h"
#include "migration/vm/qemu.h"

#include <stdlib.h>
#include <string.h>

#define TAKE_BACK_MS 5000

/* Somebody waits for a device to leave. */
struct qemu_leaving {
    struct event over;
    bool is_kept; /* the guest has said that it keeps it */
};

void qemu_plug_on_left(struct qemu_vm *vm, const json_t *data, bool is_kept)
{
    const char *id = json_string_value(json_object_get(data, "device"));
    struct qemu_leaving *leaving =
        id != NULL && vm->leaving != NULL ? g_hash_table_lookup(vm->leaving, id) : NULL;

    if (leaving == NULL)
        return;
    leaving->is_kept = is_kept;
    event_set(&leaving->over);
}

static int make(struct qemu_vm *vm, const struct part *part, int64_t deadline, GError **err)
{
    if (part_command(part) == NULL) {
        g_set_error(err, VM_ERROR, VM_ERROR_UNSUPPORTED,
                    "a disk whose writes are thrown away (image_snapshot) is not plugged into a "
                    "running machine");
        return -1;
    }
    return qemu_command(vm, part_command(part), part_arguments(part), deadline, NULL, err);
}

static int take_back(struct qemu_vm *vm, const struct part *part, int64_t deadline, GError **err)
{
    if (part_undo_command(part) == NULL)
        return 0; /* it goes with its device */
    return qemu_command(vm, part_undo_command(part), part_undo_arguments(part), deadline, NULL,
                        err);
}

/* What did come to be, in the reverse order; works on a cancelled fiber. */
static void take_all_back(struct qemu_vm *vm, GPtrArray *parts, unsigned made)
{
    fiber_shield();
    while (made-- > 0)
        take_back(vm, g_ptr_array_index(parts, made), deadline_in(TAKE_BACK_MS), NULL);
    fiber_unshield();
}

int qemu_plug(struct vm *base, const struct vm_spec *spec, const char *kind, const char *name,
              int64_t deadline, GError **err)
{
    struct qemu_vm *vm = qemu_vm(base);
    const struct machine_spec machine = qemu_machine_spec(spec, vm);
    g_autoptr(GPtrArray) parts = NULL;

    if (machine_plug(vm->board, &machine, kind, name, err) < 0)
        return -1;
    parts = device_parts_unmade(vm->board);
    for (unsigned i = 0; i < parts->len; i++) {
        if (make(vm, g_ptr_array_index(parts, i), deadline, err) == 0)
            continue;
        g_prefix_error(err, "plugging %s %s into %s on %s: ", kind, name, base->name,
                       base->host->name);
        take_all_back(vm, parts, i);
        device_remove_unmade(vm->board);
        return -1;
    }
    device_set_live(vm->board);
    return 0;
}

static int await_left(struct qemu_vm *vm, struct qemu_leaving *leaving, const char *id,
                      int64_t deadline, GError **err)
{
    struct event *const events[] = {&leaving->over, qemu_process_ended(vm->process)};
    g_autoptr(GError) error = NULL;
    int which = await_any(events, G_N_ELEMENTS(events), deadline, &error);

    if (which == 1) {
        g_propagate_error(err, vm_death(&vm->base));
        return -1;
    }
    if (which == 0 && !leaving->is_kept)
        return 0;
    if (which < 0 && !g_error_matches(error, SYNC_ERROR, SYNC_ERROR_TIMEOUT)) {
        g_propagate_error(err, g_steal_pointer(&error));
        return -1;
    }
    g_set_error(err, VM_ERROR, VM_ERROR_GUEST, "the guest %s %s",
                which == 0 ? "does not let go of" : "has not let go in time of", id);
    return -1;
}

/* The device itself: asked to leave, until it has. */
static int let_leave(struct qemu_vm *vm, const struct part *part, int64_t deadline, GError **err)
{
    const char *id = json_string_value(json_object_get(part->arguments, "id"));
    struct qemu_leaving leaving = {.over = EVENT_INIT};
    int result;

    if (vm->leaving == NULL)
        vm->leaving = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_hash_table_insert(vm->leaving, g_strdup(id), &leaving);
    result = take_back(vm, part, deadline, err);
    if (result == 0)
        result = await_left(vm, &leaving, id, deadline, err);
    g_hash_table_remove(vm->leaving, id);
    return result;
}

/* The device before what stands behind it. */
static int remove_parts(struct qemu_vm *vm, GPtrArray *parts, int64_t deadline, GError **err)
{
    for (unsigned i = parts->len; i-- > 0;) {
        const struct part *part = g_ptr_array_index(parts, i);
        int gone = part->kind == PART_DEVICE ? let_leave(vm, part, deadline, err)
                                             : take_back(vm, part, deadline, err);

        if (gone < 0)
            return -1;
    }
    return 0;
}

int qemu_unplug(struct vm *base, const char *kind, const char *name, int64_t deadline, GError **err)
{
    struct qemu_vm *vm = qemu_vm(base);
    struct device *device = device_find(vm->board, kind, name);
    g_autoptr(GPtrArray) parts = NULL;

    if (device == NULL || device->kind->to_parts == NULL) {
        g_set_error(err, CFG_ERROR, CFG_ERROR_PARAM_VALUE,
                    "%s %s cannot be unplugged from %s: it is not there", kind, name, base->name);
        return -1;
    }
    parts = device_parts(device);
    if (remove_parts(vm, parts, deadline, err) < 0) {
        g_prefix_error(err, "unplugging %s %s from %s on %s: ", kind, name, base->name,
                       base->host->name);
        return -1;
    }
    device_remove(vm->board, device);
    return 0;
}

/* ---- where everything is */

/* "3.0" of the device that has the id on the root bus; NULL: it is not there. Transfer full. */
static char *slot_of(const json_t *query_pci, const char *id)
{
    const json_t *root = json_array_get(query_pci, 0), *device;
    size_t i;

    json_array_foreach (json_object_get(root, "devices"), i, device)
        if (g_strcmp0(json_string_value(json_object_get(device, "qdev_id")), id) == 0)
            return g_strdup_printf(
                "%x.%x", (unsigned)json_integer_value(json_object_get(device, "slot")),
                (unsigned)json_integer_value(json_object_get(device, "function")));
    return NULL;
}

static void take_slots(struct device *device, const json_t *query_pci)
{
    g_free(device->slot);
    device->slot = slot_of(query_pci, device->id);
    for (unsigned i = 0; i < device->children->len; i++)
        take_slots(g_ptr_array_index(device->children, i), query_pci);
}

json_t *qemu_machine(struct vm *base, int64_t deadline, GError **err)
{
    struct qemu_vm *vm = qemu_vm(base);
    json_auto_t *pci = NULL;

    if (qemu_command(vm, "query-pci", NULL, deadline, &pci, err) < 0)
        return NULL;
    take_slots(vm->board, pci);
    return machine_travels(vm->board);
}
