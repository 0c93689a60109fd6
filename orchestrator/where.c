#include "orchestrator/where.h"

#include "orchestrator/arguments.h"

#include <string.h>

struct condition {
    char *key, *value;
    bool is_not;
};

struct where {
    GPtrArray *conditions;
};

static void free_condition(gpointer data)
{
    struct condition *condition = data;

    g_free(condition->key);
    g_free(condition->value);
    g_free(condition);
}

struct where *where_parse(const char *text, GError **err)
{
    g_autoptr(where) where = g_new0(struct where, 1);
    g_auto(GStrv) words = g_strsplit(text, ",", -1);

    where->conditions = g_ptr_array_new_with_free_func(free_condition);
    for (char **word = words; *word != NULL; word++) {
        const char *equals = strchr(g_strstrip(*word), '=');
        bool is_not = equals != NULL && equals > *word && equals[-1] == '!';
        size_t size = equals != NULL ? (size_t)(equals - *word) - (is_not ? 1 : 0) : 0;

        if (size == 0 || equals[1] == '\0') {
            g_set_error(
                err, ARGUMENTS_ERROR, ARGUMENTS_ERROR_VALUE,
                "\"%s\" is no condition; write KEY=VALUE or KEY!=VALUE, with commas between",
                *word);
            return NULL;
        }
        struct condition *condition = g_new0(struct condition, 1);
        condition->key = g_strndup(*word, size);
        condition->value = g_strdup(equals + 1);
        condition->is_not = is_not;
        g_ptr_array_add(where->conditions, condition);
    }
    if (where->conditions->len > 0)
        return g_steal_pointer(&where);
    g_set_error_literal(err, ARGUMENTS_ERROR, ARGUMENTS_ERROR_VALUE, "the value is empty");
    return NULL;
}

void where_free(struct where *where)
{
    if (where == NULL)
        return;
    g_ptr_array_unref(where->conditions);
    g_free(where);
}

static bool is_fact(const char *key)
{
    g_auto(GStrv) facts = g_strsplit(WHERE_FACTS, ", ", -1);

    return g_strv_contains((const char *const *)facts, key);
}

static bool any_has_label(const GPtrArray *machines, const char *key)
{
    for (unsigned i = 0; i < machines->len; i++)
        if (machine_label(g_ptr_array_index(machines, i), key) != NULL)
            return true;
    return false;
}

bool where_asks_facts(const struct where *where, const GPtrArray *machines)
{
    for (unsigned i = 0; i < where->conditions->len; i++) {
        const char *key = ((const struct condition *)where->conditions->pdata[i])->key;

        for (unsigned k = 0; is_fact(key) && k < machines->len; k++)
            if (machine_label(g_ptr_array_index(machines, k), key) == NULL)
                return true;
    }
    return false;
}

const char *where_strange(const struct where *where, const GPtrArray *machines)
{
    for (unsigned i = 0; i < where->conditions->len; i++) {
        const char *key = ((const struct condition *)where->conditions->pdata[i])->key;

        if (!is_fact(key) && !any_has_label(machines, key))
            return key;
    }
    return NULL;
}

/* Transfer full. */
static char *fact_text(const json_t *facts, const char *key)
{
    const json_t *fact = json_object_get(facts, key);

    return json_is_integer(fact)
               ? g_strdup_printf("%" JSON_INTEGER_FORMAT, json_integer_value(fact))
               : g_strdup(json_string_value(fact));
}

static bool has_value(const char *text, const char *value, bool of_fact)
{
    size_t size = strlen(value);

    if (g_pattern_match_simple(value, text))
        return true;
    return of_fact && strncmp(text, value, size) == 0 && (text[size] == '.' || text[size] == '-');
}

/* Transfer full. */
static char *refuses(const struct condition *condition, const struct machine *machine,
                     const json_t *facts)
{
    const char *label = machine_label(machine, condition->key);
    bool of_fact = label == NULL && is_fact(condition->key);
    g_autofree char *text = of_fact ? fact_text(facts, condition->key) : g_strdup(label);

    if (of_fact && facts == NULL)
        return NULL;
    if (text == NULL)
        return condition->is_not ? NULL : g_strdup_printf("it has no %s", condition->key);
    return has_value(text, condition->value, of_fact) == condition->is_not
               ? g_strdup_printf("it has %s=%s", condition->key, text)
               : NULL;
}

char *where_refuses(const struct where *where, const struct machine *machine, const json_t *facts)
{
    for (unsigned i = 0; i < where->conditions->len; i++) {
        char *why = refuses(where->conditions->pdata[i], machine, facts);

        if (why != NULL)
            return why;
    }
    return NULL;
}
