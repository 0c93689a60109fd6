#include "migration/move/machine_params.h"

#include "migration/params.h"
#include "migration/storage/image.h"

#include <string.h>

static void add(json_t *table, const struct params *params, const struct param_info *info,
                const char *object)
{
    const char *value = params_get_or(params, info->name, info->fallback);
    json_array_append_new(table, json_pack("{s:s, s:s, s:s}", "name", info->name, "of",
                                           object != NULL ? object : "", "value",
                                           value != NULL ? value : ""));
}

/* The lists of what a VM has, and whose own parameters those are. Images have a rule of their own.
 */
static const struct {
    const char *list;
    enum param_scope scope;
} lists[] = {
    {"nics", PARAM_PER_NIC},           {"cdroms", PARAM_PER_CDROM},
    {"floppies", PARAM_PER_FLOPPY},    {"usbs", PARAM_PER_DEVICE},
    {"usb_devices", PARAM_PER_DEVICE}, {"virtio_rngs", PARAM_PER_DEVICE},
    {"serials", PARAM_PER_SERIAL},
};

/* Those that must be the same, of the VM itself (scope 0, object NULL) or of what it has. */
static void add_all(json_t *table, const struct params *params, unsigned scope, const char *object,
                    const char *but)
{
    for (const struct param_info *const *info = param_infos(NULL); *info != NULL; info++) {
        unsigned inner = (*info)->scopes & PARAM_INNER;

        if ((*info)->same_everywhere && g_strcmp0((*info)->name, but) != 0 &&
            (scope == 0 ? inner == 0 : (inner & scope) != 0))
            add(table, params, *info, object);
    }
}

/* names: transfer full. */
static void add_objects(json_t *table, const struct params *params, unsigned scope, GStrv names)
{
    for (char **name = names; *name != NULL; name++) {
        g_autoptr(params) own = params_object_params(params, *name);
        add_all(table, own, scope, *name, NULL);
    }
    g_strfreev(names);
}

json_t *machine_params(const struct params *params)
{
    json_t *table = json_array();
    /* A destination that is told the source's disks compares them when it has them. */
    bool is_told = false;
    param_bool(params, "migration_sync_vms", &is_told, NULL);
    add_all(table, params, 0, NULL, is_told ? "images" : NULL);
    if (!is_told)
        add_objects(table, params, PARAM_PER_IMAGE, image_names(params));
    for (size_t i = 0; i < G_N_ELEMENTS(lists); i++)
        add_objects(table, params, lists[i].scope, param_list(params, lists[i].list));
    return table;
}

static const char *text_of(const json_t *row, const char *key)
{
    const char *text = json_string_value(json_object_get(row, key));
    return text != NULL ? text : "";
}

static bool is_same(const json_t *a, const json_t *b)
{
    const struct param_info *info = param_info(text_of(a, "name"));
    return info != NULL && strcmp(text_of(a, "name"), text_of(b, "name")) == 0 &&
           strcmp(text_of(a, "of"), text_of(b, "of")) == 0 &&
           param_value_equal(info, text_of(a, "value"), text_of(b, "value"));
}

static int differs(const json_t *const *tables, size_t row, const char *const *names, unsigned n,
                   GError **err)
{
    const json_t *first = json_array_get(tables[0], row);
    g_autoptr(GString) values = g_string_new(NULL);
    for (unsigned i = 0; i < n; i++) {
        const char *value = text_of(json_array_get(tables[i], row), "value");
        g_string_append_printf(values, "%s%s on %s", i > 0 ? ", " : "",
                               value[strspn(value, " \t")] != '\0' ? value : "nothing", names[i]);
    }
    const char *object = text_of(first, "of");
    g_set_error(err, CFG_ERROR, CFG_ERROR_PARAM_VALUE, "%s%s%s differs: %s", text_of(first, "name"),
                *object != '\0' ? " of " : "", object, values->str);
    return -1;
}

int machine_params_compare(const json_t *const *tables, const char *const *names, unsigned n,
                           GError **err)
{
    const json_t *first;
    size_t row;
    /* Rows of objects come last, behind their lists, so rows of one index are of one thing. */
    json_array_foreach ((json_t *)tables[0], row, first)
        for (unsigned i = 1; i < n; i++)
            if (!is_same(first, json_array_get(tables[i], row)))
                return differs(tables, row, names, n, err);
    return 0;
}
