/*
 * The yardstick of bench_legs: migration legs by the plainest program that can drive QEMU. Blocking
 * sockets, one guest, no checks. Not part of the product.
 */
#pragma once

#include "tests/bench/leg_times.h"

#include <glib.h>

struct bare_guest {
    const char *qemu;                     /* binary */
    const char *machine, *ram;            /* -machine, -m */
    const char *firmware;                 /* tick */
    const char *kernel, *initrd, *append; /* jeos */
};

/*
 * Boots the guest, waits for its "up" line, and moves it n times from one QEMU to the next over TCP
 * on loopback, with return-path, one step after the other. times_out: of n legs, each from starting
 * the destination's QEMU to the source's end. Returns 0, or -1 with err.
 */
int bare_qmp_legs(const struct bare_guest *guest, unsigned n, struct leg_times *times_out,
                  GError **err);
