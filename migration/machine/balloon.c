/* A memory balloon. */
#include "migration/machine/device.h"
#include "migration/machine/domain_part.h"
#include "migration/params.h"

static int build(struct device *board, const struct machine_spec *spec, GError **err)
{
    const char *id = param_text(spec->params, "balloon_dev_devid");
    struct device *balloon;
    bool deflates, reports;

    if (param_bool(spec->params, "balloon_opt_deflate_on_oom", &deflates, err) < 0 ||
        param_bool(spec->params, "balloon_opt_free_page_reporting", &reports, err) < 0)
        return -1;
    if (id == NULL)
        return 0;
    balloon = device_plug(board, &device_balloon, id);
    device_set(balloon->travels, "model", "virtio-balloon-pci");
    if (deflates)
        device_set_bool(balloon->travels, "deflate-on-oom", true);
    if (reports)
        device_set_bool(balloon->travels, "free-page-reporting", true);
    return 0;
}

static void to_parts(const struct device *balloon, GPtrArray *parts)
{
    static const char *const switches[] = {"deflate-on-oom", "free-page-reporting"};
    json_t *device =
        part_add(parts, PART_DEVICE, device_get(balloon->travels, "model"), balloon->id, NULL);

    for (size_t i = 0; i < G_N_ELEMENTS(switches); i++)
        if (device_get_bool(balloon->travels, switches[i]))
            device_set_bool(device, switches[i], true);
}

static int to_xml(const struct device *balloon, struct domain *domain, GError **err)
{
    struct xml *element = xml_set(xml_add(domain->devices, "memballoon"), "model", "virtio");

    (void)err;
    if (device_get_bool(balloon->travels, "deflate-on-oom"))
        xml_set(element, "autodeflate", "on");
    if (device_get_bool(balloon->travels, "free-page-reporting"))
        xml_set(element, "freePageReporting", "on");
    domain_name(element, balloon);
    return 0;
}

const struct device_kind device_balloon = {
    .name = "balloon", .build = build, .to_parts = to_parts, .to_xml = to_xml};
