#include "orchestrator/parameters_json.h"

#include "orchestrator/description.h"
#include "orchestrator/host_params.h"
#include "orchestrator/secret_params.h"
#include "orchestrator/tests.h"

static json_t *entry(const char *key, const char *value, const char *origin)
{
    g_autofree char *valid = g_utf8_make_valid(value, -1);

    return json_pack("{s:s, s:s}", "origin", origin, "value",
                     secret_params_is(key) ? SECRETS_SHOWN : valid);
}

static const char *shown_origin(const char *origin)
{
    if (origin == NULL)
        return "vtmh";
    return g_str_has_prefix(origin, TESTS_COMMAND_LINE) ? "command line" : origin;
}

static void add_defaults(json_t *object)
{
    const json_t *row;
    size_t i;

    json_array_foreach (json_object_get(description(), "parameters"), i, row) {
        const char *name = json_string_value(json_object_get(row, "name"));
        const char *fallback = json_string_value(json_object_get(row, "default"));

        if (fallback != NULL && json_object_get(object, name) == NULL)
            json_object_set_new(object, name, entry(name, fallback, "default"));
    }
}

static json_t *of_host(const struct params *own)
{
    json_t *object = json_object();
    struct params_iter it;

    params_iter_init(&it, own);
    while (params_iter_next(&it))
        json_object_set_new(object, it.key, entry(it.key, it.value, shown_origin(it.origin)));
    add_defaults(object);
    return object;
}

json_t *parameters_json(const struct params *test, const char *const *names, unsigned n_hosts)
{
    json_t *root = json_object();

    for (unsigned i = 0; i < n_hosts; i++) {
        g_autoptr(params) own = host_params(test, names, n_hosts, i);

        json_object_set_new(root, names[i], of_host(own));
    }
    return root;
}
