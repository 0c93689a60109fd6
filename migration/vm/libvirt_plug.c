/*
 * Devices that come and go while a domain runs: libvirt is given and takes them as XML, knows them
 * by their names, and finds them their places itself.
 */
#include "migration/vm/libvirt_plug.h"

#include "migration/machine/change.h"
#include "migration/machine/domain.h"

#define TAKE_BACK_MS 5000

/* Somebody waits for a device to leave. */
struct libvirt_leaving {
    struct event over;
    bool is_kept; /* the guest has said that it keeps it */
};

void libvirt_plug_on_left(struct libvirt_vm *vm, const json_t *data, bool is_kept)
{
    const char *alias = json_string_value(json_object_get(data, "alias"));
    struct libvirt_leaving *leaving =
        alias != NULL && vm->leaving != NULL ? g_hash_table_lookup(vm->leaving, alias) : NULL;

    if (leaving == NULL)
        return;
    leaving->is_kept = is_kept;
    event_set(&leaving->over);
}

static int detach(struct libvirt_vm *vm, const struct device *device, int64_t deadline,
                  GError **err)
{
    g_autofree char *alias = domain_alias(device);

    return libvirt_call(vm, "domain-detach", json_pack("{s:s}", "alias", alias), deadline, NULL,
                        NULL, err);
}

/* All that the hypervisor does not have yet, in order. made: those that have come to be. */
static int attach_all(struct libvirt_vm *vm, struct device *device, const struct domain_spec *own,
                      GPtrArray *made, int64_t deadline, GError **err)
{
    if (!device->is_live) {
        g_autofree char *xml = machine_device_to_xml(vm->base.board, device, own, err);

        if (xml == NULL || libvirt_call(vm, "domain-attach", json_pack("{s:s}", "xml", xml),
                                        deadline, NULL, NULL, err) < 0)
            return -1;
        g_ptr_array_add(made, device);
    }
    for (unsigned i = 0; i < device->children->len; i++)
        if (attach_all(vm, g_ptr_array_index(device->children, i), own, made, deadline, err) < 0)
            return -1;
    return 0;
}

/* In the reverse order; works on a cancelled fiber. */
static void take_back(struct libvirt_vm *vm, const GPtrArray *made)
{
    fiber_shield();
    for (unsigned i = made->len; i-- > 0;)
        detach(vm, g_ptr_array_index(made, i), deadline_in(TAKE_BACK_MS), NULL);
    fiber_unshield();
}

int libvirt_plug(struct vm *base, const struct vm_spec *spec, const char *kind, const char *name,
                 int64_t deadline, GError **err)
{
    struct libvirt_vm *vm = libvirt_vm(base);
    const struct machine_spec machine = qemu_machine_spec(spec, base);
    const struct domain_spec own = {.name = vm->domain, .uuid = vm->uuid};
    g_autoptr(GPtrArray) made = g_ptr_array_new();

    if (machine_plug(base->board, &machine, kind, name, err) < 0)
        return -1;
    if (attach_all(vm, base->board, &own, made, deadline, err) == 0) {
        device_set_live(base->board);
        return 0;
    }
    g_prefix_error(err, "plugging %s %s into %s on %s: ", kind, name, base->name, base->host->name);
    take_back(vm, made);
    device_remove_unmade(base->board);
    return -1;
}

static int await_left(struct libvirt_vm *vm, struct libvirt_leaving *leaving, const char *alias,
                      int64_t deadline, GError **err)
{
    struct event *const events[] = {&leaving->over, &vm->exited};
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
                which == 0 ? "does not let go of" : "has not let go in time of", alias);
    return -1;
}

int libvirt_unplug(struct vm *base, const char *kind, const char *name, int64_t deadline,
                   GError **err)
{
    struct libvirt_vm *vm = libvirt_vm(base);
    struct device *device = device_find(base->board, kind, name);
    struct libvirt_leaving leaving = {.over = EVENT_INIT};
    g_autofree char *alias = NULL;
    int result;

    if (device == NULL) {
        g_set_error(err, CFG_ERROR, CFG_ERROR_PARAM_VALUE,
                    "%s %s cannot be unplugged from %s: it is not there", kind, name, base->name);
        return -1;
    }
    alias = domain_alias(device);
    if (vm->leaving == NULL)
        vm->leaving = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_hash_table_insert(vm->leaving, g_strdup(alias), &leaving);
    result = detach(vm, device, deadline, err);
    if (result == 0)
        result = await_left(vm, &leaving, alias, deadline, err);
    g_hash_table_remove(vm->leaving, alias);
    if (result == 0)
        device_remove(base->board, device);
    else
        g_prefix_error(err, "unplugging %s %s from %s on %s: ", kind, name, base->name,
                       base->host->name);
    return result;
}

json_t *libvirt_machine(struct vm *base, int64_t deadline, GError **err)
{
    json_auto_t *reply = NULL;

    if (libvirt_call(libvirt_vm(base), "domain-xml", NULL, deadline, &reply, NULL, err) < 0 ||
        domain_take_places(base->board, json_string_value(json_object_get(reply, "xml")), err) < 0)
        return NULL;
    return machine_travels(base->board);
}
