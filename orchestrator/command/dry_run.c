#include "orchestrator/command/dry_run.h"

#include "orchestrator/lost_params.h"
#include "orchestrator/test_name.h"
#include "orchestrator/tests.h"

#include <stdio.h>

/* A sentence, and of how many tests it is told. */
struct remark {
    char *text;
    unsigned n_tests;
    uint64_t last; /* the number of the last of them: a test may have it twice */
};

/* In the order in which they first come. */
struct tally {
    GPtrArray *remarks;  /* struct remark */
    GHashTable *by_text; /* text -> struct remark */
};

struct plan {
    const struct selection *selection;
    struct tally warnings, notes;
    unsigned n_unknown;  /* different keys that no test type knows … */
    unsigned n_with_own; /* … and the tests that have any */
};

static void free_remark(void *data)
{
    struct remark *remark = data;

    g_free(remark->text);
    g_free(remark);
}

static void tally_init(struct tally *tally)
{
    tally->remarks = g_ptr_array_new_with_free_func(free_remark);
    tally->by_text = g_hash_table_new(g_str_hash, g_str_equal);
}

static void tally_clear(struct tally *tally)
{
    g_hash_table_unref(tally->by_text);
    g_ptr_array_unref(tally->remarks);
}

static struct remark *tally_get(struct tally *tally, const char *text)
{
    struct remark *remark = g_hash_table_lookup(tally->by_text, text);

    if (remark != NULL)
        return remark;
    remark = g_new0(struct remark, 1);
    remark->text = g_strdup(text);
    g_ptr_array_add(tally->remarks, remark);
    g_hash_table_insert(tally->by_text, remark->text, remark);
    return remark;
}

/* test: its number, from 1. */
static void tally_add(struct tally *tally, const GPtrArray *sentences, uint64_t test)
{
    for (unsigned i = 0; i < sentences->len; i++) {
        struct remark *remark = tally_get(tally, g_ptr_array_index(sentences, i));

        remark->n_tests += remark->last != test;
        remark->last = test;
    }
}

static void tell(const char *what, const char *sentence, unsigned n_tests)
{
    fprintf(stderr, "%s: %s (%u test%s)\n", what, sentence, n_tests, n_tests == 1 ? "" : "s");
}

static void tally_tell(const struct tally *tally, const char *what)
{
    for (unsigned i = 0; i < tally->remarks->len; i++) {
        const struct remark *remark = g_ptr_array_index(tally->remarks, i);

        tell(what, remark->text, remark->n_tests);
    }
}

static int print_test(struct cfg *config, const struct judgement *judgement, void *user,
                      G_GNUC_UNUSED GError **err)
{
    struct plan *plan = user;
    g_autofree char *name =
        test_name_short(cfg_test_shortname(config), cfg_test_name(config), plan->selection->file);
    g_autoptr(GPtrArray) lost = lost_params(plan->selection, config);
    const char *before = "  SKIP: ";
    uint64_t number = cfg_test_number(config);

    printf("%" G_GUINT64_FORMAT "  %s", number, name);
    for (unsigned i = 0; i < judgement->skips->len; i++) {
        printf("%s%s", before, (const char *)g_ptr_array_index(judgement->skips, i));
        before = "; ";
    }
    putchar('\n');
    tally_add(&plan->warnings, lost, number);
    tally_add(&plan->warnings, judgement->warnings, number);
    tally_add(&plan->notes, judgement->notes, number);
    plan->n_unknown = judgement->n_unknown;
    plan->n_with_own += judgement->unknown->len > 0;
    return 0;
}

static void tell_remarks(const struct plan *plan, bool quiet)
{
    g_autofree char *unknown = tests_note_unknown(plan->n_unknown);

    fflush(stdout);
    tally_tell(&plan->warnings, "warning");
    if (quiet)
        return;
    tally_tell(&plan->notes, "note");
    if (plan->n_with_own > 0)
        tell("note", unknown, plan->n_with_own);
}

/* Where and how often, as far as the command line says it. */
static void tell_extent(const struct run_options *options)
{
    const GPtrArray *machines = options->machines;
    g_autoptr(GString) text = g_string_new("each test runs on ");
    unsigned n_used = machines->len - machines->len % options->tuple;

    for (unsigned i = 0; i < options->left_out->len; i++)
        fprintf(stderr, "%s\n", (char *)g_ptr_array_index(options->left_out, i));
    if (options->repeat == 0)
        fprintf(stderr, "the list of tests is run again and again\n");
    if (options->repeat > 1)
        fprintf(stderr, "the list of tests is run %u times\n", options->repeat);
    for (unsigned i = 0; i < machines->len; i++) {
        if (i > 0 && i < n_used && i % options->tuple == 0)
            g_string_append(text, options->each ? "; and on " : "; or on ");
        else if (i == n_used)
            g_string_append(text, "; left over: ");
        else if (i > 0)
            g_string_append(text, ", ");
        g_string_append(text, ((const struct machine *)g_ptr_array_index(machines, i))->name);
    }
    if (n_used > 0)
        fprintf(stderr, "%s\n", text->str);
}

int dry_run(const struct run_options *options, GError **err)
{
    struct plan plan = {.selection = &options->selection};
    int status;

    tally_init(&plan.warnings);
    tally_init(&plan.notes);
    status = tests_walk(&options->selection, options->test, options->tuple, print_test, &plan, err);
    if (status == 0) {
        tell_remarks(&plan, options->level == DISPLAY_QUIET);
        if (options->level != DISPLAY_QUIET)
            tell_extent(options);
    }
    tally_clear(&plan.warnings);
    tally_clear(&plan.notes);
    return status;
}
