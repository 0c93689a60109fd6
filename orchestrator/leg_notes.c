#include "orchestrator/leg_notes.h"

#include <string.h>

static bool is_unchecked(const struct leg_result *leg)
{
    return g_strcmp0(leg->status, "completed") == 0 && leg->not_checked != NULL &&
           leg->memory_check == VTMH__MEMORY_CHECK__MEMORY_NOT_CHECKED;
}

/* Counts in tallies, keyed by text. */
static void tally(GHashTable *tallies, const char *key)
{
    unsigned n = GPOINTER_TO_UINT(g_hash_table_lookup(tallies, key));
    g_hash_table_insert(tallies, g_strdup(key), GUINT_TO_POINTER(n + 1));
}

static char *key_of(const struct leg_result *leg)
{
    return g_strdup_printf("%s: %s", leg->vm, leg->not_checked);
}

void leg_notes_unchecked(struct test_result *result)
{
    g_autoptr(GHashTable) completed = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autoptr(GHashTable) unchecked = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (unsigned i = 0; i < result->legs->len; i++) {
        const struct leg_result *leg = g_ptr_array_index(result->legs, i);
        g_autofree char *key = is_unchecked(leg) ? key_of(leg) : NULL;
        if (g_strcmp0(leg->status, "completed") == 0)
            tally(completed, leg->vm);
        if (key != NULL)
            tally(unchecked, key);
    }
    for (unsigned i = 0; i < result->legs->len && g_hash_table_size(unchecked) > 0; i++) {
        const struct leg_result *leg = g_ptr_array_index(result->legs, i);
        g_autofree char *key = is_unchecked(leg) ? key_of(leg) : NULL;
        unsigned n = key != NULL ? GPOINTER_TO_UINT(g_hash_table_lookup(unchecked, key)) : 0;
        unsigned of = GPOINTER_TO_UINT(g_hash_table_lookup(completed, leg->vm));
        if (n == 0)
            continue;
        g_hash_table_remove(unchecked, key);
        g_autofree char *note =
            g_strdup_printf("memory of %s not checked in %u of %u leg%s: %s", leg->vm, n, of,
                            of == 1 ? "" : "s", leg->not_checked);
        test_result_note(result, note);
    }
}
