#include "migration/vm/qemu_cmdline.h"

/* What is no part of the machine: the process, its screen that is none, and the driver's way in. */
static void add_process(GPtrArray *line, const struct qemu_cmdline *in)
{
    qemu_line_word(line, in->binary);
    if (in->board != NULL) {
        g_autofree char *name = qemu_line_quote(in->board->id);

        qemu_line_option(line, "-name", "%s,debug-threads=on", name);
    }
    if (in->board == NULL || !device_get_bool(in->board->travels, "defaults"))
        qemu_line_word(line, "-nodefaults");
    qemu_line_word(line, "-no-user-config");
    qemu_line_option(line, "-display", "none");
    qemu_line_option(line, "-vga", "none");
    if (in->board == NULL || !device_get_bool(in->board->local, "runs"))
        qemu_line_word(line, "-S");
    qemu_line_option(line, "-chardev", "socket,id=qmp,fd=%d", in->qmp_fd);
    qemu_line_option(line, "-mon", "chardev=qmp,mode=control");
}

static void add_parts(GPtrArray *line, const struct device *device)
{
    g_autoptr(GPtrArray) parts = parts_new();

    device_add_parts(device, parts);
    for (unsigned i = 0; i < parts->len; i++)
        part_to_line(g_ptr_array_index(parts, i), line);
}

static void add_devices(GPtrArray *line, const struct device *device)
{
    if (device->kind->to_parts != NULL)
        add_parts(line, device);
    else
        device->kind->to_qemu(device, line);
    for (unsigned i = 0; i < device->children->len; i++)
        add_devices(line, g_ptr_array_index(device->children, i));
}

GStrv qemu_cmdline_build(const struct qemu_cmdline *input)
{
    GPtrArray *line = g_ptr_array_new();

    add_process(line, input);
    if (input->board != NULL) {
        add_devices(line, input->board);
    } else {
        qemu_line_option(line, "-machine", "none,accel=%s", input->accel);
        qemu_line_option(line, "-incoming", "defer"); /* a destination can refuse more */
    }
    g_ptr_array_add(line, NULL);
    return (GStrv)g_ptr_array_free(line, FALSE);
}
