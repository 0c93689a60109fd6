/* A watchdog, and what becomes of a guest that does not feed it. */
#include "migration/machine/device.h"
#include "migration/machine/domain_part.h"
#include "migration/params.h"

#include <string.h>

static int build(struct device *board, const struct machine_spec *spec, GError **err)
{
    struct device *watchdog;
    bool is_wanted;

    if (param_bool(spec->params, "enable_watchdog", &is_wanted, err) < 0)
        return -1;
    if (!is_wanted)
        return 0;
    watchdog = device_plug(board, &device_watchdog, "watchdog0");
    device_set(watchdog->travels, "model", param_text(spec->params, "watchdog_device_type"));
    device_set(watchdog->travels, "action", param_text(spec->params, "watchdog_action"));
    return 0;
}

static void to_qemu(const struct device *watchdog, GPtrArray *line)
{
    qemu_line_option(line, "-device", "%s,id=%s", device_get(watchdog->travels, "model"),
                     watchdog->id);
    qemu_line_option(line, "-watchdog-action", "%s", device_get(watchdog->travels, "action"));
}

static int to_xml(const struct device *watchdog, struct domain *domain, GError **err)
{
    const char *action = device_get(watchdog->travels, "action");
    bool is_debug = strcmp(action, "debug") == 0;
    struct xml *element = xml_add(domain->devices, "watchdog");

    (void)err;
    xml_set(element, "model", device_get(watchdog->travels, "model"));
    xml_set(element, "action", is_debug ? "none" : action);
    if (is_debug)
        qemu_line_option(domain_say(domain, WORD_WATCHDOG), "-watchdog-action", "debug");
    domain_name(element, watchdog);
    return 0;
}

const struct device_kind device_watchdog = {
    .name = "watchdog", .build = build, .to_qemu = to_qemu, .to_xml = to_xml};
