#include "migration/machine/machine.h"

#include "migration/machine/device.h"

struct device *machine_new(const struct machine_spec *spec, GError **err)
{
    g_autoptr(device) board = device_new(&device_board, spec->name);

    for (const struct device_kind *const *kind = device_kinds; *kind != NULL; kind++)
        if ((*kind)->build(board, spec, err) < 0)
            return NULL;
    return g_steal_pointer(&board);
}

static void add_side(json_t *object, const char *name, json_t *side)
{
    if (json_object_size(side) > 0)
        json_object_set(object, name, side);
}

json_t *machine_to_json(const struct device *board)
{
    json_t *object = json_pack("{s:s, s:s}", "id", board->id, "kind", board->kind->name);
    json_t *devices;

    add_side(object, "place", board->place);
    add_side(object, "travels", board->travels);
    add_side(object, "local", board->local);
    if (board->children->len == 0)
        return object;
    devices = json_array();
    for (unsigned i = 0; i < board->children->len; i++)
        json_array_append_new(devices, machine_to_json(g_ptr_array_index(board->children, i)));
    json_object_set_new(object, "devices", devices);
    return object;
}
