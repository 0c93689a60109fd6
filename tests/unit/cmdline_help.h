/* QEMU's command line as the tests of it ask for it. */
#pragma once

#include "migration/vm/qemu_cmdline.h"

struct asked {
    const char *name; /* of the VM */
    const struct params *params;
    const struct vm_boot *boot;
    bool kvm, pvpanic, incoming;
};

/* Transfer full; NULL with err. */
static inline GStrv words_of(const struct asked *asked, GError **err)
{
    struct vm_platform platform = {.kvm = asked->kvm,
                                   .machine = (char *)"pc-i440fx-7.2",
                                   .cpu = (char *)"qemu64,+sse3",
                                   .ram_bytes = 262136 * (uint64_t)1024,
                                   .pvpanic = asked->pvpanic};
    struct qemu_cmdline input = {.binary = "/usr/bin/qemu",
                                 .name = asked->name,
                                 .params = asked->params,
                                 .platform = &platform,
                                 .boot = asked->boot,
                                 .incoming = asked->incoming,
                                 .qmp_fd = 3,
                                 .serial_fd = 4};

    return qemu_cmdline_build(&input, err);
}
