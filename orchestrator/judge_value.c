/* What one key and its value mean by themselves. */
#include "orchestrator/judge_private.h"

#include "cfg/nearest.h"
#include "orchestrator/description.h"
#include "orchestrator/report/secrets.h"
#include "orchestrator/secret_params.h"

#include <string.h>

static void say(struct fact *fact, enum say say, const char *format, ...) G_GNUC_PRINTF(3, 4);

static void say(struct fact *fact, enum say say, const char *format, ...)
{
    va_list args;
    char *text;

    va_start(args, format);
    text = g_strdup_vprintf(format, args);
    va_end(args);
    if (say == SAY_ERROR && fact->origin != NULL) {
        char *placed = g_strdup_printf("%s: %s", fact->origin, text);

        g_free(text);
        text = placed;
    }
    if (fact->said[say] == NULL)
        fact->said[say] = g_ptr_array_new_with_free_func(g_free);
    g_ptr_array_add(fact->said[say], text);
}

const char *judge_shown(const struct fact *fact)
{
    return secret_params_is(fact->key) ? SECRETS_SHOWN : fact->value;
}

const char *judge_translate(const struct fact *fact, bool *known)
{
    static const struct param_info yes_or_no = {.kind = PARAM_BOOL};
    const struct param_alias *alias = fact->parse->alias;

    if (known != NULL)
        *known = true;
    if (alias == NULL || alias->values == NULL)
        return fact->value;
    for (const struct param_alias_value *v = alias->values; v->from != NULL; v++)
        if (param_value_equal(&yes_or_no, v->from, fact->value))
            return v->to;
    if (known != NULL)
        *known = false;
    return NULL;
}

static void say_no_historic_value(struct fact *fact)
{
    g_autoptr(GPtrArray) words = g_ptr_array_new();
    g_autofree char *list = NULL;

    for (const struct param_alias_value *v = fact->parse->alias->values; v->from != NULL; v++)
        g_ptr_array_add(words, (void *)v->from);
    g_ptr_array_add(words, NULL);
    list = g_strjoinv(", ", (char **)words->pdata);
    say(fact, SAY_ERROR, "%s = %s: no such value (expected %s)", fact->key, judge_shown(fact),
        list);
}

static bool has_no_object(const struct judge *judge, const struct param_info *info)
{
    unsigned inner = info->scopes & PARAM_INNER;

    return inner != 0 && (inner & ~judge->meaning->empty) == 0;
}

/* A row of things that the test has none of asks for nothing: image_size, with `images =`. So does
 * one that counts only with what the test does not have. */
static bool is_moot(const struct judge *judge, const struct param_info *info)
{
    const char *const *name = info->only_with;

    if (has_no_object(judge, info))
        return true;
    while (name != NULL && *name != NULL && g_hash_table_contains(judge->meaning->none, *name))
        name++;
    return name != NULL && *name == NULL;
}

/* Whether the test has nothing of what the row counts only with, by what it sets or by default. */
static bool is_alone(const struct judge *judge, const struct param_info *info)
{
    const char *const *name = info->only_with;

    for (; name != NULL && *name != NULL; name++) {
        const struct param_info *with = description_parameter(*name);

        if (g_hash_table_contains(judge->meaning->some, *name) ||
            (!g_hash_table_contains(judge->meaning->none, *name) && with != NULL &&
             with->fallback != NULL && !judge_says_none(*name, with->fallback)))
            return false;
    }
    return info->only_with != NULL;
}

/* What is carried out where it counts, and here is not. */
static void say_alone(struct fact *fact, const char *value)
{
    const struct param_info *info = fact->parse->info;
    g_autofree char *with = NULL;

    if (value[strspn(value, " \t")] == '\0' ||
        (info->fallback != NULL && param_value_equal(info, value, info->fallback)))
        return;
    with = g_strjoinv(" or ", (char **)info->only_with);
    say(fact, SAY_NOTE, "%s has no effect: it counts only with %s", info->name, with);
}

static void look_at_value(const struct judge *judge, struct fact *fact)
{
    const struct param_info *info = fact->parse->info;
    g_autoptr(GError) error = NULL;
    const char *value, *why;
    bool known;

    value = judge_translate(fact, &known);
    if (!known) {
        say_no_historic_value(fact);
        return;
    }
    if (fact->parse->alias != NULL)
        say(fact, SAY_NOTE, "%s is a historic name of %s", fact->parse->alias->name, info->name);
    if (value == NULL || fact->parse->is_bound)
        return;
    if (param_value_check(info, value, &error) < 0) {
        /* Variants have names of their own. */
        say(fact, SAY_ERROR, "%s = %s: %s%s", fact->key, judge_shown(fact), error->message,
            strcmp(info->name, "guest") == 0 ? "; 'vtmh guests FILE' lists those of a file" : "");
        return;
    }
    if (fact->parse->on_error && !(info->scopes & PARAM_ON_ERROR)) {
        say(fact, SAY_NOTE, "%s has no effect: %s is not read after the test", fact->key,
            info->name);
        return;
    }
    if (info->care == PARAM_HONOURED && !has_no_object(judge, info) && is_alone(judge, info) &&
        param_value_unsupported(info, value) == NULL)
        say_alone(fact, value);
    if (is_moot(judge, info))
        return;
    why = param_value_unsupported(info, value);
    if (why != NULL)
        say(fact, SAY_SKIP, "%s = %s is not supported: %s", fact->key, judge_shown(fact), why);
    else if (info->care != PARAM_NOT_SUPPORTED && info->why != NULL &&
             value[strspn(value, " \t")] != '\0')
        say(fact, SAY_NOTE, "%s has no effect: %s", info->name, info->why);
}

static void look_at_wrong_object(struct fact *fact)
{
    const struct key_parse *parse = fact->parse;

    if (parse->wrong == PARAM_PER_HOST)
        say(fact, SAY_ERROR, "%s: %s must be equal on all hosts", fact->key, parse->info->name);
    else if (parse->wrong == PARAM_LIMITS)
        say(fact, SAY_SKIP, "%s is not supported: %s is not a number", fact->key,
            parse->info->name);
    else
        say(fact, SAY_SKIP, "%s is not supported: %s cannot be set for one %s", fact->key,
            parse->info->name, objects_noun(parse->wrong));
}

void judge_look_at(const struct judge *judge, struct fact *fact)
{
    const struct key_parse *parse = fact->parse;

    for (unsigned i = 0; i < G_N_ELEMENTS(fact->said); i++)
        g_clear_pointer(&fact->said[i], g_ptr_array_unref);
    switch (parse->class) {
    case KEY_UNKNOWN:
        if (parse->near != NULL)
            say(fact, SAY_WARNING, "%s%sno test type knows %s; did you mean %s?",
                fact->origin != NULL ? fact->origin : "", fact->origin != NULL ? ": " : "",
                fact->key, parse->near);
        break;
    case KEY_KNOWN:
        look_at_value(judge, fact);
        break;
    case KEY_NOT_HERE:
        say(fact, SAY_NOTE, "%s has no effect: there is no %s %s in this test", fact->key,
            objects_noun(parse->wrong), parse->object);
        break;
    case KEY_NOT_SO:
        look_at_wrong_object(fact);
        break;
    case KEY_DISORDERED:
        say(fact, SAY_ERROR, "%s: its endings stand in another order: %s", fact->key,
            parse->current);
        break;
    }
}
