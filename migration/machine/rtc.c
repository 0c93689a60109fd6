#include "migration/machine/device.h"
#include "migration/machine/domain_part.h"
#include "migration/params.h"

#include <string.h>

static int build(struct device *board, const struct machine_spec *spec, GError **err)
{
    struct device *rtc = device_plug(board, &device_rtc, "rtc");

    (void)err;
    device_set(rtc->travels, "base", param_text(spec->params, "rtc_base"));
    device_set(rtc->travels, "clock", param_text(spec->params, "rtc_clock"));
    device_set(rtc->travels, "drift", param_text(spec->params, "rtc_drift"));
    return 0;
}

static void to_qemu(const struct device *rtc, GPtrArray *line)
{
    qemu_line_option(line, "-rtc", "base=%s,clock=%s,driftfix=%s", device_get(rtc->travels, "base"),
                     device_get(rtc->travels, "clock"), device_get(rtc->travels, "drift"));
}

static int to_xml(const struct device *rtc, struct domain *domain, GError **err)
{
    static const char *const tracks[][2] = {{"host", "wall"}, {"vm", "guest"}, {"rt", "realtime"}};
    const char *base = device_get(rtc->travels, "base");
    struct xml *clock = xml_add(domain->root, "clock");
    struct xml *timer = xml_set(xml_add(clock, "timer"), "name", "rtc");

    for (size_t i = 0; i < G_N_ELEMENTS(tracks); i++)
        if (strcmp(device_get(rtc->travels, "clock"), tracks[i][0]) == 0)
            xml_set(timer, "track", tracks[i][1]);
    if (strcmp(device_get(rtc->travels, "drift"), "slew") == 0)
        xml_set(timer, "tickpolicy", "catchup");
    if (strcmp(base, "utc") == 0 || strcmp(base, "localtime") == 0) {
        xml_set(clock, "offset", base);
        return 0;
    }
    g_autoptr(GTimeZone) zone = g_time_zone_new_utc();
    g_autofree char *whole =
        strchr(base, 'T') != NULL ? g_strdup(base) : g_strconcat(base, "T00:00:00", NULL);
    g_autoptr(GDateTime) date = g_date_time_new_from_iso8601(whole, zone);

    if (date == NULL)
        return domain_refuse(rtc, err, "rtc_base = %s is no date", base);
    xml_set(clock, "offset", "absolute");
    xml_set_int(clock, "start", g_date_time_to_unix(date));
    return 0;
}

const struct device_kind device_rtc = {
    .name = "rtc", .build = build, .to_qemu = to_qemu, .to_xml = to_xml};
