/* The channel to a guest agent, where the guest may be logged in to by it: a virtio port of the
 * name that qemu-ga opens. The other end of its descriptor is the node's. */
#include "migration/machine/agent.h"

#include "migration/machine/device.h"
#include "migration/machine/domain_part.h"
#include "migration/params.h"

#include <string.h>

#define BUS "virtio-serial0"
#define PORT "agent0"

static int build(struct device *board, const struct machine_spec *spec, GError **err)
{
    g_auto(GStrv) ways = param_list(spec->params, "login_ways");
    struct device *bus, *port;

    (void)err;
    if (!g_strv_contains((const char *const *)ways, MACHINE_AGENT_WAY))
        return 0;
    bus = device_plug(board, &device_port_bus, BUS);
    device_set(bus->travels, "model", "virtio-serial-pci");
    port = device_plug(bus, &device_agent, PORT);
    device_set(port->travels, "model", "virtserialport");
    device_set(port->travels, "bus", BUS ".0");
    device_set(port->travels, "name", MACHINE_AGENT_PORT);
    device_set_int(port->local, "fd", spec->agent_fd);
    return 0;
}

static void bus_to_parts(const struct device *bus, GPtrArray *parts)
{
    part_add(parts, PART_DEVICE, device_get(bus->travels, "model"), bus->id, NULL);
}

static void agent_to_parts(const struct device *port, GPtrArray *parts)
{
    g_autofree char *id = g_strdup_printf("%s-socket", port->id);
    g_autofree char *fd = g_strdup_printf("%d", (int)device_get_int(port->local, "fd"));
    json_t *device;

    json_object_set_new(part_add(parts, PART_CHARDEV, "socket", id, NULL), "addr",
                        json_pack("{s:s, s:{s:s}}", "type", "fd", "data", "str", fd));
    device = part_add(parts, PART_DEVICE, device_get(port->travels, "model"), port->id, NULL);
    device_set(device, "bus", device_get(port->travels, "bus"));
    device_set(device, "chardev", id);
    device_set(device, "name", device_get(port->travels, "name"));
}

bool machine_has_agent(const struct device *board)
{
    return device_find((struct device *)board, device_agent.name, PORT) != NULL;
}

static int bus_to_xml(const struct device *bus, struct domain *domain, GError **err)
{
    struct xml *controller =
        xml_set(xml_add(domain->devices, "controller"), "type", "virtio-serial");

    (void)err;
    domain_name(xml_set(controller, "index", "0"), bus);
    return 0;
}

const struct device_kind device_port_bus = {
    .name = "port bus", .build = build, .to_parts = bus_to_parts, .to_xml = bus_to_xml};
static int agent_to_xml(const struct device *port, struct domain *domain, GError **err)
{
    struct xml *channel = xml_set(xml_add(domain->devices, "channel"), "type", "unix");

    (void)err;
    xml_set(xml_set(xml_add(channel, "source"), "mode", "connect"), "path", domain->spec->agent);
    xml_set(xml_set(xml_add(channel, "target"), "type", "virtio"), "name",
            device_get(port->travels, "name"));
    domain_name(channel, port);
    return 0;
}

const struct device_kind device_agent = {
    .name = "agent", .to_parts = agent_to_parts, .to_xml = agent_to_xml};
