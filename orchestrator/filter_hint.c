#include "orchestrator/filter_hint.h"

#include "cfg/nearest.h"
#include "orchestrator/tests.h"

#include <string.h>

#define MAX_TESTS 20000 /* looked at: well under a second */

/* Adds the labels of a full name. */
static void add_labels(GHashTable *labels, const char *name)
{
    g_auto(GStrv) words = g_strsplit(name, ".", -1);

    for (char **word = words; *word != NULL; word++)
        if (!g_hash_table_contains(labels, *word))
            g_hash_table_add(labels, g_strdup(*word));
}

/* Adds both forms of "(v=one)": a filter may write it so, or as the variant alone. */
static void add_variants(GHashTable *labels)
{
    GList *keys = g_hash_table_get_keys(labels);

    for (GList *key = keys; key != NULL; key = key->next) {
        const char *label = key->data;
        const char *equals = strchr(label, '=');

        if (*label == '(' && equals != NULL)
            g_hash_table_add(labels, g_strndup(equals + 1, strcspn(equals + 1, ")")));
    }
    g_list_free(keys);
}

/* All labels of the file's tests before the command line filters them; NULL: too many. */
static GHashTable *read_labels(const struct selection *selection)
{
    g_autoptr(GHashTable) labels = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autoptr(GPtrArray) no_lines = g_ptr_array_new();
    g_autoptr(cfg) cfg = tests_open(selection->file, no_lines, NULL, NULL);
    unsigned n = 0;
    int more = -1;

    while (cfg != NULL && (more = cfg_next(cfg, NULL)) > 0 && n++ < MAX_TESTS)
        add_labels(labels, cfg_test_name(cfg));
    if (more != 0)
        return NULL;
    add_variants(labels);
    return g_steal_pointer(&labels);
}

static char *hint_at(const char *line, const char *word, GHashTable *labels)
{
    g_autofree const char **known = (const char **)g_hash_table_get_keys_as_array(labels, NULL);
    const char *nearest = nearest_find(word, known);

    return g_strdup_printf("--only %s: there is no variant %s%s%s%s", line + strlen("only "), word,
                           nearest != NULL ? "; did you mean " : "", nearest != NULL ? nearest : "",
                           nearest != NULL ? "?" : "");
}

char *filter_hint(const struct selection *selection)
{
    g_autoptr(GHashTable) labels = read_labels(selection);

    for (unsigned i = 0; labels != NULL && i < selection->extra->len; i++) {
        const char *line = g_ptr_array_index(selection->extra, i);

        if (!g_str_has_prefix(line, "only "))
            continue;
        g_auto(GStrv) words = g_strsplit_set(line + strlen("only "), " ,.\t()", -1);
        for (char **word = words; *word != NULL; word++) {
            const char *plain = strchr(*word, '=') != NULL ? strchr(*word, '=') + 1 : *word;

            if (*plain != '\0' && !g_hash_table_contains(labels, plain))
                return hint_at(line, plain, labels);
        }
    }
    return NULL;
}
