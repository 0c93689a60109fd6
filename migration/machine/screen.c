/*
 * Who can look at the guest's screen: a host's own affair. QEMU looks itself for a port that is
 * free, so that VMs of two jobs do not meet.
 */
#include "migration/machine/device.h"
#include "migration/params.h"

#include <string.h>

#define VNC_PORT 5900 /* of display 0 */
#define VNC_LAST 6100

static int build(struct device *board, const struct machine_spec *spec, GError **err)
{
    (void)err;
    device_set(device_plug(board, &device_screen, "screen")->local, "display",
               param_text(spec->params, "display"));
    return 0;
}

static void to_qemu(const struct device *screen, GPtrArray *line)
{
    const char *display = device_get(screen->local, "display");

    /* nographic: no screen; serial lines and monitors are the node's anyway. */
    if (strcmp(display, "none") == 0 || strcmp(display, "nographic") == 0)
        return;
    if (strcmp(display, "vnc") == 0)
        qemu_line_option(line, "-vnc", "127.0.0.1:0,to=%d", VNC_LAST - VNC_PORT);
    else
        qemu_line_option(line, "-display", "%s", display);
}

const struct device_kind device_screen = {.name = "screen", .build = build, .to_qemu = to_qemu};
