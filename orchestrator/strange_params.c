#include "orchestrator/strange_params.h"

#include "orchestrator/description.h"

#include <string.h>

/* What the choices of variants make; that a -p of it has no effect is told by itself. */
static bool is_made(const char *key)
{
    return strcmp(key, "name") == 0 || strcmp(key, "shortname") == 0 || strcmp(key, "dep") == 0;
}

static bool is_strange(const char *key, const struct cfg *config)
{
    return description_parameter(key) == NULL && description_alias(key) == NULL && !is_made(key) &&
           !cfg_mentions(config, key);
}

GPtrArray *strange_params_find(const struct selection *selection, const struct cfg *config)
{
    GPtrArray *strange = g_ptr_array_new_with_free_func(g_free);

    for (unsigned i = 0; i < selection->extra->len; i++) {
        g_autofree char *key = NULL;
        const char *value;

        if (selection_assignment(g_ptr_array_index(selection->extra, i), &key, &value) &&
            is_strange(key, config))
            g_ptr_array_add(strange, g_steal_pointer(&key));
    }
    return strange;
}

struct mention {
    const struct cfg *config;
    const char *key;
};

/* By now the command line mentions the key itself. */
static const char *find_mentioned(const char *name, void *user)
{
    const struct mention *mention = user;
    bool found = strcmp(name, mention->key) == 0 ? cfg_reads(mention->config, name)
                                                 : cfg_mentions(mention->config, name);

    return found ? name : NULL;
}

static bool is_mentioned(struct judge *judge, const char *key, const struct cfg *config)
{
    struct mention mention = {config, key};
    g_autofree char *found = judge_rename(judge, key, find_mentioned, &mention);

    return found != NULL;
}

void strange_params_know(GPtrArray *strange, struct judge *judge, const struct cfg *config)
{
    for (unsigned i = strange->len; i > 0; i--) {
        const char *key = g_ptr_array_index(strange, i - 1);

        if (judge_knows(judge, key) || is_mentioned(judge, key, config))
            g_ptr_array_remove_index(strange, i - 1);
    }
}

static const char *find_nearest(const char *name, G_GNUC_UNUSED void *user)
{
    return description_nearest(name);
}

int strange_params_fail(const GPtrArray *strange, struct judge *judge, const char *file,
                        GError **err)
{
    g_autoptr(GString) text = g_string_new(NULL);

    for (unsigned i = 0; i < strange->len; i++) {
        const char *key = g_ptr_array_index(strange, i);
        g_autofree char *nearest = judge_rename(judge, key, find_nearest, NULL);

        g_string_append_printf(text, "%sthere is no parameter %s", i > 0 ? "\n" : "", key);
        if (nearest != NULL && g_str_has_prefix(key, nearest) && key[strlen(nearest)] == '_')
            g_string_append_printf(text, ": %s is one, but nothing of the test is called %s",
                                   nearest, key + strlen(nearest) + 1);
        else if (nearest != NULL)
            g_string_append_printf(text, "; did you mean %s?", nearest);
        else
            g_string_append_printf(text, ", and %s does not speak of it", file);
    }
    g_set_error(err, CFG_ERROR, CFG_ERROR_ARGUMENT, "%s ('vtmh types' lists them)", text->str);
    return -1;
}
