#include "orchestrator/lost_params.h"

#include "orchestrator/tests.h"

#include <string.h>

/* The command line has the last word on the key, or the file says the same. */
static bool has_effect(const struct cfg_change *now, const char *value)
{
    if (now->value == NULL)
        return false;
    return g_strcmp0(now->file, TESTS_COMMAND_LINE) == 0 ||
           (now->value_size == strlen(value) && memcmp(now->value, value, now->value_size) == 0);
}

static char *tell(const char *key, const struct cfg_change *now)
{
    if (now->file == NULL)
        return g_strdup_printf("-p %s has no effect: the variants chosen make its value", key);
    return g_strdup_printf("-p %s has no effect: its value comes from %s:%u ('vtmh explain' tells "
                           "why)",
                           key, now->file, now->line);
}

GPtrArray *lost_params(const struct selection *selection, struct cfg *test)
{
    GPtrArray *sentences = g_ptr_array_new_with_free_func(g_free);

    for (unsigned i = 0; i < selection->extra->len; i++) {
        g_autofree char *key = NULL;
        const char *value;
        struct cfg_change now;

        if (selection_assignment(g_ptr_array_index(selection->extra, i), &key, &value) &&
            !cfg_has_chosen(test, key) && cfg_test_value(test, key, &now, NULL) == 0 && !has_effect(&now, value))
            g_ptr_array_add(sentences, tell(key, &now));
    }
    return sentences;
}
