/*
 * Test types: each is a row in the registry and the function that it names, which runs on every
 * host of the tuple at the same time.
 */
#pragma once

#include "migration/move/handover.h"

/* What a scenario works with: the test and its VMs, ready to be booted and moved. */
struct scene {
    struct test *test;
    GPtrArray *seats; /* struct seat, in the order of `vms` */
    struct agreement agreement;
};

struct scenario {
    const char *type;      /* the value of the parameter `type` */
    const char *summary;   /* one line for `vtmh types` */
    int64_t migrate_count; /* default of the parameter */
    int (*run)(struct scene *scene, int64_t migrate_count, GError **err);
};

/* All types, ended by .type NULL. */
extern const struct scenario scenarios[];

/* NULL with an error that lists the known types. */
const struct scenario *scenario_find(const char *type, GError **err);

/*
 * Runs the test's scenario on this host from first to last: agrees with the other hosts, runs it,
 * ends every VM it left. Notes, warnings and records are in the test afterwards, also after a
 * failure.
 */
int scenario_run(struct test *test, GError **err);

/* All VMs are started on one host, and all hosts wait until they are up. */
int scene_boot(struct scene *scene, unsigned where, GError **err);

/* A leg of all VMs: each goes from the one of the two hosts where it is to the other. */
struct scene_leg {
    unsigned number; /* from 1 */
    unsigned hosts[2];
};

/* All VMs move at once, each in a fiber of its own, tried again as their params say. A VM whose
 * guest has ended, as planned, stays away. */
int scene_migrate(struct scene *scene, const struct scene_leg *leg, GError **err);
