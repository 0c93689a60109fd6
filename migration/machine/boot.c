/* What the guest boots from. Where its files lie is a host's own affair. */
#include "migration/machine/device.h"

static const struct {
    const char *name, *option;
} files[] = {{"firmware", "-bios"}, {"kernel", "-kernel"}, {"initrd", "-initrd"}};

static int build(struct device *board, const struct machine_spec *spec, GError **err)
{
    const struct vm_boot *from = spec->boot;
    struct device *boot = device_plug(board, &device_boot, "boot");

    (void)err;
    device_set(boot->travels, "append", from->append);
    device_set(boot->local, "firmware", from->firmware);
    device_set(boot->local, "kernel", from->kernel);
    device_set(boot->local, "initrd", from->initrd);
    return 0;
}

static void to_qemu(const struct device *boot, GPtrArray *line)
{
    const char *append = device_get(boot->travels, "append");

    for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
        const char *path = device_get(boot->local, files[i].name);

        if (path != NULL)
            qemu_line_option(line, files[i].option, "%s", path);
    }
    if (append != NULL)
        qemu_line_option(line, "-append", "%s", append);
}

const struct device_kind device_boot = {.name = "boot", .build = build, .to_qemu = to_qemu};
