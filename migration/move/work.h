/*
 * What a test has done around the move of a VM, at its points; each may be left out. They run in
 * the fiber of the leg, may wait, and an error of theirs fails it.
 */
#pragma once

#include "migration/move/seat.h"

struct work {
    int (*start)(struct seat *seat, GError **err);  /* source: the guest is up, nothing moves yet */
    int (*before)(struct seat *seat, GError **err); /* both ends, after "ready" */
    int (*during)(struct seat *seat,
                  GError **err); /* source, beside the stream; cancelled with it */
    int (*after)(struct seat *seat, GError **err);  /* both ends: the guest runs at the destination;
                                                       the source's copy is gone */
    int (*check)(struct seat *seat, GError **err);  /* destination: does what was begun go on? */
    int (*verify)(struct seat *seat, GError **err); /* destination: last of all */
};
