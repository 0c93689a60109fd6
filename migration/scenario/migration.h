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
 * Begins to move the VMs from host source to host destination (indexes in the tuple), all at once.
 * work: NULL: none; it must outlive the migration. An error, at once, for what cannot be: a VM that
 * the test does not have, or that is in a migration which was not joined yet; equal hosts. Transfer
 * none.
 */
struct migration *scene_migrate(struct scene *scene, const char *const *vms, unsigned source,
                                unsigned destination, const struct work *work, GError **err);

/* Waits for its end and gives its error. Joining again gives the same. */
int migration_join(struct migration *migration, GError **err);

/* Both. */
int scene_migrate_wait(struct scene *scene, const char *const *vms, unsigned source,
                       unsigned destination, const struct work *work, GError **err);

/* For run.c. Before the scenario, in the fiber that will end it. */
void scene_open_migrations(struct scene *scene);

/* For run.c: joins what was not joined; frees all. result and err: of the scenario. */
int scene_join_all(struct scene *scene, int result, GError **err);
