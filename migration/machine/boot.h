#pragma once

#include <stdbool.h>

/* What a guest boots from: a firmware ROM, or a kernel. NULL fields are left out. Its kind
 * (guest/kind.h) knows. */
struct vm_boot {
    const char *firmware;
    const char *kernel, *initrd, *append;
    const char *seed; /* a disc for cloud-init, as of guest/cloud_seed.h */
    bool network;     /* a NIC with a forwarded port for ssh */
    bool entropy;     /* a random number generator: a CPU without one takes a second to be seeded */
};
