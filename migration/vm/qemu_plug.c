/*
 * Devices that come and go while a QEMU runs.
 *
 * A device is plugged in as its parts, one command each, in their order; where one is refused,
 * those before it are taken back. What a card is connected to comes before all of them. It goes the
 * other way round: the device is asked to leave (device_del), which the guest may take its time
 * for, and only when it has left (DEVICE_DELETED) is what stands behind it removed.
 */
#include "migration/machine/change.h"
#include "migration/vm/qemu.h"

#include <string.h>

#define TAKE_BACK_MS 5000

/* Somebody waits for a device to leave. */
struct qemu_leaving {
    struct event over;
    bool is_kept; /* the guest has said that it keeps it */
};

/* Of a CPU, QEMU may say nothing itself: that of its APIC,
 * "/machine/peripheral/ID/lapic", comes when it has gone. Transfer full; NULL: it is of something
 * within another device. */
static char *who_left(const json_t *data)
{
    static const char home[] = "/machine/peripheral/", apic[] = "/lapic";
    const char *id = json_string_value(json_object_get(data, "device"));
    const char *path = json_string_value(json_object_get(data, "path"));

    if (id != NULL || path == NULL)
        return g_strdup(id);
    if (!g_str_has_prefix(path, home) || !g_str_has_suffix(path, apic))
        return NULL;
    path += strlen(home);
    return g_strndup(path, strlen(path) - strlen(apic));
}

void qemu_plug_on_left(struct qemu_vm *vm, const json_t *data, bool is_kept)
{
    g_autofree char *id = who_left(data);
    struct qemu_leaving *leaving =
        id != NULL && vm->leaving != NULL ? g_hash_table_lookup(vm->leaving, id) : NULL;

    if (leaving == NULL)
        return;
    leaving->is_kept = is_kept;
    event_set(&leaving->over);
}

/* Descriptors that a QEMU is handed while it runs have names there: that of number 64 is "vtmh-64".
 * On a command line they are what the machine calls them: their numbers. */
#define FD_NAME "vtmh-"

static void name_fds(json_t *netdev)
{
    static const char *const keys[] = {"fd", "fds", "vhostfd", "vhostfds"};

    for (size_t i = 0; i < G_N_ELEMENTS(keys); i++) {
        const char *numbers = device_get(netdev, keys[i]);
        g_autoptr(GString) names = g_string_new(numbers);

        if (numbers == NULL)
            continue;
        g_string_prepend(names, FD_NAME);
        g_string_replace(names, ":", ":" FD_NAME, 0);
        device_set(netdev, keys[i], names->str);
    }
}

static int hand_over_fds(struct qemu_vm *vm, int64_t deadline, GError **err)
{
    const GArray *fds = vm_net_fds(vm->base.net);

    for (unsigned i = 0; i < fds->len; i++) {
        const struct child_fd *fd = &g_array_index(fds, struct child_fd, i);
        g_autofree char *name = g_strdup_printf(FD_NAME "%d", fd->as);

        if (qemu_process_command(vm->process, "getfd", json_pack("{s:s}", "fdname", name), fd->fd,
                                 deadline, NULL, err) < 0)
            return -1;
    }
    return 0;
}

/* Those that no card has taken, which would keep their taps: a card that has taken them has closed
 * their names. Works on a cancelled fiber. */
static void take_fds_back(struct qemu_vm *vm)
{
    const GArray *fds = vm_net_fds(vm->base.net);

    fiber_shield();
    for (unsigned i = 0; i < fds->len; i++) {
        g_autofree char *name =
            g_strdup_printf(FD_NAME "%d", g_array_index(fds, struct child_fd, i).as);

        qemu_command(vm, "closefd", json_pack("{s:s}", "fdname", name), deadline_in(TAKE_BACK_MS),
                     NULL, NULL);
    }
    fiber_unshield();
}

static int make(struct qemu_vm *vm, const struct part *part, int64_t deadline, GError **err)
{
    json_t *arguments;

    if (part_command(part) == NULL) {
        g_set_error(err, VM_ERROR, VM_ERROR_UNSUPPORTED,
                    "a disk whose writes are thrown away (image_snapshot) is not plugged into a "
                    "running machine");
        return -1;
    }
    arguments = part_arguments(part);
    if (part->kind == PART_NETDEV)
        name_fds(arguments);
    return qemu_command(vm, part_command(part), arguments, deadline, NULL, err);
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

/* All parts of what the hypervisor does not have yet, or none. */
static int make_all(struct qemu_vm *vm, int64_t deadline, GError **err)
{
    g_autoptr(GPtrArray) parts = device_parts_unmade(vm->base.board);

    for (unsigned i = 0; i < parts->len; i++) {
        if (make(vm, g_ptr_array_index(parts, i), deadline, err) == 0)
            continue;
        take_all_back(vm, parts, i);
        return -1;
    }
    return 0;
}

/* What stands behind a card outside of the hypervisor comes before it. */
static int make_with_net(struct qemu_vm *vm, const struct device *device, int64_t deadline,
                         GError **err)
{
    bool is_card = device->kind == &device_nic;

    if (is_card && vm_net_plug(vm->base.net, vm->base.name, device, err) < 0)
        return -1;
    if ((!is_card || hand_over_fds(vm, deadline, err) == 0) && make_all(vm, deadline, err) == 0) {
        vm_net_started(vm->base.net);
        return 0;
    }
    if (is_card) {
        take_fds_back(vm);
        vm_net_unplug(vm->base.net, device->id);
    }
    return -1;
}

int qemu_plug(struct vm *base, const struct vm_spec *spec, const char *kind, const char *name,
              int64_t deadline, GError **err)
{
    struct qemu_vm *vm = qemu_vm(base);
    const struct machine_spec machine = qemu_machine_spec(spec, base);
    struct device *device;

    if (machine_plug(vm->base.board, &machine, kind, name, err) < 0)
        return -1;
    device = device_find(vm->base.board, kind, name);
    if (qemu_place_new(base, device, deadline, err) == 0 &&
        make_with_net(vm, device, deadline, err) == 0) {
        device_set_live(vm->base.board);
        return 0;
    }
    g_prefix_error(err, "plugging %s %s into %s on %s: ", kind, name, base->name, base->host->name);
    device_remove_unmade(vm->base.board);
    return -1;
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
    struct device *device = device_find(vm->base.board, kind, name);
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
    if (device->kind == &device_nic)
        vm_net_unplug(base->net, name);
    device_remove(vm->base.board, device);
    return 0;
}
