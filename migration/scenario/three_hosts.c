/*
 * Two VMs among three hosts, two migrations at once in each step: vm1 from the first host to the
 * second beside vm2 from the first to the third; both back, vm2 by way of the second; then in
 * opposite directions between the first two.
 */
#include "migration/scenario/migration.h"
#include "migration/scenario/registry.h"

static int both(struct scene *scene, const unsigned vm1[2], const unsigned vm2[2], GError **err)
{
    struct migration *first = scene_migrate(scene, VMS("vm1"), vm1[0], vm1[1], NULL, err);
    struct migration *second =
        first != NULL ? scene_migrate(scene, VMS("vm2"), vm2[0], vm2[1], NULL, err) : NULL;
    if (second == NULL || migration_join(first, err) < 0)
        return -1;
    return migration_join(second, err);
}

int scenario_three_hosts(struct scene *scene, int64_t migrate_count, GError **err)
{
    static const unsigned steps[][2][2] = {
        {{0, 1}, {0, 2}},
        {{1, 0}, {2, 1}},
        {{0, 1}, {1, 0}},
    };
    (void)migrate_count;
    for (unsigned i = 0; i < G_N_ELEMENTS(steps); i++)
        if (both(scene, steps[i][0], steps[i][1], err) < 0)
            return -1;
    return 0;
}
