/* Machines as the tests of them look at them. */
#pragma once

#include "migration/machine/device.h"

/* Takes one side ("travels", "local") out of a tree. */
static inline void machine_strip(json_t *device, const char *side)
{
    json_t *child;
    size_t i;

    json_object_del(device, side);
    json_array_foreach (json_object_get(device, "devices"), i, child)
        machine_strip(child, side);
}

/* The tree of a machine without that side. Transfer full. */
static inline char *machine_without(const struct device *board, const char *side)
{
    json_auto_t *tree = machine_to_json(board);

    machine_strip(tree, side);
    return json_dumps(tree, JSON_COMPACT);
}
