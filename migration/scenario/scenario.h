/*
 * Test types: each is a row in the registry and the function that it names, which runs on every
 * host of the tuple at the same time.
 */
#pragma once

#include "migration/move/handover.h"

#define SCENE_START_MS 30000 /* for a hypervisor to start; more for a large guest */

/* What a scenario works with: the test and its VMs, ready to be booted and moved. */
struct scene {
    struct test *test;
    GStrv vms;        /* their names, as the test has them */
    GPtrArray *seats; /* struct seat, in the order of vms */
    struct agreement agreement;
    GPtrArray *migrations; /* struct migration: not joined yet, or failed (migration.h) */
    GPtrArray *joined;     /* the others that the test has handles of */
    unsigned n_migrations; /* that have begun */
    struct scope *movers;  /* where they run */
    bool comes_back; /* after the migration that begins next, each VM goes back (scene_swing) */
    bool goes_on;    /* not_wait_for_migration: the test does not wait for them */
};

struct scenario {
    const char *type;      /* the value of the parameter `type` */
    const char *summary;   /* one line for `vtmh types` */
    int64_t migrate_count; /* default of the parameter */
    unsigned min_hosts;    /* 0: two */
    bool moves_nothing;    /* by design: a pass without a leg */
    bool knows_next;       /* it says of a migration whether the next one goes back */
    /* What its migrations ask for alone (ASKED()), so that what cannot be is known before anything
     * starts; NULL behind the last. NULL: nothing. */
    const char *const *const *asks;
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

/*
 * All VMs are started on host where, and all hosts wait until they are up. One that lives there or
 * on host other already (start_vm, keep_vms_after_test) goes on where it is; one that lives
 * elsewhere is ended there before.
 */
int scene_boot(struct scene *scene, unsigned where, unsigned other, GError **err);

/*
 * For a loop over migrations, before each turn: whether there is one more. It is not told to go on
 * when the test is to end early, which the result says; turns: what they are called there, "legs".
 */
bool scene_goes_on(struct scene *scene, int64_t done, int64_t count, const char *turns);

/* A leg: a VM goes from the one of the two hosts where it is to the other. */
struct scene_leg {
    unsigned number; /* from 1 */
    unsigned hosts[2];
    const struct work *work; /* NULL: none */
    bool comes_back;         /* the next one goes the other way */
};

/* This host's part of a leg of one VM, tried again as its params say. A VM whose guest has ended,
 * as planned, stays away. */
int scene_move(struct scene *scene, struct seat *seat, const struct scene_leg *leg, GError **err);

/* How long a leg may take, with all its attempts, checks, and the boot before it. */
int64_t scene_leg_ms(const struct seat *seat);

/* Boots the VM here, and waits until its guest is up; one that is to be paused after its start
 * (paused_after_start_vm) only starts. */
int scene_boot_here(struct seat *seat, GError **err);

/* For the hosts that have a part in it: ends the copy of a VM that runs on host before, which is
 * confirmed to host, where it is to start. number: of the migration; 0: before the first. */
int scene_vacate(struct seat *seat, unsigned before, unsigned host, unsigned number, GError **err);

/*
 * Before migration `number`: sees to it that the VM runs on a host, for the hosts that have a part
 * in it: this one, the one where it runs now, and other. Where it does not run it boots; where it
 * runs on another host that copy is ended before, which is confirmed.
 */
int scene_place(struct scene *scene, struct seat *seat, unsigned host, unsigned other,
                unsigned number, GError **err);
