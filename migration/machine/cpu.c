/* The model of the CPUs. How many there are, and how they hang together: topology.c. */
#include "migration/machine/device.h"

static int build(struct device *board, const struct machine_spec *spec, GError **err)
{
    struct device *cpu = device_plug(board, &device_cpu, "cpu");

    (void)err;
    device_set(cpu->travels, "model", spec->platform->cpu);
    return 0;
}

static void to_qemu(const struct device *cpu, GPtrArray *line)
{
    qemu_line_option(line, "-cpu", "%s", device_get(cpu->travels, "model"));
}

const struct device_kind device_cpu = {.name = "cpu", .build = build, .to_qemu = to_qemu};
