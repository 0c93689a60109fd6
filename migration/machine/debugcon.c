/* The debug console, to which SeaBIOS and OVMF print. QEMU keeps the last of it in memory, so that
 * a guest that prints there for ever fills no disk. A guest that boots from its disks has one, too,
 * so that it is known what the firmware makes of them (guest/firmware.h). */
#include "migration/machine/device.h"
#include "migration/machine/domain_part.h"
#include "migration/params.h"

#define PORT 0x402

static int build(struct device *board, const struct machine_spec *spec, GError **err)
{
    bool is_wanted, is_minded;

    if (param_bool(spec->params, "enable_debugcon", &is_wanted, err) < 0 ||
        param_bool(spec->params, "image_verify_bootable", &is_minded, err) < 0)
        return -1;
    if (is_wanted || (is_minded && spec->boot->kernel == NULL && spec->boot->firmware == NULL))
        device_set(device_plug(board, &device_debugcon, MACHINE_DEBUGCON)->travels, "model",
                   "isa-debugcon");
    return 0;
}

static void to_parts(const struct device *debugcon, GPtrArray *parts)
{
    json_t *device;

    device_set_int(part_add(parts, PART_CHARDEV, "ringbuf", debugcon->id, NULL), "size",
                   MACHINE_DEBUGCON_BYTES);
    device = part_add(parts, PART_DEVICE, device_get(debugcon->travels, "model"), NULL, NULL);
    device_set(device, "chardev", debugcon->id);
    device_set_int(device, "iobase", PORT);
}

static int to_xml(const struct device *debugcon, struct domain *domain, GError **err)
{
    return domain_say_device(domain, debugcon, WORD_DEBUGCON, err);
}

const struct device_kind device_debugcon = {
    .name = "debugcon", .build = build, .to_parts = to_parts, .to_xml = to_xml};
