#include "migration/move/machine_facts.h"

#include <string.h>

static bool has(const json_t *list, const json_t *item)
{
    const json_t *other;
    size_t i;
    json_array_foreach ((json_t *)list, i, other)
        if (json_equal(item, other))
            return true;
    return false;
}

/* What is in the one list and not in the other, joined; "nothing". Transfer full. */
static char *without(const json_t *list, const json_t *other)
{
    g_autoptr(GString) text = g_string_new(NULL);
    const json_t *item;
    size_t i;
    json_array_foreach ((json_t *)list, i, item)
        if (!has(other, item))
            g_string_append_printf(text, "%s%s", text->len > 0 ? " and " : "",
                                   json_string_value(item));
    return g_strdup(text->len > 0 ? text->str : "nothing");
}

static int differ(const char *field, const struct machine_facts *source,
                  const struct machine_facts *destination, GError **err)
{
    const json_t *here = json_object_get(source->facts, field);
    const json_t *there = json_object_get(destination->facts, field);
    g_autofree char *only_here = without(here, there);
    g_autofree char *only_there = without(there, here);
    g_set_error(err, VM_ERROR, VM_ERROR_DIFFERENT,
                "the two ends of the VM differ, %s: %s on %s, %s on %s", field, only_here,
                source->host, only_there, destination->host);
    return -1;
}

int machine_facts_compare(const struct machine_facts *source,
                          const struct machine_facts *destination, GError **err)
{
    const struct machine_facts *const ends[] = {source, destination};
    for (size_t i = 0; i < G_N_ELEMENTS(ends); i++) {
        if (json_object_size(ends[i]->facts) > 0)
            continue;
        g_set_error(err, VM_ERROR, VM_ERROR_DIFFERENT, "%s does not say what its VM is made of",
                    ends[i]->host);
        return -1;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(ends); i++) {
        const char *field;
        json_t *value;
        json_object_foreach ((json_t *)ends[i]->facts, field, value)
            if (!json_equal(json_object_get(source->facts, field),
                            json_object_get(destination->facts, field)))
                return differ(field, source, destination, err);
    }
    return 0;
}
