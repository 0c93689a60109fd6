/* By what the guest knows its machine again. */
#include "migration/machine/device.h"
#include "migration/machine/domain_part.h"
#include "migration/params.h"

#include <string.h>

static int build(struct device *board, const struct machine_spec *spec, GError **err)
{
    const char *uuid = param_text(spec->params, "uuid");

    if (uuid == NULL)
        return 0;
    if (strcmp(uuid, "random") == 0) {
        g_set_error(err, VM_ERROR, VM_ERROR_UNSUPPORTED,
                    "uuid = random: the two ends of a migration would not agree");
        return -1;
    }
    device_set(device_plug(board, &device_identity, "identity")->travels, "uuid", uuid);
    return 0;
}

static void to_qemu(const struct device *identity, GPtrArray *line)
{
    qemu_line_option(line, "-uuid", "%s", device_get(identity->travels, "uuid"));
}

static int to_xml(const struct device *identity, struct domain *domain, GError **err)
{
    (void)err;
    xml_text(xml_get(domain->root, "uuid"), device_get(identity->travels, "uuid"));
    return 0;
}

const struct device_kind device_identity = {
    .name = "identity", .build = build, .to_qemu = to_qemu, .to_xml = to_xml};
