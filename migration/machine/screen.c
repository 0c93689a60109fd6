/*
 * Who can look at the guest's screen: a host's own affair. For VNC QEMU looks itself for a port
 * that is free, so that VMs of two jobs do not meet; for SPICE the driver claims one.
 */
#include "migration/machine/device.h"
#include "migration/params.h"

#include <string.h>

#define VNC_PORT 5900 /* of display 0 */
#define VNC_LAST 6100

/* "disable-ticketing" is a switch that is on. */
static char *spice_options(const struct params *params)
{
    g_auto(GStrv) words = g_strsplit(param_text(params, "spice"), ",", -1);
    GString *options = g_string_new(NULL);

    for (char **word = words; *word != NULL; word++)
        if (*g_strstrip(*word) != '\0')
            g_string_append_printf(options, ",%s%s", *word, strchr(*word, '=') ? "" : "=on");
    g_string_append_printf(
        options, ",seamless-migration=%s",
        strcmp(param_text(params, "spice_seamless_migration"), "yes") == 0 ? "on" : "off");
    return g_string_free(options, FALSE);
}

static int build(struct device *board, const struct machine_spec *spec, GError **err)
{
    const char *display = param_text(spec->params, "display");
    struct device *screen = device_plug(board, &device_screen, "screen");

    (void)err;
    device_set(screen->local, "display", display);
    if (strcmp(display, "spice") == 0) {
        g_autofree char *options = spice_options(spec->params);

        device_set_int(screen->local, "port",
                       spec->spice_port != 0 ? spec->spice_port : MACHINE_SPICE_LOW);
        device_set(screen->local, "options", options);
    }
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
    else if (strcmp(display, "spice") == 0)
        qemu_line_option(line, "-spice", "addr=127.0.0.1,port=%d%s",
                         (int)device_get_int(screen->local, "port"),
                         device_get(screen->local, "options"));
    else
        qemu_line_option(line, "-display", "%s", display);
}

const struct device_kind device_screen = {.name = "screen", .build = build, .to_qemu = to_qemu};
