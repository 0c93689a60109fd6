/*
 * Who can look at the guest's screen: a host's own affair. For VNC QEMU looks itself for a port
 * that is free, so that VMs of two jobs do not meet; for SPICE the driver claims one.
 */
#include "migration/machine/device.h"
#include "migration/machine/domain_part.h"
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

/* ",tls-port=8200,x509-dir=/etc/pki/spice,tls-channel=main", or "". Transfer full. */
static char *tls_options(const struct machine_spec *spec, GError **err)
{
    g_auto(GStrv) channels = param_list(spec->params, "spice_secure_channels");
    GString *options = g_string_new(NULL);
    const char *folder = param_text(spec->params, "spice_x509_prefix");
    g_autofree char *quoted = NULL;
    bool is_on;

    if (param_bool(spec->params, "spice_ssl", &is_on, err) < 0)
        return g_string_free(options, TRUE);
    if (!is_on)
        return g_string_free(options, FALSE);
    folder = folder != NULL ? folder : param_text(spec->params, "tls_dir");
    if (folder == NULL) {
        g_set_error(err, CFG_ERROR, CFG_ERROR_PARAM_MISSING,
                    "spice_ssl = yes needs spice_x509_prefix (or tls_dir), the folder with the "
                    "certificates on each host");
        return g_string_free(options, TRUE);
    }
    quoted = qemu_line_quote(folder);
    g_string_append_printf(options, ",tls-port=%d,x509-dir=%s",
                           spec->spice_tls_port != 0 ? spec->spice_tls_port : MACHINE_SPICE_TLS_LOW,
                           quoted);
    for (char **channel = channels; *channel != NULL; channel++)
        g_string_append_printf(options, ",tls-channel=%s", *channel);
    return g_string_free(options, FALSE);
}

static int build(struct device *board, const struct machine_spec *spec, GError **err)
{
    const char *display = param_text(spec->params, "display");
    struct device *screen = device_plug(board, &device_screen, "screen");

    device_set(screen->local, "display", display);
    if (strcmp(display, "sdl") == 0)
        device_set(screen->local, "x11", param_text(spec->params, "x11_display"));
    if (strcmp(display, "spice") == 0) {
        g_autofree char *plain = spice_options(spec->params);
        g_autofree char *tls = tls_options(spec, err);
        g_autofree char *options = tls != NULL ? g_strconcat(plain, tls, NULL) : NULL;

        if (options == NULL)
            return -1;
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

/* Of SPICE's options the last one counts, so that they can be said again. */
static int to_xml(const struct device *screen, struct domain *domain, GError **err)
{
    const char *display = device_get(screen->local, "display");
    struct xml *graphics;

    (void)err;
    if (strcmp(display, "none") == 0 || strcmp(display, "nographic") == 0)
        return 0;
    graphics = xml_set(xml_add(domain->devices, "graphics"), "type", display);
    if (strcmp(display, "sdl") == 0) {
        xml_set(graphics, "display", device_get(screen->local, "x11"));
        return 0;
    }
    xml_set(xml_set(xml_add(graphics, "listen"), "type", "address"), "address", "127.0.0.1");
    if (strcmp(display, "vnc") == 0) {
        xml_set(graphics, "autoport", "yes");
        return 0;
    }
    xml_set(xml_set_int(graphics, "port", device_get_int(screen->local, "port")), "autoport", "no");
    qemu_line_option(domain_say(domain, WORD_SPICE), "-spice", "%s",
                     device_get(screen->local, "options") + 1);
    return 0;
}

const struct device_kind device_screen = {
    .name = "screen", .build = build, .to_qemu = to_qemu, .to_xml = to_xml};
