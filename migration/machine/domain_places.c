/*
 * Where libvirt has put the devices of a domain that runs: both ends of a migration must have them
 * there, whatever came and went before. libvirt gives places away anew for each domain, in its own
 * order, unless its XML says them. The same goes for the controllers of PCI that it adds as devices
 * need them: those are the board's.
 */
#include "migration/machine/domain_part.h"

#include <string.h>

#define PLACE "libvirt" /* of a device's places, the one that is libvirt's */

struct reading {
    struct device *board;
    json_t *address;     /* of the device at hand; NULL: none */
    char *alias;         /* likewise */
    json_t *controller;  /* that it is; NULL: it is another device */
    json_t *controllers; /* those that are behind it */
};

/* Those by which a device is found on a bus of PCI, or memory among its slots: others are the
 * device's own affair, and in the tree. */
static bool is_kept(const char *type)
{
    return g_strcmp0(type, "pci") == 0 || g_strcmp0(type, "dimm") == 0;
}

static json_t *attributes_of(const char **names, const char **values)
{
    json_t *attributes = json_object();

    for (; *names != NULL; names++, values++)
        device_set(attributes, *names, *values);
    return attributes;
}

static void on_start(GMarkupParseContext *context, const char *element, const char **names,
                     const char **values, void *data, GError **err)
{
    struct reading *reading = data;
    const GSList *path = g_markup_parse_context_get_element_stack(context);

    unsigned depth = g_slist_length((GSList *)path);

    (void)err;
    if (depth == 3 && strcmp(element, "controller") == 0 &&
        g_strcmp0(xml_attribute(names, values, "type"), "pci") == 0)
        reading->controller = attributes_of(names, values);
    if (depth != 4) /* domain, devices, the device, and what is in it */
        return;
    if (reading->controller != NULL && strcmp(element, "target") == 0)
        json_object_set_new(reading->controller, element, attributes_of(names, values));
    if (strcmp(element, "alias") == 0) {
        g_free(reading->alias);
        reading->alias = g_strdup(xml_attribute(names, values, "name"));
    } else if (strcmp(element, "address") == 0 && is_kept(xml_attribute(names, values, "type"))) {
        json_decref(reading->address);
        reading->address = attributes_of(names, values);
    }
}

static struct device *find_alias(struct device *device, const char *alias)
{
    g_autofree char *own = domain_alias(device);
    struct device *found = strcmp(own, alias) == 0 ? device : NULL;

    for (unsigned i = 0; i < device->children->len && found == NULL; i++)
        found = find_alias(g_ptr_array_index(device->children, i), alias);
    return found;
}

static void on_end(GMarkupParseContext *context, const char *element, void *data, GError **err)
{
    struct reading *reading = data;
    struct device *device;

    (void)element;
    (void)err;
    if (g_slist_length((GSList *)g_markup_parse_context_get_element_stack(context)) != 3)
        return;
    device = reading->alias != NULL ? find_alias(reading->board, reading->alias) : NULL;
    if (reading->controller != NULL) {
        if (reading->address != NULL)
            json_object_set(reading->controller, "address", reading->address);
        json_array_append_new(reading->controllers, g_steal_pointer(&reading->controller));
    } else if (device != NULL && reading->address != NULL)
        device_set_place(device, json_pack("{s:O}", PLACE, reading->address));
    g_clear_pointer(&reading->alias, g_free);
    g_clear_pointer(&reading->address, json_decref);
}

int domain_take_places(struct device *board, const char *xml, GError **err)
{
    static const GMarkupParser parser = {.start_element = on_start, .end_element = on_end};
    struct reading reading = {.board = board, .controllers = json_array()};
    GMarkupParseContext *context = g_markup_parse_context_new(&parser, 0, &reading, NULL);
    g_autoptr(GError) error = NULL;
    bool is_read = g_markup_parse_context_parse(context, xml, -1, &error) &&
                   g_markup_parse_context_end_parse(context, &error);

    g_markup_parse_context_free(context);
    g_free(reading.alias);
    json_decref(reading.address);
    json_decref(reading.controller);
    if (!is_read) {
        json_decref(reading.controllers);
        g_set_error(err, VM_ERROR, VM_ERROR_COMMAND, "libvirt's XML of %s cannot be read: %s",
                    board->id, error->message);
        return -1;
    }
    device_set_place(board, json_pack("{s:o}", PLACE, reading.controllers));
    return 0;
}

static void set_all(struct xml *element, const json_t *attributes)
{
    const char *name;
    json_t *value;

    json_object_foreach ((json_t *)attributes, name, value)
        if (json_is_string(value))
            xml_set(element, name, json_string_value(value));
}

void domain_say_place(const struct device *device, struct xml *element)
{
    const json_t *place = json_object_get(device->place, PLACE);

    if (place != NULL)
        set_all(xml_add(element, "address"), place);
}

bool domain_has_controllers(const struct domain *domain)
{
    return json_object_get(domain->board->place, PLACE) != NULL;
}

void domain_say_controllers(struct domain *domain)
{
    static const char *const inner[] = {"target", "address"};
    const json_t *controller;
    size_t i;

    json_array_foreach (json_object_get(domain->board->place, PLACE), i, controller) {
        struct xml *element = xml_add(domain->devices, "controller");

        set_all(element, controller);
        for (size_t k = 0; k < G_N_ELEMENTS(inner); k++)
            if (json_object_get(controller, inner[k]) != NULL)
                set_all(xml_add(element, inner[k]), json_object_get(controller, inner[k]));
    }
}
