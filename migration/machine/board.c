/* The board: machine type, and what runs its CPUs. */
#include "migration/machine/device.h"
#include "migration/machine/domain_part.h"
#include "migration/params.h"

#include <string.h>

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

static int to_xml(const struct device *board, struct domain *domain, GError **err)
{
    bool is_kvm = strcmp(device_get(board->travels, "accelerator"), "kvm") == 0;
    struct xml *os = xml_get(domain->root, "os");

    if (device_get_bool(board->local, "preconfig"))
        return domain_refuse(board, err, "qemu_preconfig = yes has QEMU wait for libvirt's doing");
    if (device_get_bool(board->travels, "defaults"))
        return domain_refuse(board, err,
                             "defaults = yes: libvirt starts QEMU without what QEMU "
                             "adds by itself");
    if (device_get_bool(board->travels, "no_shutdown"))
        return domain_refuse(board, err,
                             "disable_shutdown = yes: a domain whose guest powers off "
                             "is gone, or starts again");
    xml_set(domain->root, "type", is_kvm ? "kvm" : "qemu");
    xml_text(xml_set(xml_set(xml_get(os, "type"), "arch", "x86_64"), "machine",
                     device_get(board->travels, "type")),
             "hvm");
    if (device_get(board->travels, "extra") != NULL)
        qemu_line_option(domain_say(domain, WORD_BOARD), "-machine", "%s",
                         device_get(board->travels, "extra") + 1);
    return 0;
}

const struct device_kind device_board = {
    .name = "board", .build = build, .to_qemu = to_qemu, .to_xml = to_xml};
