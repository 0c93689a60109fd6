#include "migration/machine/device.h"

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
    g_free(device->id);
    g_free(device);
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

static void add_parts(const struct device *device, GPtrArray *parts)
{
    if (device->kind->to_parts != NULL)
        device->kind->to_parts(device, parts);
    for (unsigned i = 0; i < device->children->len; i++)
        add_parts(g_ptr_array_index(device->children, i), parts);
}

GPtrArray *device_parts(const struct device *device)
{
    GPtrArray *parts = parts_new();

    add_parts(device, parts);
    return parts;
}
