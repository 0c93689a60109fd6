/* The serial port on which a guest is heard: the other end of its descriptor is the node's. */
#include "migration/machine/device.h"

static int build(struct device *board, const struct machine_spec *spec, GError **err)
{
    struct device *serial = device_plug(board, &device_serial, "serial0");

    (void)err;
    device_set_int(serial->local, "fd", spec->serial_fd);
    return 0;
}

static void to_qemu(const struct device *serial, GPtrArray *line)
{
    qemu_line_option(line, "-chardev", "socket,id=%s,fd=%d", serial->id,
                     (int)device_get_int(serial->local, "fd"));
    qemu_line_option(line, "-serial", "chardev:%s", serial->id);
}

const struct device_kind device_serial = {.name = "serial", .build = build, .to_qemu = to_qemu};
