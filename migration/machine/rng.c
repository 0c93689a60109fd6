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

static void to_parts(const struct device *rng, GPtrArray *parts)
{
    const char *source = device_get(rng->local, "source");
    json_t *device;

    part_add(parts, PART_OBJECT, "rng-builtin", source, NULL);
    device = part_add(parts, PART_DEVICE, device_get(rng->travels, "model"), rng->id, NULL);
    device_set(device, "rng", source);
}

const struct device_kind device_rng = {.name = "rng", .build = build, .to_parts = to_parts};
