/*
 * Migrations as a test writes them. The same text runs on every host; who is source, destination or
 * neither is decided for each migration.
 *
 *     struct migration *first = scene_migrate(scene, VMS("vm1"), 0, 1, &work, err);
 *     struct migration *second = scene_migrate(scene, VMS("vm2"), 0, 1, NULL, err);
 *     if (first == NULL || second == NULL || migration_join(second, err) < 0)
 *         return -1;
 *     return migration_join(first, err);
 *
 * A migration begins by booting what does not run on its source. A VM that runs on another host is
 * ended there, which is confirmed, and boots anew: there is never a second copy. A host that is
 * neither source nor destination goes on at once.
 *
 * Handles belong to the scene. One that is never joined is joined when the scenario ends, and its
 * error counts. When one fails, the others are cancelled in order: their guests go on where they
 * were.
 */
#pragma once

#include "migration/move/work.h"
#include "migration/scenario/scenario.h"

/* Names for a set of VMs. */
#define VMS(...) ((const char *const[]){__VA_ARGS__, NULL})

struct migration;

/*
 * Begins to move the VMs from host source to host destination (indexes in the tuple), all at once,
 * or as work says, which also has the parameters that are for this migration alone. work: NULL:
 * none; it must outlive the migration. An error, at once, for what cannot be: a VM that the test
 * does not have, or that is in a migration which was not joined yet; equal hosts; parameters that
 * cannot be asked for so, or that this host cannot do (UNSUPPORTED). A test type says beforehand
 * what it will ask for (struct scenario), so that this is known before anything starts. Transfer
 * none.
 */
struct migration *scene_migrate(struct scene *scene, const char *const *vms, unsigned source,
                                unsigned destination, const struct work *work, GError **err);

/* Waits for its end and gives its error. Joining again gives the same. */
int migration_join(struct migration *migration, GError **err);

/*
 * Both. With not_wait_for_migration = yes it returns as soon as the VMs move; the migration is then
 * joined before the next one of one of its VMs, or at the end.
 */
int scene_migrate_wait(struct scene *scene, const char *const *vms, unsigned source,
                       unsigned destination, const struct work *work, GError **err);

/* The same for all VMs, each from the one of two hosts where it is to the other. */
int scene_swing(struct scene *scene, unsigned one, unsigned other, GError **err);

/* Names of its VMs, NULL at last. Transfer none. */
const char *const *migration_vms(const struct migration *migration);

/*
 * For the move of struct work: moves one of the migration's VMs, and waits until it has. A VM for
 * which this is never called stays where it is.
 */
int migration_move(struct migration *migration, const char *vm, GError **err);

/* For run.c. Before the scenario, in the fiber that will end it. */
void scene_open_migrations(struct scene *scene);

/* For run.c: joins what was not joined; frees all. result and err: of the scenario. */
int scene_join_all(struct scene *scene, int result, GError **err);
