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
    const struct machine_spec spec = {.name = asked->name,
                                      .params = asked->params,
                                      .platform = &platform,
                                      .boot = asked->boot,
                                      .incoming = asked->incoming,
                                      .serial_fd = 4,
                                      .agent_fd = 5,
                                      .net_fd = 64};
    g_autoptr(device) board = machine_new(&spec, err);
    const struct qemu_cmdline input = {.binary = "/usr/bin/qemu", .board = board, .qmp_fd = 3};

    return board != NULL ? qemu_cmdline_build(&input) : NULL;
}
