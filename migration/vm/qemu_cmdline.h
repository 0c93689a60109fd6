/* QEMU's command line: the machine (migration/machine/), and what any process of the driver is
 * started with. No I/O, the same input gives the same line. */
#pragma once

#include "migration/machine/device.h"

struct qemu_cmdline {
    const char *binary;
    const struct device *board; /* of the machine; NULL: none, QEMU is only to be asked */
    const char *accel;          /* without a board: in which order to take accelerators */
    int qmp_fd;                 /* number in the new process */
};

/* Transfer full. */
GStrv qemu_cmdline_build(const struct qemu_cmdline *input);
