/* Threads of QEMU's beside its own, which devices can be given to. */
#include "migration/machine/device.h"
#include "migration/machine/domain_part.h"
#include "migration/params.h"

static int build(struct device *board, const struct machine_spec *spec, GError **err)
{
    g_auto(GStrv) names = param_list(spec->params, "iothreads");

    for (char **name = names; *name != NULL; name++) {
        if (param_check_word("iothreads", *name, err) < 0)
            return -1;
        device_plug(board, &device_iothread, *name);
    }
    return 0;
}

static void to_parts(const struct device *thread, GPtrArray *parts)
{
    part_add(parts, PART_OBJECT, "iothread", thread->id, NULL);
}

/* They have numbers there, from 1 on. */
static int to_xml(const struct device *thread, struct domain *domain, GError **err)
{
    unsigned id = domain_number(domain, NUMBER_IOTHREAD, thread) + 1;

    (void)err;
    xml_text_int(xml_get(domain->root, "iothreads"), id);
    xml_set_int(xml_add(xml_get(domain->root, "iothreadids"), "iothread"), "id", id);
    return 0;
}

const struct device_kind device_iothread = {
    .name = "iothread", .build = build, .to_parts = to_parts, .to_xml = to_xml};
