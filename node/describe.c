#include "node/describe.h"

#include "migration/guest/guest.h"
#include "migration/params.h"
#include "migration/params_tables.h"
#include "migration/scenario/scenario.h"
#include "node/version.h"

#include <jansson.h>

static json_t *describe_types(void)
{
    json_t *types = json_array();
    for (const struct scenario *s = scenarios; s->type != NULL; s++)
        json_array_append_new(types,
                              json_pack("{s:s, s:s, s:I}", "type", s->type, "summary", s->summary,
                                        "migrate_count", (json_int_t)s->migrate_count));
    return types;
}

/* NULL, which json_object_set_new() leaves out, if there are none. */
static json_t *describe_words(const char *const *words)
{
    json_t *array = words != NULL ? json_array() : NULL;
    for (; words != NULL && *words != NULL; words++)
        json_array_append_new(array, json_string(*words));
    return array;
}

static json_t *describe_later(const struct param_later *later)
{
    json_t *array = later != NULL ? json_array() : NULL;
    for (; later != NULL && later->word != NULL; later++)
        json_array_append_new(array,
                              json_pack("{s:s, s:s}", "word", later->word, "why", later->why));
    return array;
}

static json_t *describe_scopes(unsigned scopes)
{
    json_t *array = json_array();
    for (unsigned i = 0; i < PARAM_SCOPES; i++)
        if (scopes & 1u << i)
            json_array_append_new(array, json_string(param_scope_name(i)));
    return array;
}

/* What a row does not say is left out, but for the default, which is null then. */
static json_t *describe_parameter(const struct param_info *info)
{
    json_t *row = json_pack(
        "{s:s, s:s, s:s?, s:s, s:s, s:s, s:o, s:s*, s:s*, s:s*, s:o*, s:o*, s:o*, s:o*}", "name",
        info->name, "type", param_kind_name(info->kind), "default", info->fallback, "section",
        info->section, "doc", info->doc, "care", param_care_name(info->care), "scopes",
        describe_scopes(info->scopes), "word_pattern", info->word_pattern, "word_rule",
        info->word_rule, "why", info->why, "values", describe_words(info->values), "later",
        describe_later(info->later), "same", describe_words(info->same), "only_with",
        describe_words(info->only_with));
    if (info->min != 0 || info->max != 0) {
        json_object_set_new(row, "min", json_integer(info->min));
        json_object_set_new(row, "max", json_integer(info->max));
    }
    if (info->unit != 0)
        json_object_set_new(row, "unit", json_integer((json_int_t)info->unit));
    if (info->example != NULL)
        json_object_set_new(row, "example", json_string(info->example));
    if (info->claim != NULL)
        json_object_set_new(row, "claim", json_string(info->claim));
    if (info->same_everywhere)
        json_object_set_new(row, "same_everywhere", json_true());
    if (info->secret)
        json_object_set_new(row, "secret", json_true());
    return row;
}

static json_t *describe_parameters(void)
{
    json_t *parameters = json_array();
    for (const struct param_info *const *info = param_infos(NULL); *info != NULL; info++)
        json_array_append_new(parameters, describe_parameter(*info));
    return parameters;
}

static json_t *describe_aliases(void)
{
    json_t *aliases = json_array();
    for (const struct param_alias *alias = param_aliases(); alias->name != NULL; alias++) {
        json_t *row = json_pack("{s:s, s:s}", "name", alias->name, "current", alias->current);
        json_t *values = alias->values != NULL ? json_array() : NULL;
        for (const struct param_alias_value *v = alias->values; v != NULL && v->from != NULL; v++)
            json_array_append_new(values, json_pack("{s:s, s:s?}", "from", v->from, "to", v->to));
        if (values != NULL)
            json_object_set_new(row, "values", values);
        json_array_append_new(aliases, row);
    }
    return aliases;
}

static json_t *describe_wants(const struct guest_want *want)
{
    json_t *wants = json_array();
    for (; want->list != NULL || want->param != NULL; want++)
        json_array_append_new(wants,
                              json_pack("{s:s*, s:s*, s:o*}", "list", want->list, "param",
                                        want->param, "values", describe_words(want->values)));
    return wants;
}

/* NULL if there is none. */
static json_t *describe_folder(const struct guest_folder *folder)
{
    return folder == NULL ? NULL
                          : json_pack("{s:s, s:o, s:o}", "name", folder->name, "wants",
                                      describe_wants(folder->wants), "undriven",
                                      describe_wants(folder->undriven));
}

static json_t *describe_guests(void)
{
    json_t *guests = json_array();
    bool has_network;
    const char *name;
    for (unsigned i = 0; (name = guest_kind_name(i, &has_network)) != NULL; i++)
        json_array_append_new(guests, json_pack("{s:s, s:b, s:b, s:o*}", "name", name, "network",
                                                (int)has_network, "own_folder",
                                                (int)guest_kind_has_own_folder(i), "folder",
                                                describe_folder(guest_kind_folder(i))));
    return guests;
}

int describe(FILE *out)
{
    json_t *root = json_pack("{s:s, s:o, s:o, s:o, s:o, s:o}", "version", NODE_VERSION, "types",
                             describe_types(), "parameters", describe_parameters(), "aliases",
                             describe_aliases(), "reference", describe_words(reference_names),
                             "guests", describe_guests());
    int dumped = json_dumpf(root, out, JSON_INDENT(1) | JSON_SORT_KEYS);
    json_decref(root);
    return dumped == 0 && fputc('\n', out) == '\n' && fflush(out) == 0 ? 0 : 1;
}
