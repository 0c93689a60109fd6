#include "orchestrator/tests.h"

#include "orchestrator/artifacts.h"
#include "orchestrator/description.h"
#include "orchestrator/filter_hint.h"
#include "orchestrator/test_name.h"

/* A job of more tests than this is a mistake in a filter, not a plan. */
#define MAX_TESTS 100000

static void unref_params(gpointer params)
{
    params_unref(params);
}

struct cfg *tests_open(const char *file, const GPtrArray *extra, const struct cfg_options *options,
                       GError **err)
{
    g_autofree char *path = artifacts_find_configuration(file);
    g_autoptr(cfg) config = cfg_new(options);
    if (cfg_parse_file(config, path, err) < 0)
        return NULL;
    for (unsigned i = 0; i < extra->len; i++)
        if (cfg_parse_text(config, TESTS_COMMAND_LINE, g_ptr_array_index(extra, i), err) < 0)
            return NULL;
    return g_steal_pointer(&config);
}

/* Whether the file sets the key by itself, in its first test. */
static bool file_sets(const char *file, const char *key)
{
    g_autoptr(cfg) config = cfg_new(NULL);
    if (cfg_parse_file(config, file, NULL) < 0 || cfg_next(config, NULL) <= 0)
        return false;
    g_autoptr(params) test = cfg_test_params(config, NULL);
    return test != NULL && params_get(test, key) != NULL;
}

/*
 * A parameter that only the command line sets, that no node knows, and that is nearly the name of
 * one that they know, is a slip of the fingers. One's own variables are nobody's business.
 */
static int check_typing(const char *file, const struct params *test, GError **err)
{
    struct params_iter it;
    params_iter_init(&it, test);
    while (params_iter_next(&it)) {
        if (it.origin == NULL || !g_str_has_prefix(it.origin, TESTS_COMMAND_LINE) ||
            description_parameter(it.key) != NULL)
            continue;
        const char *nearest = description_nearest(it.key);
        if (nearest == NULL || file_sets(file, it.key))
            continue;
        g_set_error(err, CFG_ERROR, CFG_ERROR_ARGUMENT,
                    "there is no parameter %s; did you mean %s? ('vtmh types' lists them)", it.key,
                    nearest);
        return -1;
    }
    return 0;
}

static int fail_empty(const struct selection *selection, GError **err)
{
    g_autofree char *hint = filter_hint(selection);
    if (hint != NULL)
        g_set_error(err, CFG_ERROR, CFG_ERROR_ARGUMENT, "%s: no test is left by the filters: %s",
                    selection->file, hint);
    else
        g_set_error(err, CFG_ERROR, CFG_ERROR_ARGUMENT,
                    "%s: no test is left by the filters ('vtmh list %s' shows what there is)",
                    selection->file, selection->file);
    return -1;
}

/* The next test; of one that is wanted by name only this one. As cfg_next(). */
static int next_test(struct cfg *config, const char *wanted, unsigned n_read, GError **err)
{
    if (wanted == NULL)
        return cfg_next(config, err);
    if (n_read > 0)
        return 0;
    return cfg_seek(config, wanted, err) < 0 ? -1 : 1;
}

GPtrArray *tests_read(const struct selection *selection, const char *wanted, GError **err)
{
    const char *file = selection->file;
    const struct cfg_options options = {.defaults = selection->defaults,
                                        .expand = (const char *const *)selection->expand};
    g_autoptr(cfg) config = tests_open(file, selection->extra, &options, err);
    g_autoptr(GPtrArray) tests = g_ptr_array_new_with_free_func(unref_params);
    if (config == NULL)
        return NULL;

    int more;
    while ((more = next_test(config, wanted, tests->len, err)) > 0) {
        struct params *test = cfg_test_params(config, err);
        if (test == NULL)
            return NULL;
        g_ptr_array_add(tests, test);
        if (description_check(test, err) < 0) {
            g_autofree char *name =
                test_name_short(cfg_test_shortname(config), cfg_test_name(config), file);
            g_prefix_error(err, "test %s: ", name);
            return NULL;
        }
        if (tests->len > MAX_TESTS) {
            g_set_error(err, CFG_ERROR, CFG_ERROR_LIMIT,
                        "%s has more than %d tests; narrow it with --only", file, MAX_TESTS);
            return NULL;
        }
    }
    if (more < 0)
        return NULL;
    if (tests->len == 0) {
        fail_empty(selection, err);
        return NULL;
    }
    if (check_typing(file, g_ptr_array_index(tests, 0), err) < 0)
        return NULL;
    return g_steal_pointer(&tests);
}

GStrv tests_guests(const GPtrArray *tests)
{
    g_autoptr(GPtrArray) guests = g_ptr_array_new_with_free_func(g_free);
    for (unsigned i = 0; i < tests->len; i++) {
        const struct params *test = g_ptr_array_index(tests, i);
        struct params_iter it;
        params_iter_init(&it, test);
        while (params_iter_next(&it))
            if ((g_str_equal(it.key, "guest") || g_str_has_prefix(it.key, "guest_vm")) &&
                !g_ptr_array_find_with_equal_func(guests, it.value, g_str_equal, NULL))
                g_ptr_array_add(guests, g_strdup(it.value));
    }
    g_ptr_array_add(guests, NULL);
    return (GStrv)g_ptr_array_free(g_steal_pointer(&guests), FALSE);
}
