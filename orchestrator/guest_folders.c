#include "orchestrator/guest_folders.h"

#include "orchestrator/description.h"
#include "orchestrator/tests.h"

#include <string.h>

static void add_guest(GPtrArray *guests, const char *name)
{
    if (name != NULL && *name != '\0' &&
        !g_ptr_array_find_with_equal_func(guests, name, g_str_equal, NULL))
        g_ptr_array_add(guests, g_strdup(name));
}

/* Whether the key says which guest a VM has: guest, guest_VM, and both with a host behind. */
static bool names_guest(const char *key, const char *const *vms)
{
    if (!g_str_has_prefix(key, "guest"))
        return false;
    key += strlen("guest");
    for (; *vms != NULL; vms++)
        if (*key == '_' && g_str_has_prefix(key + 1, *vms) &&
            (key[1 + strlen(*vms)] == '_' || key[1 + strlen(*vms)] == '\0')) {
            key += 1 + strlen(*vms);
            break;
        }
    return *key == '\0' || (g_str_has_prefix(key, "_host") && g_ascii_isdigit(key[5]));
}

static bool wants_value(const json_t *want, const char *value)
{
    const json_t *values = json_object_get(want, "values");
    const json_t *word;
    size_t i;
    json_array_foreach (values, i, word)
        if (strcmp(json_string_value(word), value) == 0)
            return true;
    return values == NULL && *value != '\0';
}

/* Whether something in the test wants the folder beside a guest's own. That it may be another VM's
 * does no harm. */
static bool wants_folder(const struct params *params, const json_t *folder)
{
    const json_t *want;
    size_t i;
    json_array_foreach (json_object_get(folder, "wants"), i, want) {
        const char *param = json_string_value(json_object_get(want, "param"));
        if (param == NULL)
            param = json_string_value(json_object_get(want, "list"));
        struct params_iter it;
        params_iter_init(&it, params);
        while (params_iter_next(&it))
            if (param_key_is_of(it.key, param) && wants_value(want, it.value))
                return true;
    }
    return false;
}

static void add_guest_and_folder(GPtrArray *guests, const struct params *params, const char *name)
{
    const json_t *guest = description_guest(name);
    const json_t *folder = json_object_get(guest, "folder");
    if (!json_is_false(json_object_get(guest, "own_folder")))
        add_guest(guests, name);
    if (folder != NULL && wants_folder(params, folder))
        add_guest(guests, json_string_value(json_object_get(folder, "name")));
}

GStrv guest_folders(const GPtrArray *tests)
{
    g_autoptr(GPtrArray) guests = g_ptr_array_new_with_free_func(g_free);
    for (unsigned i = 0; i < tests->len; i++) {
        const struct planned_test *planned = g_ptr_array_index(tests, i);
        struct params_iter it;
        if (planned->skip != NULL)
            continue;
        g_auto(GStrv) vms = params_objects(planned->params, "vms");
        params_iter_init(&it, planned->params);
        while (params_iter_next(&it))
            if (names_guest(it.key, (const char *const *)vms))
                add_guest_and_folder(guests, planned->params, it.value);
    }
    g_ptr_array_add(guests, NULL);
    return (GStrv)g_ptr_array_free(g_steal_pointer(&guests), FALSE);
}
