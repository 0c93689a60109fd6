/* How the guest comes into the machine: it boots here, or arrives by a migration. Of one machine
 * the two ends differ in nothing else that is not a path, a port or a descriptor. */
#include "migration/machine/device.h"
#include "migration/machine/domain_part.h"

#include <string.h>

static int build(struct device *board, const struct machine_spec *spec, GError **err)
{
    struct device *entry = device_plug(board, &device_entry, "entry");

    (void)err;
    device_set(entry->local, "by", spec->incoming ? "migration" : "boot");
    device_set(entry->local, "uri", spec->incoming ? spec->incoming_uri : NULL);
    return 0;
}

static void to_qemu(const struct device *entry, GPtrArray *line)
{
    const char *uri = device_get(entry->local, "uri");

    if (strcmp(device_get(entry->local, "by"), "migration") == 0)
        qemu_line_option(line, "-incoming", "%s", uri != NULL ? uri : "defer");
}

/* libvirt's own affair. */
static int to_xml(const struct device *entry, struct domain *domain, GError **err)
{
    (void)entry;
    (void)domain;
    (void)err;
    return 0;
}

const struct device_kind device_entry = {
    .name = "entry", .build = build, .to_qemu = to_qemu, .to_xml = to_xml};
