/* The board: machine type, and what runs its CPUs. */
#include "migration/machine/device.h"
#include "migration/params.h"

static int build(struct device *board, const struct machine_spec *spec, GError **err)
{
    (void)err;
    device_set(board->travels, "type", spec->platform->machine);
    device_set(board->travels, "accelerator", spec->platform->kvm ? "kvm" : "tcg");
    device_set(board->travels, "extra", param_text(spec->params, "machine_type_extra_params"));
    return 0;
}

static void to_qemu(const struct device *board, GPtrArray *line)
{
    qemu_line_option(line, "-machine", "%s,accel=%s%s", device_get(board->travels, "type"),
                     device_get(board->travels, "accelerator"), device_tail(board->travels));
}

const struct device_kind device_board = {.name = "board", .build = build, .to_qemu = to_qemu};
