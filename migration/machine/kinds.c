#include "migration/machine/device.h"

const struct device_kind *const device_kinds[] = {
    &device_board,
    &device_cpu,
    &device_memory,
    &device_identity,
    &device_rtc,
    &device_topology,
    &device_boot,
    &device_serial,
    &device_serial_line,
    &device_debugcon,
    &device_vsock,
    &device_nic,
    &device_rng,
    &device_panic,
    &device_graphics,
    &device_screen,
    &device_usb,
    &device_watchdog,
    &device_balloon,
    &device_entry,
    &device_extra, /* last: a user may undo what stands before */
    NULL,
};
