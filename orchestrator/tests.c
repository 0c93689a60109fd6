#include "orchestrator/tests.h"

#include "orchestrator/artifacts.h"
#include "orchestrator/description.h"
#include "orchestrator/filter_hint.h"
#include "orchestrator/lost_params.h"
#include "orchestrator/own_guests.h"
#include "orchestrator/strange_params.h"
#include "orchestrator/test_name.h"

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

static struct cfg *open_file(const char *file, const struct cfg_options *options, GError **err)
{
    g_autofree char *path = artifacts_find_configuration(file);
    g_autofree char *longer = g_strconcat(file, ".cfg", NULL);
    g_autofree char *longer_path = artifacts_find_configuration(longer);
    struct cfg_options with_guests = options != NULL ? *options : (struct cfg_options){0};

    if (with_guests.read == NULL)
        with_guests.read = own_guests_read;
    if (with_guests.library == NULL)
        with_guests.library = artifacts_library();
    g_autoptr(cfg) config = cfg_new(&with_guests);

    /* A name without its ending is the only near one that a folder can answer at once. */
    if (!g_file_test(path, G_FILE_TEST_EXISTS) && g_file_test(longer_path, G_FILE_TEST_EXISTS)) {
        g_set_error(err, CFG_ERROR, CFG_ERROR_ARGUMENT,
                    "%s: there is no such file; did you mean %s?", file, longer);
        return NULL;
    }
    return cfg_parse_file(config, path, err) < 0 ? NULL : g_steal_pointer(&config);
}

static int add_lines(struct cfg *config, const GPtrArray *extra, GError **err)
{
    for (unsigned i = 0; i < extra->len; i++)
        if (cfg_parse_text(config, TESTS_COMMAND_LINE, g_ptr_array_index(extra, i), err) < 0)
            return -1;
    return 0;
}

struct cfg *tests_open(const char *file, const GPtrArray *extra, const struct cfg_options *options,
                       GError **err)
{
    g_autoptr(cfg) config = open_file(file, options, err);

    return config == NULL || add_lines(config, extra, err) < 0 ? NULL : g_steal_pointer(&config);
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
    if (++walk->n_seen > TESTS_MAX) {
        g_set_error(err, CFG_ERROR, CFG_ERROR_LIMIT,
                    "%s has more than %d tests; narrow it with --only", walk->selection->file,
                    TESTS_MAX);
        return -1;
    }
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

/* Before anything is done for the first test: what is strange in it may be known in a later one. */
static int check_strange(struct walk *walk, struct cfg *config, const char *wanted,
                         GPtrArray *strange, GError **err)
{
    unsigned n_seen = 0;
    int more = 0;

    while (strange->len > 0 && (more = next_test(config, wanted, n_seen, err)) > 0) {
        if (judge_current(walk->judge, config, err) == NULL)
            return -1;
        strange_params_know(strange, walk->judge, config);
        n_seen++;
    }
    cfg_rewind(config);
    if (more < 0)
        return -1;
    return strange->len > 0 && n_seen > 0
               ? strange_params_fail(strange, walk->judge, walk->selection->file, err)
               : 0;
}

static int walk_over(struct walk *walk, const char *wanted, GError **err)
{
    const struct selection *selection = walk->selection;
    const struct cfg_options options = {.defaults = selection->defaults,
                                        .expand = (const char *const *)selection->expand};
    g_autoptr(cfg) config = open_file(selection->file, &options, err);
    g_autoptr(GPtrArray) strange = NULL;
    int more;

    if (config == NULL)
        return -1;
    strange = strange_params_find(selection, config);
    if (add_lines(config, selection->extra, err) < 0 ||
        check_strange(walk, config, wanted, strange, err) < 0)
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
    g_free(planned->unknown);
    g_free(planned);
}

static GStrv copy_sentences(const GPtrArray *sentences)
{
    GStrv copy = g_new0(char *, sentences->len + 1);

    for (unsigned i = 0; i < sentences->len; i++)
        copy[i] = g_strdup(g_ptr_array_index(sentences, i));
    return copy;
}

/* Most tests have most of the keys in common. */
static const char **copy_keys(const GPtrArray *keys)
{
    const char **copy = g_new0(const char *, keys->len + 1);

    for (unsigned i = 0; i < keys->len; i++)
        copy[i] = g_intern_string(g_ptr_array_index(keys, i));
    return copy;
}

char *tests_note_unknown(unsigned n)
{
    return g_strdup_printf("%u parameter%s that no test type knows; vtmh lint lists %s", n,
                           n == 1 ? "" : "s", n == 1 ? "it" : "them");
}

struct planning {
    const struct selection *selection;
    GPtrArray *tests;
    struct judge *resolver;
    unsigned n_unknown;
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
    planned->unknown = copy_keys(judgement->unknown);
    planning->n_unknown = judgement->n_unknown;
    if (judgement->skips->len > 0) {
        g_auto(GStrv) skips = copy_sentences(judgement->skips);

        planned->skip = g_strjoinv("; ", skips);
    }
    g_ptr_array_add(planning->tests, planned);
    return 0;
}

static void note_unknown(const struct planning *planning)
{
    g_autofree char *note = tests_note_unknown(planning->n_unknown);

    for (unsigned i = 0; i < planning->tests->len; i++) {
        struct planned_test *planned = g_ptr_array_index(planning->tests, i);
        unsigned n = g_strv_length(planned->notes);

        if (planned->unknown[0] == NULL)
            continue;
        planned->notes = g_renew(char *, planned->notes, n + 2);
        planned->notes[n] = g_strdup(note);
        planned->notes[n + 1] = NULL;
    }
}

GPtrArray *tests_read(const struct selection *selection, const char *wanted, unsigned n_hosts,
                      GError **err)
{
    g_autoptr(GPtrArray) tests = g_ptr_array_new_with_free_func(free_planned);
    g_autoptr(judge) resolver = judge_new(n_hosts);
    struct planning planning = {selection, tests, resolver, 0};

    if (tests_walk(selection, wanted, n_hosts, plan_test, &planning, err) < 0)
        return NULL;
    note_unknown(&planning);
    return g_steal_pointer(&tests);
}

bool tests_any_runs(const GPtrArray *tests)
{
    for (unsigned i = 0; i < tests->len; i++)
        if (((const struct planned_test *)g_ptr_array_index(tests, i))->skip == NULL)
            return true;
    return false;
}
