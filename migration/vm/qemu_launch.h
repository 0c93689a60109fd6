/* How a VM's QEMU is started, beyond its own command line: what stands in front of that, and its
 * environment. */
#pragma once

#include "cfg/params.h"

#include <glib.h>

struct qemu_launch {
    GStrv argv; /* of the whole command */
    GStrv env;  /* "KEY=VALUE", added to the environment */
};

/* words: of QEMU's own command line, its path first; transfer full. CFG_ERROR. Clear it in any
 * case. */
int qemu_launch_of(struct qemu_launch *launch, const struct params *params, GStrv words,
                   GError **err);
void qemu_launch_clear(struct qemu_launch *launch);
