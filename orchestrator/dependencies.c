#include "orchestrator/dependencies.h"

#include <string.h>

struct dependencies {
    GHashTable *unmet; /* full name -> sentence, of the tests that did not pass */
};

struct dependencies *dependencies_new(void)
{
    struct dependencies *dependencies = g_new0(struct dependencies, 1);

    dependencies->unmet = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    return dependencies;
}

void dependencies_free(struct dependencies *dependencies)
{
    if (dependencies == NULL)
        return;
    g_hash_table_unref(dependencies->unmet);
    g_free(dependencies);
}

bool dependency_means(const char *dependency, const char *name)
{
    size_t size = strlen(dependency);

    if (size == 0)
        return false;
    for (const char *at = strstr(name, dependency); at != NULL; at = strstr(at + 1, dependency))
        if ((at == name || at[-1] == '.') && (at[size] == '\0' || at[size] == '.'))
            return true;
    return false;
}

GStrv dependencies_wanted(const struct params *params)
{
    static const char *const historic[] = {"depend", "dependencies"};
    g_autoptr(GStrvBuilder) wanted = g_strv_builder_new();

    g_strv_builder_addv(wanted, (const char **)params_dep(params));
    for (unsigned i = 0; i < G_N_ELEMENTS(historic); i++) {
        g_auto(GStrv) words = params_objects(params, historic[i]);

        g_strv_builder_addv(wanted, (const char **)words);
    }
    return g_strv_builder_end(wanted);
}

/* What is to be said of a test whose dependency ended so; NULL: nothing. Transfer full. */
static char *sentence(const struct test_result *test)
{
    g_autofree char *id = test_result_id(test);

    switch (test->status) {
    case VTMH__STATUS__STATUS_FAIL:
        return g_strdup_printf("its dependency %s failed", id);
    case VTMH__STATUS__STATUS_ERROR:
    case VTMH__STATUS__STATUS_ABORTED:
        return g_strdup_printf("its dependency %s failed (ERROR)", id);
    default:
        return test->is_unmet
                   ? g_strdup_printf("its dependency %s was not run: %s", id, test->fail_cause)
                   : NULL;
    }
}

void dependencies_note(struct dependencies *dependencies, const struct test_result *test)
{
    char *unmet = sentence(test);

    if (unmet != NULL)
        g_hash_table_replace(dependencies->unmet, g_strdup(test->name), unmet);
    else
        g_hash_table_remove(dependencies->unmet, test->name);
}

char *dependencies_unmet(const struct dependencies *dependencies, const char *const *wanted)
{
    for (; *wanted != NULL; wanted++) {
        GHashTableIter iter;
        void *name, *unmet;

        g_hash_table_iter_init(&iter, dependencies->unmet);
        while (g_hash_table_iter_next(&iter, &name, &unmet))
            if (dependency_means(*wanted, name))
                return g_strdup(unmet);
    }
    return NULL;
}
