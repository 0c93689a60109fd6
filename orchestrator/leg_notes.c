#include "orchestrator/leg_notes.h"

#include "orchestrator/report/text.h"
#include "proto/leg_words.h"

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

static void add_unchecked(struct test_result *result)
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

/* The legs of one VM of which a figure is large. */
struct tall {
    unsigned legs, of;
    double largest;
};

static struct tall find_tall(const struct test_result *result, const char *vm,
                             double (*figure)(const struct leg_result *), double from)
{
    struct tall tall = {.largest = -1};
    for (unsigned i = 0; i < result->legs->len; i++) {
        const struct leg_result *leg = g_ptr_array_index(result->legs, i);
        if (strcmp(leg->vm, vm) != 0)
            continue;
        tall.of++;
        tall.legs += figure(leg) >= from;
        tall.largest = MAX(tall.largest, figure(leg));
    }
    return tall;
}

static double setup_of(const struct leg_result *leg)
{
    return leg->setup_ms;
}

static double syncs_of(const struct leg_result *leg)
{
    return (double)leg->dirty_syncs;
}

static void add_long_setup(struct test_result *result, const char *vm)
{
    struct tall tall = find_tall(result, vm, setup_of, LEG_NOTES_LONG_SETUP_MS);
    if (tall.legs == 0)
        return;
    g_autofree char *longest = text_ms(tall.largest);
    g_autofree char *note =
        g_strdup_printf("setup of %s took up to %s (1 s and more in %u of %u leg%s): the guest may "
                        "stand still meanwhile, and no downtime contains it",
                        vm, longest, tall.legs, tall.of, tall.of == 1 ? "" : "s");
    test_result_note(result, note);
}

static bool is_tcg(const struct test_result *result, const char *vm)
{
    const json_t *platform = json_object_get(result->platform, vm);
    return g_strcmp0(json_string_value(json_object_get(platform, "accelerator")), "tcg") == 0;
}

static void add_many_syncs(struct test_result *result, const char *vm)
{
    struct tall tall = find_tall(result, vm, syncs_of, LEG_TCG_MANY_SYNCS);
    if (tall.legs == 0 || !is_tcg(result, vm))
        return;
    g_autofree char *note = g_strdup_printf(
        "TCG, %.0f syncs: %s had %d dirty syncs and more in %u of %u leg%s; " LEG_TCG_DOUBT,
        tall.largest, vm, LEG_TCG_MANY_SYNCS, tall.legs, tall.of, tall.of == 1 ? "" : "s");
    test_result_note(result, note);
}

void leg_notes_add(struct test_result *result)
{
    g_autoptr(GHashTable) told = g_hash_table_new(g_str_hash, g_str_equal);
    add_unchecked(result);
    for (unsigned i = 0; i < result->legs->len; i++) {
        const struct leg_result *leg = g_ptr_array_index(result->legs, i);
        if (!g_hash_table_add(told, leg->vm))
            continue;
        add_long_setup(result, leg->vm);
        add_many_syncs(result, leg->vm);
    }
}
