#include "orchestrator/description.h"

#include "cfg/nearest.h"
#include "orchestrator/description-text.h"

#include <string.h>

const json_t *description(void)
{
    static json_t *root;
    if (root == NULL) {
        json_error_t error;
        root = json_loads(description_text, 0, &error);
        if (root == NULL)
            g_error("the embedded description is not JSON: %s", error.text);
    }
    return root;
}

static const json_t *find(const char *array, const char *key, const char *value)
{
    size_t i;
    const json_t *row;
    json_array_foreach (json_object_get(description(), array), i, row)
        if (strcmp(json_string_value(json_object_get(row, key)), value) == 0)
            return row;
    return NULL;
}

const json_t *description_type(const char *name)
{
    return find("types", "type", name);
}

const json_t *description_parameter(const char *name)
{
    g_autofree char *key = g_strdup(name);
    for (;;) {
        const json_t *parameter = find("parameters", "name", key);
        char *last = strrchr(key, '_');
        if (parameter != NULL || last == NULL)
            return parameter;
        *last = '\0';
    }
}

const char *description_nearest(const char *name)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    size_t i;
    const json_t *row;
    json_array_foreach (json_object_get(description(), "parameters"), i, row)
        g_ptr_array_add(names, (void *)json_string_value(json_object_get(row, "name")));
    g_ptr_array_add(names, NULL);
    return nearest_find(name, (const char *const *)names->pdata);
}

/* Each word of a list must match its pattern, if there is one. */
static int check_words(const struct params *params, const char *key, const json_t *parameter,
                       GError **err)
{
    const char *pattern = json_string_value(json_object_get(parameter, "word_pattern"));
    g_auto(GStrv) words = params_objects(params, key);
    for (char **word = words; pattern != NULL && *word != NULL; word++) {
        if (g_regex_match_simple(pattern, *word, G_REGEX_DOLLAR_ENDONLY, 0))
            continue;
        const char *origin = params_origin(params, key);
        g_set_error(err, CFG_ERROR, CFG_ERROR_PARAM_VALUE, "%s%s%s: '%s' cannot be %s",
                    origin != NULL ? origin : "", origin != NULL ? ": " : "", key, *word,
                    json_string_value(json_object_get(parameter, "word_rule")));
        return -1;
    }
    return 0;
}

static int check_value(const struct params *params, const char *key, const json_t *parameter,
                       GError **err)
{
    const char *type = json_string_value(json_object_get(parameter, "type"));
    int64_t min = json_integer_value(json_object_get(parameter, "min"));
    int64_t max = json_integer_value(json_object_get(parameter, "max"));
    int64_t number;
    uint64_t size;
    bool flag;
    if (strcmp(type, "int") == 0)
        return min == 0 && max == 0 ? params_int(params, key, 0, &number, err)
                                    : params_int_range(params, key, min, max, min, &number, err);
    if (strcmp(type, "bool") == 0)
        return params_bool(params, key, false, &flag, err);
    if (strcmp(type, "size") == 0)
        return params_size(params, key, 1, 0, &size, err);
    if (strcmp(type, "duration") == 0)
        return params_duration_ms(params, key, 0, &number, err);
    if (strcmp(type, "list") == 0)
        return check_words(params, key, parameter, err);
    return 0;
}

static int check_test_type(const struct params *params, GError **err)
{
    const char *type = params_require(params, "type", err);
    if (type == NULL)
        return -1;
    if (description_type(type) != NULL)
        return 0;
    g_autoptr(GString) known = g_string_new(NULL);
    size_t i;
    const json_t *row;
    json_array_foreach (json_object_get(description(), "types"), i, row)
        g_string_append_printf(known, "%s%s", i > 0 ? ", " : "",
                               json_string_value(json_object_get(row, "type")));
    const char *origin = params_origin(params, "type");
    g_set_error(err, CFG_ERROR, CFG_ERROR_PARAM_VALUE,
                "%s%stype = %s: no such test type; there are: %s", origin != NULL ? origin : "",
                origin != NULL ? ": " : "", type, known->str);
    return -1;
}

int description_check(const struct params *params, GError **err)
{
    struct params_iter it;
    params_iter_init(&it, params);
    while (params_iter_next(&it)) {
        const json_t *parameter = description_parameter(it.key);
        if (parameter != NULL && check_value(params, it.key, parameter, err) < 0)
            return -1;
    }
    return check_test_type(params, err);
}

int64_t description_duration_ms(const struct params *params, const char *name)
{
    const json_t *fallback = json_object_get(find("parameters", "name", name), "default");
    int64_t ms = 0;
    if (json_is_string(fallback))
        params_parse_duration_ms(name, json_string_value(fallback), &ms, NULL);
    params_duration_ms(params, name, ms, &ms, NULL);
    return ms;
}
