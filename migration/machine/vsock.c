/* Sockets between the guest and its host. The guest's number (CID) is the host's to give: two VMs
 * of one kernel cannot have the same, so it is no part of what travels; a guest is told of another
 * when it comes. */
#include "migration/machine/device.h"
#include "migration/machine/domain_part.h"
#include "migration/params.h"

#define FIRST_CID 3 /* below are the host's own */

/* One for each end and VM of a host, as far as can be told without looking. */
static int64_t own_cid(const struct machine_spec *spec, const char *name)
{
    g_autofree char *text =
        g_strdup_printf("%s %s %d %d", spec->name, name, spec->incoming, (int)spec->node);

    return FIRST_CID + (int64_t)(g_str_hash(text) % (G_MAXINT32 - FIRST_CID));
}

static int build(struct device *board, const struct machine_spec *spec, GError **err)
{
    g_auto(GStrv) names = param_list(spec->params, "vsocks");

    for (char **name = names; *name != NULL; name++) {
        g_autoptr(params) own = params_object_params(spec->params, *name);
        struct device *vsock = device_plug(board, &device_vsock, *name);
        int64_t cid;

        if (param_int(own, "guest_cid", &cid, err) < 0)
            return -1;
        device_set(vsock->travels, "model", "vhost-vsock-pci");
        device_set_int(vsock->local, "cid", cid > 0 ? cid : own_cid(spec, *name));
    }
    return 0;
}

static void to_parts(const struct device *vsock, GPtrArray *parts)
{
    json_t *device =
        part_add(parts, PART_DEVICE, device_get(vsock->travels, "model"), vsock->id, NULL);

    device_set_int(device, "guest-cid", device_get_int(vsock->local, "cid"));
}

static int to_xml(const struct device *vsock, struct domain *domain, GError **err)
{
    struct xml *element;

    if (device_of_kind(domain->board, &device_vsock) != vsock)
        return domain_refuse(vsock, err, "a domain has one vsock at most");
    element = xml_set(xml_add(domain->devices, "vsock"), "model", "virtio");
    xml_set_int(xml_set(xml_add(element, "cid"), "auto", "no"), "address",
                device_get_int(vsock->local, "cid"));
    domain_name(element, vsock);
    return 0;
}

const struct device_kind device_vsock = {
    .name = "vsock", .build = build, .to_parts = to_parts, .to_xml = to_xml};
