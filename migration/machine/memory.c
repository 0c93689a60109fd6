#include "migration/machine/device.h"

static int build(struct device *board, const struct machine_spec *spec, GError **err)
{
    struct device *memory = device_plug(board, &device_memory, "memory");

    (void)err;
    device_set_int(memory->travels, "bytes", (int64_t)spec->platform->ram_bytes);
    return 0;
}

static void to_qemu(const struct device *memory, GPtrArray *line)
{
    qemu_line_option(line, "-m", "%" G_GINT64_FORMAT "k",
                     device_get_int(memory->travels, "bytes") / 1024);
}

const struct device_kind device_memory = {.name = "memory", .build = build, .to_qemu = to_qemu};
