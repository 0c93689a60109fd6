/*
 * All VMs move to the second host one after the other; then back, all at once, with less bandwidth
 * than the test has otherwise: a migration that moves by the test's own text, and one with
 * parameters of its own.
 */
#include "migration/move/asked.h"
#include "migration/scenario/migration.h"
#include "migration/scenario/registry.h"

static const char *const slower[] = {"mig_speed = 64", "mig_downtime = 100ms", NULL};
const char *const *const one_by_one_asks[] = {slower, NULL};

static int one_by_one(struct migration *migration, GError **err)
{
    const char *const *vms = migration_vms(migration);
    for (; *vms != NULL; vms++)
        if (migration_move(migration, *vms, err) < 0)
            return -1;
    return 0;
}

static const struct work in_a_row = {.move = one_by_one};
static const struct work back = {.params = slower};

int scenario_one_by_one(struct scene *scene, int64_t migrate_count, GError **err)
{
    const unsigned source = 0, destination = 1;
    const char *const *vms = (const char *const *)scene->vms;
    for (int64_t round = 0; scene_goes_on(scene, round, migrate_count, "rounds"); round++)
        if (scene_migrate_wait(scene, vms, source, destination, &in_a_row, err) < 0 ||
            scene_migrate_wait(scene, vms, destination, source, &back, err) < 0)
            return -1;
    return 0;
}
