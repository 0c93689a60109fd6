#include "orchestrator/secret_params.h"

#include "orchestrator/description.h"

#include <string.h>

static GHashTable *read_names(void)
{
    GHashTable *names = g_hash_table_new(g_str_hash, g_str_equal);
    const json_t *row;
    size_t i;

    json_array_foreach (json_object_get(description(), "parameters"), i, row)
        if (json_is_true(json_object_get(row, "secret")))
            g_hash_table_add(names, (void *)json_string_value(json_object_get(row, "name")));
    json_array_foreach (json_object_get(description(), "aliases"), i, row)
        if (g_hash_table_contains(names, json_string_value(json_object_get(row, "current"))))
            g_hash_table_add(names, (void *)json_string_value(json_object_get(row, "name")));
    return names;
}

static bool is_secret_family(const char *key)
{
    const struct param_info *family = description_family(key);

    return family != NULL && family->secret;
}

bool secret_params_is(const char *key)
{
    static GHashTable *names;
    g_autofree char *rest = g_strdup(key);

    if (names == NULL)
        names = read_names();
    while (!g_hash_table_contains(names, rest) && !param_name_says_secret(rest)) {
        char *last = strrchr(rest, '_');

        if (last == NULL)
            return is_secret_family(key);
        *last = '\0';
    }
    return true;
}

void secret_params_collect(const struct params *test, struct secrets *secrets)
{
    struct params_iter it;

    params_iter_init(&it, test);
    while (params_iter_next(&it))
        if (secret_params_is(it.key))
            secrets_add(secrets, it.value);
}

void secret_params_collect_labels(char *const *labels, struct secrets *secrets)
{
    for (; *labels != NULL; labels++) {
        const char *equals = strchr(*labels, '=');
        g_autofree char *key = g_strndup(*labels, (size_t)(equals - *labels));

        if (secret_params_is(key))
            secrets_add(secrets, equals + 1);
    }
}
