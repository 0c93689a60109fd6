#include "migration/machine/device.h"

#include <string.h>

static void free_device(void *device)
{
    device_free(device);
}

struct device *device_new(const struct device_kind *kind, const char *id)
{
    struct device *device = g_new0(struct device, 1);

    device->kind = kind;
    device->id = g_strdup(id);
    device->travels = json_object();
    device->local = json_object();
    device->children = g_ptr_array_new_with_free_func(free_device);
    return device;
}

struct device *device_plug(struct device *parent, const struct device_kind *kind, const char *id)
{
    struct device *device = device_new(kind, id);

    g_ptr_array_add(parent->children, device);
    return device;
}

void device_free(struct device *device)
{
    if (device == NULL)
        return;
    g_ptr_array_unref(device->children);
    json_decref(device->travels);
    json_decref(device->local);
    json_decref(device->place);
    g_free(device->id);
    g_free(device);
}

struct device *device_find(struct device *device, const char *kind, const char *id)
{
    struct device *found = NULL;

    if (strcmp(device->kind->name, kind) == 0 && strcmp(device->id, id) == 0)
        return device;
    for (unsigned i = 0; i < device->children->len && found == NULL; i++)
        found = device_find(g_ptr_array_index(device->children, i), kind, id);
    return found;
}

const struct device *device_of_kind(const struct device *board, const struct device_kind *kind)
{
    for (unsigned i = 0; i < board->children->len; i++) {
        const struct device *device = g_ptr_array_index(board->children, i);

        if (device->kind == kind)
            return device;
    }
    return NULL;
}

void device_remove(struct device *board, const struct device *which)
{
    if (g_ptr_array_remove(board->children, (void *)which))
        return;
    for (unsigned i = 0; i < board->children->len; i++)
        device_remove(g_ptr_array_index(board->children, i), which);
}

void device_remove_unmade(struct device *board)
{
    for (unsigned i = board->children->len; i-- > 0;) {
        struct device *device = g_ptr_array_index(board->children, i);

        if (device->is_live)
            device_remove_unmade(device);
        else
            g_ptr_array_remove_index(board->children, i);
    }
}

void device_set_live(struct device *device)
{
    device->is_live = true;
    for (unsigned i = 0; i < device->children->len; i++)
        device_set_live(g_ptr_array_index(device->children, i));
}

void device_set_place(struct device *device, json_t *place)
{
    json_decref(device->place);
    device->place = place;
}

/* Paths and what a user appends may have any bytes: a hypervisor gets them as they are. */
void device_set(json_t *side, const char *name, const char *text)
{
    if (text != NULL)
        json_object_set_new(side, name, json_string_nocheck(text));
}

void device_set_int(json_t *side, const char *name, int64_t value)
{
    json_object_set_new(side, name, json_integer(value));
}

void device_set_bool(json_t *side, const char *name, bool value)
{
    json_object_set_new(side, name, json_boolean(value));
}

const char *device_get(const json_t *side, const char *name)
{
    return json_string_value(json_object_get(side, name));
}

int64_t device_get_int(const json_t *side, const char *name)
{
    return json_integer_value(json_object_get(side, name));
}

bool device_get_bool(const json_t *side, const char *name)
{
    return json_is_true(json_object_get(side, name));
}

const char *device_tail(const json_t *side)
{
    const char *tail = device_get(side, "extra");

    return tail != NULL ? tail : "";
}

/* A place is kept, unless the device says another one itself. */
static void keep_place(const struct device *device, const GPtrArray *parts, unsigned from)
{
    for (unsigned i = from; i < parts->len && device->place != NULL; i++) {
        const struct part *part = g_ptr_array_index(parts, i);
        json_t *arguments = part->arguments;

        if (part->kind == PART_DEVICE && g_strcmp0(device_get(arguments, "id"), device->id) == 0 &&
            json_object_get(arguments, "bus") == NULL && json_object_get(arguments, "addr") == NULL)
            json_object_update_missing(arguments, device->place);
    }
}

void device_add_parts(const struct device *device, GPtrArray *parts)
{
    unsigned from = parts->len;

    if (device->kind->to_parts == NULL)
        return;
    device->kind->to_parts(device, parts);
    keep_place(device, parts, from);
}

static void add_all(const struct device *device, bool is_unmade_only, GPtrArray *parts)
{
    if (!is_unmade_only || !device->is_live)
        device_add_parts(device, parts);
    for (unsigned i = 0; i < device->children->len; i++)
        add_all(g_ptr_array_index(device->children, i), is_unmade_only, parts);
}

GPtrArray *device_parts(const struct device *device)
{
    GPtrArray *parts = parts_new();

    add_all(device, false, parts);
    return parts;
}

GPtrArray *device_parts_unmade(const struct device *board)
{
    GPtrArray *parts = parts_new();

    add_all(board, true, parts);
    return parts;
}
