#include "migration/scenario/registry.h"

/* Legs to and fro between the first two hosts: one is a plain migration, many are ping-pong. */
int scenario_legs(struct scene *scene, int64_t migrate_count, GError **err)
{
    if (scene_boot(scene, 0, err) < 0)
        return -1;
    struct leg leg = {.source = 0, .destination = 1};
    for (leg.number = 1; leg.number <= migrate_count; leg.number++) {
        leg.first = leg.number == 1;
        if (scene_migrate(scene, &leg, err) < 0)
            return -1;
        unsigned source = leg.source;
        leg.source = leg.destination;
        leg.destination = source;
    }
    return 0;
}
