/* Network cards. What a card is travels; what it is connected to is a host's own. */
#include "migration/machine/device.h"
#include "migration/params.h"

#include <string.h>

/* The first card carries the forwarded port; each has a network of its own behind it. */
static int add(struct device *board, const struct machine_spec *spec, const char *name,
               unsigned index, GError **err)
{
    g_autoptr(params) own = params_object_params(spec->params, name);
    const char *type = param_text(own, "nettype");
    g_autofree char *subnet = g_strdup_printf("10.0.%u.0/24", index + 2);
    g_autofree char *netdev = g_strdup_printf("net%u", index);
    struct device *nic;

    if (strcmp(type, "user") != 0) {
        g_set_error(err, VM_ERROR, VM_ERROR_UNSUPPORTED,
                    "nettype = %s (of %s) is not supported yet: only user is", type, name);
        return -1;
    }
    nic = device_plug(board, &device_nic, name);
    device_set(nic->travels, "model", param_text(own, "nic_model"));
    device_set(nic->travels, "mac", param_text(own, "mac"));
    device_set(nic->travels, "extra", param_text(own, "nic_extra_params"));
    device_set(nic->local, "network", type);
    device_set(nic->local, "netdev", netdev);
    if (index == 0)
        device_set_int(nic->local, "forwarded_port", GUEST_SSH_PORT);
    else
        device_set(nic->local, "subnet", subnet);
    device_set(nic->local, "extra", param_text(own, "netdev_extra_params"));
    return 0;
}

static int build(struct device *board, const struct machine_spec *spec, GError **err)
{
    g_auto(GStrv) names = param_list(spec->params, "nics");

    if (!spec->boot->network)
        return 0;
    for (unsigned i = 0; names[i] != NULL; i++)
        if (add(board, spec, names[i], i, err) < 0)
            return -1;
    return 0;
}

static const char *qemu_model(const char *model)
{
    return strcmp(model, "virtio") == 0 ? "virtio-net-pci" : model;
}

static json_t *forwarding(const struct device *nic)
{
    g_autofree char *rule =
        g_strdup_printf("tcp:127.0.0.1:0-:%d", (int)device_get_int(nic->local, "forwarded_port"));

    return json_pack("[{s:s}]", "str", rule);
}

static void to_parts(const struct device *nic, GPtrArray *parts)
{
    const char *netdev = device_get(nic->local, "netdev");
    const char *subnet = device_get(nic->local, "subnet");
    json_t *network, *card;

    network = part_add(parts, PART_NETDEV, "user", netdev, device_get(nic->local, "extra"));
    if (subnet != NULL)
        device_set(network, "net", subnet);
    else
        json_object_set_new(network, "hostfwd", forwarding(nic));
    card = part_add(parts, PART_DEVICE, qemu_model(device_get(nic->travels, "model")), nic->id,
                    device_get(nic->travels, "extra"));
    device_set(card, "netdev", netdev);
    device_set(card, "romfile", "");
    device_set(card, "mac", device_get(nic->travels, "mac"));
}

const struct device_kind device_nic = {.name = "nic", .build = build, .to_parts = to_parts};
