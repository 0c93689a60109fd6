/* The user network: in the hypervisor's process, with a network of its own for each card. The first
 * of these cards carries the forwarded ports. */
#include "migration/machine/nic.h"
#include "migration/params.h"

#include <string.h>

static bool has_port(const json_t *ports, int64_t port)
{
    const json_t *known;
    size_t i;

    json_array_foreach ((json_t *)ports, i, known)
        if (json_integer_value(known) == port)
            return true;
    return false;
}

static int add_forwards(struct device *nic, const struct params *vm, GError **err)
{
    g_auto(GStrv) names = param_list(vm, "redirs");
    json_t *ports = json_array();

    json_object_set_new(nic->local, "forwards", ports);
    for (char **name = names; *name != NULL; name++) {
        g_autoptr(params) own = params_object_params(vm, *name);
        int64_t port;

        if (param_int(own, "guest_port", &port, err) < 0)
            return -1;
        if (!has_port(ports, port))
            json_array_append_new(ports, json_integer(port));
    }
    return 0;
}

/* A range of the host's ports is tried when the hypervisor runs: nothing of it is known before. */
static void set_ports(struct device *nic, const struct params *vm)
{
    uint16_t low = 0, high = 0;

    param_ports_read(param_text(vm, "redir_ports"), &low, &high);
    if (low == 0)
        return;
    device_set_int(nic->local, "low_port", low);
    device_set_int(nic->local, "high_port", high);
}

static bool has_bridge(const struct params *vm)
{
    g_auto(GStrv) names = param_list(vm, "nics");
    bool found = false;

    for (char **name = names; *name != NULL && !found; name++) {
        g_autoptr(params) card = params_object_params(vm, *name);
        found = nic_is_on_bridge(card);
    }
    return found;
}

/* Whoever says which bridge, or an address on it, believes that the guest is there. A VM with
 * another card may mean that one. */
static int check_meant(const struct device *nic, const struct nic_building *building, GError **err)
{
    const char *usual = param_info("netdst")->fallback;
    const char *bridge = param_text(building->card, "netdst");
    const char *ip = param_text(building->card, "ip");

    if ((strcmp(bridge, usual) == 0 && ip == NULL) || has_bridge(building->spec->params))
        return 0;
    g_set_error(err, VM_ERROR, VM_ERROR_UNSUPPORTED,
                "%s = %s of %s is not supported: the card is on the user network; nettype = bridge "
                "has it on a bridge",
                ip != NULL ? "ip" : "netdst", ip != NULL ? ip : bridge, nic->id);
    return -1;
}

static int build(struct device *nic, struct nic_building *building, GError **err)
{
    const char *vhost = param_text(building->card, "vhost");

    if (nic_queues(nic) > 1 || strcmp(vhost, "no") != 0) {
        g_set_error(err, VM_ERROR, VM_ERROR_UNSUPPORTED,
                    "%s of %s is not supported: the user network has neither; nettype = bridge has",
                    nic_queues(nic) > 1 ? "queues" : "vhost", nic->id);
        return -1;
    }
    if (strcmp(param_text(building->spec->params, "ip_version"), "ipv4") != 0) {
        g_set_error(err, VM_ERROR, VM_ERROR_UNSUPPORTED,
                    "ip_version = ipv6 is not supported: the user network (%s) forwards to IPv4",
                    nic->id);
        return -1;
    }
    if (check_meant(nic, building, err) < 0)
        return -1;
    if (building->index > 0) {
        g_autofree char *subnet = g_strdup_printf("10.0.%u.0/24", building->index + 2);
        device_set(nic->local, "subnet", subnet);
    }
    if (building->has_forwards)
        return 0;
    building->has_forwards = true;
    set_ports(nic, building->spec->params);
    return add_forwards(nic, building->spec->params, err);
}

static json_t *rules_of(const json_t *ports)
{
    json_t *rules = json_array();
    const json_t *port;
    size_t i;

    json_array_foreach ((json_t *)ports, i, port) {
        g_autofree char *rule =
            g_strdup_printf("tcp:127.0.0.1:0-:%d", (int)json_integer_value(port));
        json_array_append_new(rules, json_pack("{s:s}", "str", rule));
    }
    return rules;
}

static void to_parts(const struct device *nic, GPtrArray *parts)
{
    const json_t *ports = json_object_get(nic->local, "forwards");
    json_t *network = part_add(parts, PART_NETDEV, "user", device_get(nic->local, "netdev"),
                               device_get(nic->local, "extra"));

    device_set(network, "net", device_get(nic->local, "subnet"));
    if (json_array_size(ports) > 0 && device_get_int(nic->local, "low_port") == 0)
        json_object_set_new(network, "hostfwd", rules_of(ports));
}

static bool is_past_libvirt(const struct device *nic)
{
    return json_object_get(nic->local, "forwards") != NULL ||
           device_get(nic->local, "extra") != NULL;
}

static int to_xml(const struct device *nic, struct xml *card, GError **err)
{
    const char *subnet = device_get(nic->local, "subnet");
    g_auto(GStrv) halves = subnet != NULL ? g_strsplit(subnet, "/", 2) : NULL;
    struct xml *ip;

    (void)err;
    xml_set(card, "type", "user");
    if (halves == NULL)
        return 0;
    ip = xml_set(xml_add(card, "ip"), "family", "ipv4");
    xml_set(xml_set(ip, "address", halves[0]), "prefix", halves[1]);
    return 0;
}

const struct nic_network nic_user = {.nettype = "user",
                                     .build = build,
                                     .to_parts = to_parts,
                                     .is_past_libvirt = is_past_libvirt,
                                     .to_xml = to_xml};
