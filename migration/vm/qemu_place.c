/*
 * Where devices are. A hypervisor finds room for what is plugged in, and the destination of a
 * migration must have it in the same place, whatever came and went before.
 */
#include "migration/vm/qemu_shared.h"

#include <string.h>

/* ---- of what is to come */

/* A CPU takes the first place of the topology that has none. */
static int place_cpu(struct vm *vm, struct device *cpu, int64_t deadline, GError **err)
{
    json_auto_t *places = NULL;

    if (vm_ask(vm, "query-hotpluggable-cpus", NULL, deadline, &places, err) < 0)
        return -1;
    /* QEMU names the last one first. */
    for (size_t i = json_array_size(places); i-- > 0;) {
        const json_t *place = json_array_get(places, i);

        if (json_object_get(place, "qom-path") != NULL)
            continue;
        device_set_place(cpu, json_deep_copy(json_object_get(place, "props")));
        return 0;
    }
    g_set_error(err, VM_ERROR, VM_ERROR_COMMAND, "all CPUs that there can be are there");
    return -1;
}

int qemu_place_new(struct vm *vm, struct device *device, int64_t deadline, GError **err)
{
    return device->kind == &device_vcpu ? place_cpu(vm, device, deadline, err) : 0;
}

/* ---- of what is there */

/* {"addr": "3.0"} of the device that has the id on the root bus; NULL: it is not there. Transfer
 * full. */
static json_t *pci_place(const json_t *query_pci, const char *id)
{
    const json_t *root = json_array_get(query_pci, 0), *device;
    size_t i;

    json_array_foreach (json_object_get(root, "devices"), i, device)
        if (g_strcmp0(json_string_value(json_object_get(device, "qdev_id")), id) == 0) {
            g_autofree char *addr = g_strdup_printf(
                "%x.%x", (unsigned)json_integer_value(json_object_get(device, "slot")),
                (unsigned)json_integer_value(json_object_get(device, "function")));

            return json_pack("{s:s}", "addr", addr);
        }
    return NULL;
}

/* Of a memory module: its slot, and where it begins. Transfer full. */
static json_t *memory_place(const json_t *query_memory, const char *id)
{
    const json_t *module;
    size_t i;

    json_array_foreach ((json_t *)query_memory, i, module) {
        const json_t *data = json_object_get(module, "data");

        if (g_strcmp0(json_string_value(json_object_get(data, "id")), id) == 0)
            return json_pack("{s:O, s:O}", "slot", json_object_get(data, "slot"), "addr",
                             json_object_get(data, "addr"));
    }
    return NULL;
}

/* A device that neither answer has is where it was. */
static void take_places(struct device *device, const json_t *pci, const json_t *memory)
{
    json_t *place = device->kind == &device_dimm ? memory_place(memory, device->id)
                                                 : pci_place(pci, device->id);

    if (place != NULL)
        device_set_place(device, place);
    for (unsigned i = 0; i < device->children->len; i++)
        take_places(g_ptr_array_index(device->children, i), pci, memory);
}

int qemu_take_places(struct vm *vm, int64_t deadline, GError **err)
{
    json_auto_t *pci = NULL, *memory = NULL;

    if (vm_ask(vm, "query-pci", NULL, deadline, &pci, err) < 0 ||
        vm_ask(vm, "query-memory-devices", NULL, deadline, &memory, err) < 0)
        return -1;
    take_places(vm->board, pci, memory);
    return 0;
}
