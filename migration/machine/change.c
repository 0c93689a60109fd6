#include "migration/machine/change.h"

#include <string.h>

static const struct device_kind *find_kind(const char *name)
{
    for (const struct device_kind *const *kind = device_kinds; *kind != NULL; kind++)
        if (strcmp((*kind)->name, name) == 0)
            return *kind;
    return NULL;
}

int machine_plug(struct device *board, const struct machine_spec *spec, const char *kind,
                 const char *name, GError **err)
{
    const struct device_kind *of = find_kind(kind);

    if (of == NULL || of->add == NULL) {
        g_set_error(err, VM_ERROR, VM_ERROR_UNSUPPORTED,
                    "%s cannot be plugged into %s: a running machine takes no %s", name, spec->name,
                    kind);
        return -1;
    }
    if (device_find(board, kind, name) != NULL) {
        g_set_error(err, CFG_ERROR, CFG_ERROR_PARAM_VALUE,
                    "%s %s cannot be plugged into %s: it is there already", kind, name, spec->name);
        return -1;
    }
    if (of->add(board, spec, name, err) == 0) {
        root_port_take(board, board);
        return 0;
    }
    device_remove_unmade(board);
    return -1;
}

static void drop_local(json_t *device)
{
    json_t *child;
    size_t i;

    json_object_del(device, "local");
    json_array_foreach (json_object_get(device, "devices"), i, child)
        drop_local(child);
}

json_t *machine_travels(const struct device *board)
{
    json_t *machine = machine_to_json(board);

    drop_local(machine);
    return machine;
}

/* ---- the machine of the source */

static const char *word_of(const json_t *device, const char *key)
{
    const char *word = json_string_value(json_object_get(device, key));

    return word != NULL ? word : "";
}

/* The device of that kind and name in what the source has sent; NULL: it has none. */
static const json_t *find_there(const json_t *there, const struct device *device)
{
    const json_t *child, *found = NULL;
    size_t i;

    if (strcmp(word_of(there, "kind"), device->kind->name) == 0 &&
        strcmp(word_of(there, "id"), device->id) == 0)
        return there;
    json_array_foreach (json_object_get(there, "devices"), i, child)
        if ((found = find_there(child, device)) != NULL)
            return found;
    return NULL;
}

static void leave_out(struct device *device, const json_t *there)
{
    for (unsigned i = device->children->len; i-- > 0;) {
        struct device *child = g_ptr_array_index(device->children, i);

        if (find_there(there, child) == NULL)
            g_ptr_array_remove_index(device->children, i);
        else
            leave_out(child, there);
    }
}

/* In the order in which they were plugged in there. What brings others with it is no kind of the
 * table: it comes with them. */
static int add_missing(struct device *board, const struct machine_spec *spec, const json_t *there,
                       GError **err)
{
    const char *kind = word_of(there, "kind"), *id = word_of(there, "id");
    const json_t *child;
    size_t i;

    if (find_kind(kind) != NULL && device_find(board, kind, id) == NULL &&
        machine_plug(board, spec, kind, id, err) < 0)
        return -1;
    json_array_foreach (json_object_get(there, "devices"), i, child)
        if (add_missing(board, spec, child, err) < 0)
            return -1;
    return 0;
}

static int differ(const struct device *device, const char *name, const json_t *there, GError **err)
{
    json_t *value = json_object_get(device->travels, name);
    g_autofree char *source = there != NULL ? json_dumps(there, JSON_ENCODE_ANY) : NULL;
    g_autofree char *own = value != NULL ? json_dumps(value, JSON_ENCODE_ANY) : NULL;

    g_set_error(err, VM_ERROR, VM_ERROR_DIFFERENT,
                "the parameters of the destination make another machine than the source has now: "
                "%s of %s %s is %s, not %s",
                name, device->kind->name, device->id, own != NULL ? own : "not set",
                source != NULL ? source : "not set");
    return -1;
}

static int compare(const struct device *device, const json_t *travels, GError **err)
{
    const char *name;
    json_t *value;

    json_object_foreach ((json_t *)travels, name, value)
        if (!json_equal(value, json_object_get(device->travels, name)))
            return differ(device, name, value, err);
    json_object_foreach (device->travels, name, value)
        if (json_object_get(travels, name) == NULL)
            return differ(device, name, NULL, err);
    return 0;
}

static int follow(struct device *device, const json_t *there, GError **err)
{
    const json_t *twin = find_there(there, device);

    if (twin == NULL) {
        g_set_error(err, VM_ERROR, VM_ERROR_DIFFERENT,
                    "the parameters of the destination make another machine than the source has "
                    "now: there is no %s %s",
                    device->kind->name, device->id);
        return -1;
    }
    if (compare(device, json_object_get(twin, "travels"), err) < 0)
        return -1;
    device_set_place(device, json_deep_copy(json_object_get(twin, "place")));
    for (unsigned i = 0; i < device->children->len; i++)
        if (follow(g_ptr_array_index(device->children, i), there, err) < 0)
            return -1;
    return 0;
}

struct device *machine_follow(const struct machine_spec *spec, const json_t *there, GError **err)
{
    g_autoptr(device) board = machine_new(spec, err);

    if (board == NULL)
        return NULL;
    leave_out(board, there);
    if (add_missing(board, spec, there, err) < 0 || follow(board, there, err) < 0)
        return NULL;
    return g_steal_pointer(&board);
}
