/* The other end of a serial line or monitor, on the host: by parameters alone. */
#pragma once

#include "migration/machine/device.h"

/* The address of a TCP socket (`chardev_host`), or NULL: a Unix one. own: the line's or monitor's
 * params. Transfer none. */
const char *chardev_tcp_host(const struct params *own);

/* The same of the line on which the guest is heard, in its machine. Transfer none. */
const char *machine_serial_host(const struct device *board);

/* QMP's ChardevSocket at which QEMU listens, on TCP at the address and the first free one of
 * `chardev_ports`. Transfer full. */
json_t *chardev_listen_tcp(const struct params *own, const char *host);
