#include "migration/machine/offered.h"

#include <string.h>

/* One that does not say what it has is not asked further: its hypervisor will say it. */
static bool has(const struct vm_offer *offer, const char *driver)
{
    return offer->devices == NULL || g_hash_table_size(offer->devices) == 0 ||
           g_hash_table_contains(offer->devices, driver);
}

static int check_driver(const struct device *device, const char *driver,
                        const struct vm_offer *const *offers, const char *const *names, unsigned n,
                        GError **err)
{
    g_autoptr(GString) without = g_string_new(NULL);

    for (unsigned i = 0; i < n; i++)
        if (!has(offers[i], driver))
            g_string_append_printf(without, "%s%s (QEMU %u.%u.%u)", without->len > 0 ? ", " : "",
                                   names[i], offers[i]->version[0], offers[i]->version[1],
                                   offers[i]->version[2]);
    if (without->len == 0)
        return 0;
    g_set_error(err, VM_ERROR, VM_ERROR_UNSUPPORTED,
                "%s %s is not supported: there is no device %s on %s", device->kind->name,
                device->id, driver, without->str);
    return -1;
}

int machine_check_offered(const struct device *board, const struct vm_offer *const *offers,
                          const char *const *names, unsigned n, GError **err)
{
    g_autoptr(GPtrArray) parts = parts_new();

    device_add_parts(board, parts);
    for (unsigned i = 0; i < parts->len; i++) {
        const struct part *part = g_ptr_array_index(parts, i);

        if (part->kind == PART_DEVICE &&
            check_driver(board, json_string_value(json_object_get(part->arguments, "driver")),
                         offers, names, n, err) < 0)
            return -1;
    }
    for (unsigned i = 0; i < board->children->len; i++)
        if (machine_check_offered(g_ptr_array_index(board->children, i), offers, names, n, err) < 0)
            return -1;
    return 0;
}
