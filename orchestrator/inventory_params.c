#include "orchestrator/inventory_params.h"

#include "orchestrator/description.h"

#include <string.h>

/* The row of a label that is a parameter, and where its value begins; NULL: it is none. */
static const struct param_info *row_of(const char *label, const char **value)
{
    const char *equals = strchr(label, '=');
    g_autofree char *key = g_strndup(label, (size_t)(equals - label));

    *value = equals + 1;
    return description_parameter(key);
}

int inventory_params_check(const GPtrArray *machines, GError **err)
{
    for (unsigned i = 0; i < machines->len; i++) {
        const struct machine *machine = g_ptr_array_index(machines, i);

        for (char **label = machine->labels; *label != NULL; label++) {
            g_autoptr(GError) wrong = NULL;
            const char *value;
            const struct param_info *row = row_of(*label, &value);

            if (row == NULL)
                continue;
            if (!(row->scopes & PARAM_PER_HOST))
                return machine_error(machine, *label, err,
                                     "%s is of the whole test, not of one host", row->name);
            if (row->care == PARAM_NOT_SUPPORTED)
                return machine_error(machine, *label, err, "%s is not supported", row->name);
            if (param_value_check(row, value, &wrong) < 0)
                return machine_error(machine, value, err, "%s = %s: %s", row->name, value,
                                     wrong->message);
        }
    }
    return 0;
}

/* What base.cfg sets to the value that it has anyway is no more than that. */
static bool is_default(const struct param_info *row, const char *value, const char *origin)
{
    const char *colon = origin != NULL ? strrchr(origin, ':') : NULL;
    g_autofree char *path = colon != NULL ? g_strndup(origin, (size_t)(colon - origin)) : NULL;
    g_autofree char *file = path != NULL ? g_path_get_basename(path) : NULL;

    return g_strcmp0(file, "base.cfg") == 0 && g_strcmp0(row->fallback, value) == 0;
}

void inventory_params_apply(struct params *test, const struct machine *const *machines, unsigned n)
{
    for (unsigned host = 0; host < n; host++) {
        g_autofree char *suffix = g_strdup_printf("host%u", host + 1);
        g_autoptr(params) own = params_object_params(test, suffix);
        const struct machine *machine = machines[host];

        for (char **label = machine->labels; *label != NULL; label++) {
            const char *value;
            const struct param_info *row = row_of(*label, &value);
            const char *set = row != NULL ? params_get(own, row->name) : NULL;

            if (row == NULL ||
                (set != NULL && !is_default(row, set, params_origin(own, row->name))))
                continue;
            g_autofree char *key = g_strdup_printf("%s_%s", row->name, suffix);
            g_autofree char *origin = machine->file != NULL
                                          ? g_strdup_printf("%s:%u", machine->file, machine->line)
                                          : NULL;
            params_set(test, key, value, origin);
        }
    }
}
