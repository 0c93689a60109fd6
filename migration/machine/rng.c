/* A random number generator, fed by the hypervisor itself. */
#include "migration/machine/device.h"

static int build(struct device *board, const struct machine_spec *spec, GError **err)
{
    struct device *rng;

    (void)err;
    if (!spec->boot->entropy)
        return 0;
    rng = device_plug(board, &device_rng, "rng0");
    device_set(rng->travels, "model", "virtio-rng-pci");
    device_set(rng->local, "source", "entropy0");
    return 0;
}

static void to_qemu(const struct device *rng, GPtrArray *line)
{
    const char *source = device_get(rng->local, "source");

    qemu_line_option(line, "-object", "rng-builtin,id=%s", source);
    qemu_line_option(line, "-device", "%s,id=%s,rng=%s", device_get(rng->travels, "model"), rng->id,
                     source);
}

const struct device_kind device_rng = {.name = "rng", .build = build, .to_qemu = to_qemu};
