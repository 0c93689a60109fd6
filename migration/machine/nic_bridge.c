/* A card on a bridge of the host: by a tap, whose descriptors are made before the hypervisor
 * (vm/net.h) and have the numbers that are given here. */
#include "migration/machine/nic.h"
#include "migration/params.h"
#include "sync/child.h"

#include <string.h>

static int take_fds(struct device *nic, struct nic_building *building, const char *name,
                    GError **err)
{
    int n = (int)nic_queues(nic);

    if (building->next_fd + n > CHILD_FD_MAX) {
        g_set_error(err, CFG_ERROR, CFG_ERROR_PARAM_VALUE,
                    "nics: %s of %s has too many cards and queues in all", nic->id,
                    building->spec->name);
        return -1;
    }
    device_set_int(nic->local, name, building->next_fd);
    building->next_fd += n;
    return 0;
}

static int build(struct device *nic, struct nic_building *building, GError **err)
{
    const char *vhost = param_text(building->card, "vhost");
    bool force, by_fd;

    if (param_bool(building->card, "vhostforce", &force, err) < 0 ||
        param_bool(building->card, "enable_vhostfd", &by_fd, err) < 0)
        return -1;
    device_set(nic->local, "bridge", param_text(building->card, "netdst"));
    if (take_fds(nic, building, "fd", err) < 0)
        return -1;
    if (strcmp(vhost, "no") == 0)
        return 0;
    device_set_bool(nic->local, "vhost", true);
    if (force || strcmp(vhost, "force") == 0)
        device_set_bool(nic->local, "vhostforce", true);
    return by_fd ? take_fds(nic, building, "vhost_fd", err) : 0;
}

/* "fd", "32", or "fds", "32:33". */
static void set_fds(json_t *netdev, const char *key, int64_t first, unsigned n)
{
    g_autofree char *several = g_strconcat(key, "s", NULL);
    g_autoptr(GString) numbers = g_string_new(NULL);

    if (first == 0)
        return;
    for (unsigned i = 0; i < n; i++)
        g_string_append_printf(numbers, "%s%d", i > 0 ? ":" : "", (int)first + (int)i);
    device_set(netdev, n > 1 ? several : key, numbers->str);
}

static void to_parts(const struct device *nic, GPtrArray *parts)
{
    unsigned n = nic_queues(nic);
    json_t *network = part_add(parts, PART_NETDEV, "tap", device_get(nic->local, "netdev"),
                               device_get(nic->local, "extra"));

    set_fds(network, "fd", device_get_int(nic->local, "fd"), n);
    if (!device_get_bool(nic->local, "vhost"))
        return;
    device_set_bool(network, "vhost", true);
    if (device_get_bool(nic->local, "vhostforce"))
        device_set_bool(network, "vhostforce", true);
    set_fds(network, "vhostfd", device_get_int(nic->local, "vhost_fd"), n);
}

/* libvirt makes the tap, and takes the kernel's help wherever it is if nothing is said of it. */
static int to_xml(const struct device *nic, struct xml *card, GError **err)
{
    bool is_virtio = g_str_has_prefix(device_get(nic->travels, "model"), "virtio");
    bool by_kernel = device_get_bool(nic->local, "vhost");

    if (device_get(nic->local, "extra") != NULL)
        return domain_refuse(nic, err,
                             "netdev_extra_params of a card on a bridge, whose netdev "
                             "is libvirt's own");
    if (device_get_bool(nic->local, "vhostforce"))
        return domain_refuse(nic, err, "vhostforce: libvirt does not force it");
    xml_set(card, "type", "bridge");
    xml_set(xml_add(card, "source"), "bridge", device_get(nic->local, "bridge"));
    if (is_virtio)
        xml_set(xml_get(card, "driver"), "name", by_kernel ? "vhost" : "qemu");
    return 0;
}

const struct nic_network nic_bridge = {
    .nettype = "bridge", .build = build, .to_parts = to_parts, .to_xml = to_xml};
