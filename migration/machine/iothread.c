/* Threads of QEMU's beside its own, which devices can be given to. */
#include "migration/machine/device.h"
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

const struct device_kind device_iothread = {
    .name = "iothread", .build = build, .to_parts = to_parts};
