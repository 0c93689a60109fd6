/* QEMU's command line, computed from params: no I/O, the same input gives the same line. */
#pragma once

#include "migration/vm/vm.h"

struct qemu_cmdline {
    const char *binary;
    const char *name; /* of the VM */
    const struct params *params;
    const struct vm_platform *platform;
    const struct vm_boot *boot;
    bool incoming;
    int qmp_fd, serial_fd; /* numbers in the new process */
};

/*
 * Devices come in the same order on every host, so that both ends of a migration agree. CFG_ERROR
 * for a wrong value, VM_ERROR_UNSUPPORTED for what this driver does not build yet. Transfer full.
 */
GStrv qemu_cmdline_build(const struct qemu_cmdline *input, GError **err);
