#include "migration/scenario/migration.h"
#include "migration/scenario/registry.h"

/* Legs to and fro between the first two hosts: one is a plain migration, many are ping-pong. */
int scenario_legs(struct scene *scene, int64_t migrate_count, GError **err)
{
    if (scene_boot(scene, 0, 1, err) < 0)
        return -1;
    for (int64_t leg = 0; scene_goes_on(scene, leg, migrate_count, "legs"); leg++) {
        scene->comes_back = leg + 1 < migrate_count;
        if (scene_swing(scene, 0, 1, err) < 0)
            return -1;
    }
    return 0;
}
