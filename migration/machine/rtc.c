#include "migration/machine/device.h"
#include "migration/params.h"

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

const struct device_kind device_rtc = {.name = "rtc", .build = build, .to_qemu = to_qemu};
