/* By which a guest tells that it panics. */
#include "migration/machine/device.h"
#include "migration/machine/domain_part.h"

static int build(struct device *board, const struct machine_spec *spec, GError **err)
{
    (void)err;
    if (spec->platform->pvpanic)
        device_set(device_plug(board, &device_panic, "panic0")->travels, "model", "pvpanic");
    return 0;
}

static void to_parts(const struct device *panic, GPtrArray *parts)
{
    part_add(parts, PART_DEVICE, device_get(panic->travels, "model"), NULL, NULL);
}

static int to_xml(const struct device *panic, struct domain *domain, GError **err)
{
    (void)panic;
    (void)err;
    xml_set(xml_add(domain->devices, "panic"), "model", "isa");
    return 0;
}

const struct device_kind device_panic = {
    .name = "panic", .build = build, .to_parts = to_parts, .to_xml = to_xml};
