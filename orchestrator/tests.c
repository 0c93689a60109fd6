#include "orchestrator/tests.h"

#include "orchestrator/artifacts.h"
#include "orchestrator/description.h"
#include "orchestrator/filter_hint.h"
#include "orchestrator/lost_params.h"
#include "orchestrator/test_name.h"

/* A job of more tests than this is a mistake in a filter, not a plan. */
#define MAX_TESTS 100000

/* So many mistakes are told at once. */
#define MAX_ERRORS 20

/* A walk over the tests. */
struct walk {
    const struct selection *selection;
    struct judge *judge;
    tests_fn fn;
    void *user;
    GHashTable *told;  /* mistakes, so that each is told once */
    GString *mistakes; /* a line each */
    unsigned n_seen;
};

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
static int check_typing(const char *file, struct cfg *config, const struct judgement *judgement,
                        GError **err)
{
    g_autoptr(params) test = cfg_test_params(config, err);

    if (test == NULL)
        return -1;
    for (unsigned i = 0; i < judgement->unknown->len; i++) {
        const char *key = g_ptr_array_index(judgement->unknown, i);
        const char *origin = params_origin(test, key);
        if (origin == NULL || !g_str_has_prefix(origin, TESTS_COMMAND_LINE))
            continue;
        const char *nearest = description_nearest(key);
        if (nearest == NULL || file_sets(file, key))
            continue;
        g_set_error(err, CFG_ERROR, CFG_ERROR_ARGUMENT,
                    "there is no parameter %s; did you mean %s? ('vtmh types' lists them)", key,
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

static void note_mistakes(struct walk *walk, struct cfg *config, const GPtrArray *errors)
{
    g_autofree char *name =
        test_name_short(cfg_test_shortname(config), cfg_test_name(config), walk->selection->file);

    for (unsigned i = 0; i < errors->len; i++) {
        const char *error = g_ptr_array_index(errors, i);

        if (!g_hash_table_add(walk->told, g_strdup(error)))
            continue;
        if (g_hash_table_size(walk->told) <= MAX_ERRORS)
            g_string_append_printf(walk->mistakes, "%s%s (test %s)",
                                   walk->mistakes->len > 0 ? "\n" : "", error, name);
    }
}

/* The test at which config stands. */
static int look_at_test(struct walk *walk, struct cfg *config, GError **err)
{
    const struct judgement *judgement = judge_current(walk->judge, config, err);

    if (judgement == NULL)
        return -1;
    if (++walk->n_seen > MAX_TESTS) {
        g_set_error(err, CFG_ERROR, CFG_ERROR_LIMIT,
                    "%s has more than %d tests; narrow it with --only", walk->selection->file,
                    MAX_TESTS);
        return -1;
    }
    if (walk->n_seen == 1 && check_typing(walk->selection->file, config, judgement, err) < 0)
        return -1;
    note_mistakes(walk, config, judgement->errors);
    if (walk->mistakes->len > 0 || walk->fn == NULL)
        return 0;
    return walk->fn(config, judgement, walk->user, err);
}

static int fail_mistakes(const struct walk *walk, GError **err)
{
    unsigned n = g_hash_table_size(walk->told);

    if (n > MAX_ERRORS)
        g_string_append_printf(walk->mistakes, "\n… and %u more", n - MAX_ERRORS);
    g_set_error_literal(err, CFG_ERROR, CFG_ERROR_PARAM_VALUE, walk->mistakes->str);
    return -1;
}

static int walk_over(struct walk *walk, const char *wanted, GError **err)
{
    const struct selection *selection = walk->selection;
    const struct cfg_options options = {.defaults = selection->defaults,
                                        .expand = (const char *const *)selection->expand};
    g_autoptr(cfg) config = tests_open(selection->file, selection->extra, &options, err);
    int more;

    if (config == NULL)
        return -1;
    while ((more = next_test(config, wanted, walk->n_seen, err)) > 0)
        if (look_at_test(walk, config, err) < 0)
            return -1;
    if (more < 0)
        return -1;
    if (walk->n_seen == 0)
        return fail_empty(selection, err);
    return walk->mistakes->len > 0 ? fail_mistakes(walk, err) : 0;
}

int tests_walk(const struct selection *selection, const char *wanted, unsigned n_hosts, tests_fn fn,
               void *user, GError **err)
{
    g_autoptr(judge) judge = judge_new(n_hosts);
    g_autoptr(GHashTable) told = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autoptr(GString) mistakes = g_string_new(NULL);
    struct walk walk = {
        .selection = selection,
        .judge = judge,
        .fn = fn,
        .user = user,
        .told = told,
        .mistakes = mistakes,
    };

    return walk_over(&walk, wanted, err);
}

static void free_planned(gpointer data)
{
    struct planned_test *planned = data;

    params_unref(planned->params);
    g_free(planned->skip);
    g_strfreev(planned->notes);
    g_strfreev(planned->warnings);
    g_free(planned);
}

static GStrv copy_sentences(const GPtrArray *sentences)
{
    GStrv copy = g_new0(char *, sentences->len + 1);

    for (unsigned i = 0; i < sentences->len; i++)
        copy[i] = g_strdup(g_ptr_array_index(sentences, i));
    return copy;
}

struct planning {
    const struct selection *selection;
    GPtrArray *tests;
    struct judge *resolver;
};

static int plan_test(struct cfg *config, const struct judgement *judgement, void *user,
                     GError **err)
{
    struct planning *planning = user;
    g_autoptr(params) params = cfg_test_params(config, err);
    g_autoptr(GPtrArray) warnings = lost_params(planning->selection, config);
    struct planned_test *planned;

    if (params == NULL)
        return -1;
    for (unsigned i = 0; i < judgement->warnings->len; i++)
        g_ptr_array_add(warnings, g_strdup(g_ptr_array_index(judgement->warnings, i)));
    planned = g_new0(struct planned_test, 1);
    planned->params = judge_resolve(planning->resolver, params);
    planned->notes = copy_sentences(judgement->notes);
    planned->warnings = copy_sentences(warnings);
    if (judgement->skips->len > 0) {
        g_auto(GStrv) skips = copy_sentences(judgement->skips);

        planned->skip = g_strjoinv("; ", skips);
    }
    g_ptr_array_add(planning->tests, planned);
    return 0;
}

GPtrArray *tests_read(const struct selection *selection, const char *wanted, unsigned n_hosts,
                      GError **err)
{
    g_autoptr(GPtrArray) tests = g_ptr_array_new_with_free_func(free_planned);
    g_autoptr(judge) resolver = judge_new(n_hosts);
    struct planning planning = {selection, tests, resolver};

    if (tests_walk(selection, wanted, n_hosts, plan_test, &planning, err) < 0)
        return NULL;
    return g_steal_pointer(&tests);
}

bool tests_any_runs(const GPtrArray *tests)
{
    for (unsigned i = 0; i < tests->len; i++)
        if (((const struct planned_test *)g_ptr_array_index(tests, i))->skip == NULL)
            return true;
    return false;
}

static void add_guest(GPtrArray *guests, const char *name)
{
    if (name != NULL && *name != '\0' &&
        !g_ptr_array_find_with_equal_func(guests, name, g_str_equal, NULL))
        g_ptr_array_add(guests, g_strdup(name));
}

GStrv tests_guests(const GPtrArray *tests)
{
    g_autoptr(GPtrArray) guests = g_ptr_array_new_with_free_func(g_free);
    for (unsigned i = 0; i < tests->len; i++) {
        const struct planned_test *planned = g_ptr_array_index(tests, i);
        struct params_iter it;
        if (planned->skip != NULL)
            continue;
        params_iter_init(&it, planned->params);
        while (params_iter_next(&it))
            if (g_str_equal(it.key, "guest") || g_str_has_prefix(it.key, "guest_vm"))
                add_guest(guests, it.value);
    }
    g_ptr_array_add(guests, NULL);
    return (GStrv)g_ptr_array_free(g_steal_pointer(&guests), FALSE);
}
