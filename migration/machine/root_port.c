/*
 * Spare root ports of a PCI Express machine, whose own bus takes nothing while it runs: each takes
 * one device that is plugged in. The bus of a machine without Express takes such devices itself.
 */
#include "migration/machine/device.h"
#include "migration/machine/domain_part.h"
#include "migration/params.h"

#include <string.h>

#define NAME "pcie_extra_root_port_%u" /* as avocado-vt has it */

static bool is_express(const struct machine_spec *spec)
{
    return strstr(spec->platform->machine, "q35") != NULL;
}

static int build(struct device *board, const struct machine_spec *spec, GError **err)
{
    int64_t n;

    if (param_int(spec->params, "pcie_extra_root_port", &n, err) < 0)
        return -1;
    for (unsigned i = 0; is_express(spec) && i < (unsigned)n; i++) {
        g_autofree char *name = g_strdup_printf(NAME, i);

        device_set_int(device_plug(board, &device_root_port, name)->travels, "chassis", i + 1);
    }
    return 0;
}

static void to_parts(const struct device *port, GPtrArray *parts)
{
    device_set_int(part_add(parts, PART_DEVICE, "pcie-root-port", port->id, NULL), "chassis",
                   device_get_int(port->travels, "chassis"));
}

/* ---- who is on one */

static bool is_taken(const struct device *device, const char *port)
{
    if (g_strcmp0(device_get(device->place, "bus"), port) == 0)
        return true;
    for (unsigned i = 0; i < device->children->len; i++)
        if (is_taken(g_ptr_array_index(device->children, i), port))
            return true;
    return false;
}

static const struct device *find_free(const struct device *board)
{
    for (unsigned i = 0; i < board->children->len; i++) {
        const struct device *port = g_ptr_array_index(board->children, i);

        if (port->kind == &device_root_port && !is_taken(board, port->id))
            return port;
    }
    return NULL;
}

/* It does not say itself which bus it is on, and is none that is on no bus. */
static bool is_on_main_bus(const struct device *device)
{
    g_autoptr(GPtrArray) parts = parts_new();

    if (device->kind == &device_vcpu || device->kind == &device_dimm)
        return false;
    device_add_parts(device, parts);
    for (unsigned i = 0; i < parts->len; i++) {
        const struct part *part = g_ptr_array_index(parts, i);

        if (part->kind == PART_DEVICE)
            return json_object_get(part->arguments, "bus") == NULL;
    }
    return false;
}

void root_port_take(struct device *board, struct device *device)
{
    const struct device *port = !device->is_live && device->place == NULL && is_on_main_bus(device)
                                    ? find_free(board)
                                    : NULL;

    if (port != NULL)
        device_set_place(device, json_pack("{s:s}", "bus", port->id));
    for (unsigned i = 0; i < device->children->len; i++)
        root_port_take(board, g_ptr_array_index(device->children, i));
}

/* ---- as libvirt has it */

static unsigned count_on_main_bus(const struct device *device)
{
    unsigned n = device->kind != &device_root_port && is_on_main_bus(device);

    for (unsigned i = 0; i < device->children->len; i++)
        n += count_on_main_bus(g_ptr_array_index(device->children, i));
    return n;
}

/* libvirt takes the first that are free for the devices that there are from the start: so that
 * these are spare, there is another one for each of those. */
static int to_xml(const struct device *port, struct domain *domain, GError **err)
{
    bool is_first = device_of_kind(domain->board, &device_root_port) == port;
    unsigned n = 1 + (is_first ? count_on_main_bus(domain->board) : 0);

    if (domain_has_controllers(domain))
        return 0;
    (void)err;
    if (is_first) /* else the first of these has its number */
        xml_set(
            xml_set(xml_set(xml_add(domain->devices, "controller"), "type", "pci"), "index", "0"),
            "model", "pcie-root");
    for (unsigned i = 0; i < n; i++)
        xml_set(xml_set(xml_add(domain->devices, "controller"), "type", "pci"), "model",
                "pcie-root-port");
    return 0;
}

const struct device_kind device_root_port = {
    .name = "root_port", .build = build, .to_parts = to_parts, .to_xml = to_xml};
