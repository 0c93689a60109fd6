#include "orchestrator/description.h"

#include "cfg/nearest.h"
#include "orchestrator/description-text.h"

#include <string.h>

static struct {
    json_t *root;
    GHashTable *types;      /* name -> json_t */
    GHashTable *guests;     /* name -> json_t */
    GHashTable *parameters; /* name -> struct param_info */
    GHashTable *aliases;    /* name -> struct param_alias */
    GHashTable *conditions; /* names that rows have as .only_with, a set */
    GPtrArray *rows;        /* struct param_info, ended by NULL */
    GPtrArray *families;    /* struct param_info whose names end with '*' */
    GPtrArray *names;       /* of other parameters and aliases, ended by NULL */
    GPtrArray *type_names;  /* ended by NULL */
} all;

static const char *text_of(const json_t *row, const char *key)
{
    return json_string_value(json_object_get(row, key));
}

/* NULL if the member is not there. */
static const char *const *words_of(const json_t *row, const char *key)
{
    const json_t *array = json_object_get(row, key), *word;
    size_t i;

    if (array == NULL)
        return NULL;
    const char **words = g_new0(const char *, json_array_size(array) + 1);
    json_array_foreach (array, i, word)
        words[i] = json_string_value(word);
    return words;
}

static const struct param_later *later_of(const json_t *row)
{
    const json_t *array = json_object_get(row, "later"), *word;
    size_t i;

    if (array == NULL)
        return NULL;
    struct param_later *later = g_new0(struct param_later, json_array_size(array) + 1);
    json_array_foreach (array, i, word)
        later[i] = (struct param_later){text_of(word, "word"), text_of(word, "why")};
    return later;
}

static unsigned scopes_of(const json_t *row)
{
    const json_t *array = json_object_get(row, "scopes"), *name;
    unsigned scopes = 0;
    size_t i;

    json_array_foreach (array, i, name)
        for (unsigned bit = 0; bit < PARAM_SCOPES; bit++)
            if (strcmp(json_string_value(name), param_scope_name(bit)) == 0)
                scopes |= 1u << bit;
    return scopes;
}

static struct param_info *read_parameter(const json_t *row)
{
    struct param_info *info = g_new(struct param_info, 1);

    *info = (struct param_info){
        .name = text_of(row, "name"),
        .kind = param_kind_named(text_of(row, "type")),
        .fallback = text_of(row, "default"),
        .unit = (uint64_t)json_integer_value(json_object_get(row, "unit")),
        .min = json_integer_value(json_object_get(row, "min")),
        .max = json_integer_value(json_object_get(row, "max")),
        .values = words_of(row, "values"),
        .later = later_of(row),
        .word_pattern = text_of(row, "word_pattern"),
        .word_rule = text_of(row, "word_rule"),
        .scopes = scopes_of(row),
        .secret = json_is_true(json_object_get(row, "secret")),
        .same_everywhere = json_is_true(json_object_get(row, "same_everywhere")),
        .claim = text_of(row, "claim"),
        .care = param_care_named(text_of(row, "care")),
        .same = words_of(row, "same"),
        .why = text_of(row, "why"),
        .only_with = words_of(row, "only_with"),
        .section = text_of(row, "section"),
        .example = text_of(row, "example"),
        .doc = text_of(row, "doc"),
    };
    return info;
}

/* NULL if any value is meant. */
static const struct param_alias_value *alias_values_of(const json_t *row)
{
    const json_t *array = json_object_get(row, "values"), *pair;
    size_t i;

    if (array == NULL)
        return NULL;
    struct param_alias_value *values = g_new0(struct param_alias_value, json_array_size(array) + 1);
    json_array_foreach (array, i, pair)
        values[i] = (struct param_alias_value){text_of(pair, "from"), text_of(pair, "to")};
    return values;
}

static struct param_alias *read_alias(const json_t *row)
{
    struct param_alias *alias = g_new(struct param_alias, 1);

    *alias = (struct param_alias){
        .name = text_of(row, "name"),
        .current = text_of(row, "current"),
        .values = alias_values_of(row),
    };
    return alias;
}

static void read_rows(void)
{
    const json_t *row;
    size_t i;

    json_array_foreach (json_object_get(all.root, "types"), i, row) {
        g_hash_table_insert(all.types, (void *)text_of(row, "type"), (void *)row);
        g_ptr_array_add(all.type_names, (void *)text_of(row, "type"));
    }
    json_array_foreach (json_object_get(all.root, "guests"), i, row)
        g_hash_table_insert(all.guests, (void *)text_of(row, "name"), (void *)row);
    json_array_foreach (json_object_get(all.root, "parameters"), i, row) {
        struct param_info *info = read_parameter(row);

        g_hash_table_insert(all.parameters, (void *)info->name, info);
        for (const char *const *name = info->only_with; name != NULL && *name != NULL; name++)
            g_hash_table_add(all.conditions, (void *)*name);
        g_ptr_array_add(all.rows, info);
        g_ptr_array_add(g_str_has_suffix(info->name, "*") ? all.families : all.names,
                        g_str_has_suffix(info->name, "*") ? (void *)info : (void *)info->name);
    }
    json_array_foreach (json_object_get(all.root, "aliases"), i, row) {
        struct param_alias *alias = read_alias(row);

        g_hash_table_insert(all.aliases, (void *)alias->name, alias);
        g_ptr_array_add(all.names, (void *)alias->name);
    }
}

static void read_description(void)
{
    json_error_t error;

    if (all.root != NULL)
        return;
    all.root = json_loads(description_text, 0, &error);
    if (all.root == NULL)
        g_error("the embedded description is not JSON: %s", error.text);
    all.types = g_hash_table_new(g_str_hash, g_str_equal);
    all.guests = g_hash_table_new(g_str_hash, g_str_equal);
    all.parameters = g_hash_table_new(g_str_hash, g_str_equal);
    all.aliases = g_hash_table_new(g_str_hash, g_str_equal);
    all.conditions = g_hash_table_new(g_str_hash, g_str_equal);
    all.rows = g_ptr_array_new();
    all.names = g_ptr_array_new();
    all.families = g_ptr_array_new();
    all.type_names = g_ptr_array_new();
    read_rows();
    g_ptr_array_add(all.rows, NULL);
    g_ptr_array_add(all.names, NULL);
    g_ptr_array_add(all.type_names, NULL);
}

const json_t *description(void)
{
    read_description();
    return all.root;
}

const json_t *description_type(const char *name)
{
    read_description();
    return g_hash_table_lookup(all.types, name);
}

const struct param_info *const *description_parameters(void)
{
    read_description();
    return (const struct param_info *const *)all.rows->pdata;
}

const struct param_info *description_parameter(const char *name)
{
    read_description();
    return g_hash_table_lookup(all.parameters, name);
}

GHashTable *description_conditions(void)
{
    read_description();
    return all.conditions;
}

const struct param_info *description_family(const char *name)
{
    const struct param_info *found = NULL;
    size_t longest = 0;

    read_description();
    for (unsigned i = 0; i < all.families->len; i++) {
        const struct param_info *family = g_ptr_array_index(all.families, i);
        size_t size = strlen(family->name) - 1;

        if (size > longest && strncmp(family->name, name, size) == 0) {
            found = family;
            longest = size;
        }
    }
    return found;
}

const struct param_alias *description_alias(const char *name)
{
    read_description();
    return g_hash_table_lookup(all.aliases, name);
}

const json_t *description_guest(const char *name)
{
    read_description();
    return g_hash_table_lookup(all.guests, name);
}

const char *description_value(const struct params *params, const char *name)
{
    const char *value = params_get(params, name);
    const struct param_info *info = description_parameter(name);

    return value != NULL || info == NULL ? value : info->fallback;
}

const char *const *description_names(void)
{
    read_description();
    return (const char *const *)all.names->pdata;
}

const char *description_nearest(const char *name)
{
    read_description();
    return nearest_find(name, (const char *const *)all.names->pdata);
}

const char *description_nearest_type(const char *name)
{
    g_autoptr(GPtrArray) known = g_ptr_array_new();
    const struct param_info *info = description_parameter("type");

    for (unsigned i = 0; i + 1 < all.type_names->len; i++)
        g_ptr_array_add(known, all.type_names->pdata[i]);
    for (const struct param_later *l = info->later; l != NULL && l->word != NULL; l++)
        g_ptr_array_add(known, (void *)l->word);
    g_ptr_array_add(known, NULL);
    return nearest_find(name, (const char *const *)known->pdata);
}

char *description_types(void)
{
    read_description();
    return g_strjoinv(", ", (char **)all.type_names->pdata);
}

int64_t description_duration_ms(const struct params *params, const char *name)
{
    const struct param_info *info = description_parameter(name);
    int64_t ms = 0;

    if (info != NULL && info->fallback != NULL)
        params_parse_duration_ms(name, info->fallback, &ms, NULL);
    params_duration_ms(params, name, ms, &ms, NULL);
    return ms;
}

int64_t description_number(const struct params *params, const char *name)
{
    const struct param_info *info = description_parameter(name);
    int64_t number = 0;

    if (info != NULL && info->fallback != NULL)
        params_parse_int(name, info->fallback, &number, NULL);
    params_int(params, name, number, &number, NULL);
    return number;
}
