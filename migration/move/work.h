/*
 * What a test has done around the move of a VM, at its points; each may be left out. They run in
 * the fiber of the leg, may wait, and an error of theirs fails it.
 */
#pragma once

#include "migration/move/seat.h"

struct migration;

struct work {
    /* Parameters for this migration alone: ASKED("mig_speed = 8") (asked.h); NULL: none. */
    const char *const *params;

    /*
     * How its VMs move, once all of them are where they are to start from: each by
     * migration_move(), all or some of them, one after the other or at once. Runs on every host.
     * NULL: all at once.
     */
    int (*move)(struct migration *migration, GError **err);

    int (*start)(struct seat *seat, GError **err);  /* source: the guest is up, nothing moves yet */
    int (*before)(struct seat *seat, GError **err); /* both ends, after "ready" */
    int (*during)(struct seat *seat,
                  GError **err); /* source, while the guest's pages go; cancelled with that */
    int (*after)(struct seat *seat, GError **err);  /* both ends: the guest runs at the destination;
                                                       the source's copy is gone */
    int (*check)(struct seat *seat, GError **err);  /* destination: does what was begun go on? */
    int (*verify)(struct seat *seat, GError **err); /* destination: last of all */
};
