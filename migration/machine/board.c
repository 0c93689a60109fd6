/* The board: machine type, and what runs its CPUs. */
#include "migration/machine/device.h"
#include "migration/params.h"

static int build(struct device *board, const struct machine_spec *spec, GError **err)
{
    bool survives, has_more, stops, by_monitor;

    if (param_bool(spec->params, "disable_shutdown", &survives, err) < 0 ||
        param_bool(spec->params, "defaults", &has_more, err) < 0 ||
        param_bool(spec->params, "qemu_stop", &stops, err) < 0 ||
        param_bool(spec->params, "qemu_preconfig", &by_monitor, err) < 0)
        return -1;
    /* A destination has nothing to run yet, and must not begin by itself. */
    if (!stops && !spec->incoming)
        device_set_bool(board->local, "runs", true);
    if (by_monitor)
        device_set_bool(board->local, "preconfig", true);
    if (survives)
        device_set_bool(board->travels, "no_shutdown", true);
    if (has_more)
        device_set_bool(board->travels, "defaults", true);
    device_set(board->travels, "type", spec->platform->machine);
    device_set(board->travels, "accelerator", spec->platform->kvm ? "kvm" : "tcg");
    device_set(board->travels, "extra", param_text(spec->params, "machine_type_extra_params"));
    return 0;
}

static void to_qemu(const struct device *board, GPtrArray *line)
{
    qemu_line_option(line, "-machine", "%s,accel=%s%s", device_get(board->travels, "type"),
                     device_get(board->travels, "accelerator"), device_tail(board->travels));
    if (device_get_bool(board->travels, "no_shutdown"))
        qemu_line_word(line, "-no-shutdown");
    if (device_get_bool(board->local, "preconfig"))
        qemu_line_word(line, "--preconfig");
}

const struct device_kind device_board = {.name = "board", .build = build, .to_qemu = to_qemu};
