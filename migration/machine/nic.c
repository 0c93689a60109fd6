/* Network cards. What a card is travels; what it is connected to is a host's own. */
#include "migration/machine/nic.h"

#include "migration/params.h"

#include <string.h>

static const struct nic_network *const networks[] = {&nic_user, &nic_bridge};

/* nettype = network is a bridge, too: that of a libvirt network. */
static const struct nic_network *find_network(const char *nettype)
{
    const char *name = strcmp(nettype, "network") == 0 ? "bridge" : nettype;

    for (size_t i = 0; i < G_N_ELEMENTS(networks); i++)
        if (strcmp(networks[i]->nettype, name) == 0)
            return networks[i];
    return NULL;
}

bool nic_is_on_bridge(const struct params *card)
{
    return find_network(param_text(card, "nettype")) == &nic_bridge;
}

static bool is_virtio(const struct device *nic)
{
    return g_str_has_prefix(device_get(nic->travels, "model"), "virtio");
}

unsigned nic_queues(const struct device *nic)
{
    return MAX((unsigned)device_get_int(nic->travels, "queues"), 1);
}

/* Several queues want a vector each for sending and receiving, and two more. */
static int add_queues(struct device *nic, const struct params *card, GError **err)
{
    int64_t queues, vectors;
    bool enough;

    if (param_int(card, "queues", &queues, err) < 0 ||
        param_int(card, "vectors", &vectors, err) < 0 ||
        param_bool(card, "enable_msix_vectors", &enough, err) < 0)
        return -1;
    if ((queues > 1 || vectors > 0) && !is_virtio(nic)) {
        g_set_error(err, VM_ERROR, VM_ERROR_UNSUPPORTED,
                    "%s of %s is not supported: only a virtio card has several queues and vectors "
                    "for them, and its nic_model is %s",
                    queues > 1 ? "queues" : "vectors", nic->id, device_get(nic->travels, "model"));
        return -1;
    }
    if (queues > 1)
        device_set_int(nic->travels, "queues", queues);
    if (vectors == 0 && queues > 1 && enough)
        vectors = 2 * queues + 2;
    if (vectors > 0)
        device_set_int(nic->travels, "vectors", vectors);
    return 0;
}

static int add(struct device *board, struct nic_building *building, const char *name, GError **err)
{
    const char *type = param_text(building->card, "nettype");
    const struct nic_network *network = find_network(type);
    g_autofree char *netdev = g_strdup_printf("net%u", building->index);
    struct device *nic;
    bool is_flexible;

    if (param_bool(building->spec->params, "flexible_nic_index", &is_flexible, err) < 0)
        return -1;
    if (network == NULL) {
        g_set_error(err, VM_ERROR, VM_ERROR_UNSUPPORTED,
                    "nettype = %s (of %s) is not supported yet", type, name);
        return -1;
    }
    nic = device_plug(board, &device_nic, name);
    device_set(nic->travels, "model", param_text(building->card, "nic_model"));
    device_set(nic->travels, "mac", param_text(building->card, "mac"));
    device_set(nic->travels, "ip", param_text(building->card, "ip"));
    if (strcmp(param_text(building->spec->params, "ip_version"), "ipv4") != 0)
        device_set(nic->travels, "ip_version", param_text(building->spec->params, "ip_version"));
    if (add_queues(nic, building->card, err) < 0)
        return -1;
    device_set(nic->travels, "extra", param_text(building->card, "nic_extra_params"));
    device_set(nic->local, "network", network->nettype);
    device_set(nic->local, "netdev", netdev);
    if (building->index == 0 && !is_flexible)
        device_set_bool(nic->local, "only", true); /* the guest is reached over no other card */
    if (network->build(nic, building, err) < 0)
        return -1;
    device_set(nic->local, "extra", param_text(building->card, "netdev_extra_params"));
    return 0;
}

static int build(struct device *board, const struct machine_spec *spec, GError **err)
{
    g_auto(GStrv) names = param_list(spec->params, "nics");
    g_auto(GStrv) later = param_list(spec->params, "plug_nic");
    struct nic_building building = {.spec = spec, .next_fd = spec->net_fd};

    if (!spec->boot->network)
        return 0;
    for (; names[building.index] != NULL; building.index++) {
        if (g_strv_contains((const char *const *)later, names[building.index]))
            continue;
        g_autoptr(params) card = params_object_params(spec->params, names[building.index]);

        building.card = card;
        if (add(board, &building, names[building.index], err) < 0)
            return -1;
    }
    return 0;
}

/* The first number behind those of the cards that are there. */
static int next_fd(const struct device *board, int first)
{
    for (unsigned i = 0; i < board->children->len; i++) {
        const struct device *nic = g_ptr_array_index(board->children, i);
        const char *const kinds[] = {"fd", "vhost_fd"};

        for (size_t k = 0; nic->kind == &device_nic && k < G_N_ELEMENTS(kinds); k++)
            if (device_get_int(nic->local, kinds[k]) > 0)
                first =
                    MAX(first, (int)device_get_int(nic->local, kinds[k]) + (int)nic_queues(nic));
    }
    return first;
}

/* The forwarded ports are of a card that is there from the beginning: by them a guest is reached
 * before anything is plugged into its VM. */
static int plug(struct device *board, const struct machine_spec *spec, const char *name,
                GError **err)
{
    g_auto(GStrv) names = param_list(spec->params, "nics");
    g_autoptr(params) card = params_object_params(spec->params, name);
    struct nic_building building = {
        .spec = spec, .card = card, .next_fd = next_fd(board, spec->net_fd), .has_forwards = true};

    while (names[building.index] != NULL && strcmp(names[building.index], name) != 0)
        building.index++;
    if (names[building.index] != NULL)
        return add(board, &building, name, err);
    g_set_error(err, CFG_ERROR, CFG_ERROR_PARAM_VALUE,
                "card %s cannot be plugged into %s: nics has none of that name", name, spec->name);
    return -1;
}

static const char *qemu_model(const char *model)
{
    return strcmp(model, "virtio") == 0 ? "virtio-net-pci" : model;
}

static void to_parts(const struct device *nic, GPtrArray *parts)
{
    json_t *card;

    find_network(device_get(nic->local, "network"))->to_parts(nic, parts);
    card = part_add(parts, PART_DEVICE, qemu_model(device_get(nic->travels, "model")), nic->id,
                    device_get(nic->travels, "extra"));
    device_set(card, "netdev", device_get(nic->local, "netdev"));
    device_set(card, "romfile", "");
    device_set(card, "mac", device_get(nic->travels, "mac"));
    if (nic_queues(nic) > 1)
        device_set_bool(card, "mq", true);
    if (device_get_int(nic->travels, "vectors") > 0)
        device_set_int(card, "vectors", device_get_int(nic->travels, "vectors"));
}

/* ---- as libvirt has it */

static const char *libvirt_model(const char *model)
{
    static const char *const names[][2] = {
        {"virtio-net-pci", "virtio"},
        {"virtio-net-pci-transitional", "virtio-transitional"},
        {"virtio-net-pci-non-transitional", "virtio-non-transitional"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
        if (strcmp(names[i][0], model) == 0)
            return names[i][1];
    return model;
}

/* A card with several queues has the vectors for them from libvirt. */
static int add_vectors(const struct device *nic, struct domain *domain, GError **err)
{
    int64_t vectors = device_get_int(nic->travels, "vectors");
    unsigned queues = nic_queues(nic);
    g_autofree char *tail = g_strdup_printf(",vectors=%d", (int)vectors);

    if (vectors == 0 && queues > 1)
        return domain_refuse(nic, err, "enable_msix_vectors = no: libvirt gives it vectors");
    if (vectors == 0 || (queues > 1 && vectors == 2 * (int64_t)queues + 2))
        return 0;
    return domain_set_properties(domain, nic, tail, err);
}

static int to_xml(const struct device *nic, struct domain *domain, GError **err)
{
    const struct nic_network *network = find_network(device_get(nic->local, "network"));
    const char *model = device_get(nic->travels, "model");
    struct xml *card;

    if (strcmp(model, "ne2k_isa") == 0)
        return domain_refuse(nic, err, "nic_model = ne2k_isa");
    if (network->is_past_libvirt != NULL && network->is_past_libvirt(nic))
        return domain_say_device(domain, nic, WORD_FORWARD, err);
    card = xml_add(domain->devices, "interface");
    if (network->to_xml(nic, card, err) < 0)
        return -1;
    if (device_get(nic->travels, "mac") != NULL)
        xml_set(xml_add(card, "mac"), "address", device_get(nic->travels, "mac"));
    xml_set(xml_add(card, "model"), "type", libvirt_model(model));
    xml_set(xml_add(card, "rom"), "enabled", "no");
    if (nic_queues(nic) > 1)
        xml_set_int(xml_get(card, "driver"), "queues", nic_queues(nic));
    domain_name(card, nic);
    if (add_vectors(nic, domain, err) < 0)
        return -1;
    return domain_set_properties(domain, nic, device_get(nic->travels, "extra"), err);
}

const char *domain_forward_netdev(const struct device *board)
{
    for (unsigned i = 0; i < board->children->len; i++) {
        const struct device *nic = g_ptr_array_index(board->children, i);

        if (nic->kind == &device_nic && json_object_get(nic->local, "forwards") != NULL)
            return device_get(nic->local, "netdev");
    }
    return NULL;
}

const struct device_kind device_nic = {
    .name = "nic", .build = build, .add = plug, .to_parts = to_parts, .to_xml = to_xml};
