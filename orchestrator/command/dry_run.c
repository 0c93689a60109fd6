#include "orchestrator/command/dry_run.h"

#include "orchestrator/lost_params.h"
#include "orchestrator/test_name.h"
#include "orchestrator/tests.h"

#include <stdio.h>

/* Sentences in the order in which they first come, and how many tests each is told of. */
struct tally {
    GPtrArray *sentences; /* char * */
    GHashTable *counts;   /* the same -> number */
};

struct plan {
    const struct selection *selection;
    struct tally warnings, notes;
    unsigned n_unknown;  /* different keys that no test type knows … */
    unsigned n_with_own; /* … and the tests that have any */
};

static void tally_init(struct tally *tally)
{
    tally->sentences = g_ptr_array_new_with_free_func(g_free);
    tally->counts = g_hash_table_new(g_str_hash, g_str_equal);
}

static void tally_clear(struct tally *tally)
{
    g_hash_table_unref(tally->counts);
    g_ptr_array_unref(tally->sentences);
}

static void tally_add(struct tally *tally, const GPtrArray *sentences)
{
    for (unsigned i = 0; i < sentences->len; i++) {
        gpointer known, count;

        if (!g_hash_table_lookup_extended(tally->counts, g_ptr_array_index(sentences, i), &known,
                                          &count)) {
            known = g_strdup(g_ptr_array_index(sentences, i));
            count = NULL;
            g_ptr_array_add(tally->sentences, known);
        }
        g_hash_table_insert(tally->counts, known, GUINT_TO_POINTER(GPOINTER_TO_UINT(count) + 1));
    }
}

static void tell(const char *what, const char *sentence, unsigned n_tests)
{
    fprintf(stderr, "%s: %s (%u test%s)\n", what, sentence, n_tests, n_tests == 1 ? "" : "s");
}

static void tally_tell(const struct tally *tally, const char *what)
{
    for (unsigned i = 0; i < tally->sentences->len; i++) {
        const char *sentence = g_ptr_array_index(tally->sentences, i);

        tell(what, sentence, GPOINTER_TO_UINT(g_hash_table_lookup(tally->counts, sentence)));
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

    printf("%" G_GUINT64_FORMAT "  %s", cfg_test_number(config), name);
    for (unsigned i = 0; i < judgement->skips->len; i++) {
        printf("%s%s", before, (const char *)g_ptr_array_index(judgement->skips, i));
        before = "; ";
    }
    putchar('\n');
    tally_add(&plan->warnings, lost);
    tally_add(&plan->warnings, judgement->warnings);
    tally_add(&plan->notes, judgement->notes);
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

int dry_run(const struct run_options *options, GError **err)
{
    struct plan plan = {.selection = &options->selection};
    int status;

    tally_init(&plan.warnings);
    tally_init(&plan.notes);
    status = tests_walk(&options->selection, options->test, options->tuple, print_test, &plan, err);
    if (status == 0)
        tell_remarks(&plan, options->level == DISPLAY_QUIET);
    tally_clear(&plan.warnings);
    tally_clear(&plan.notes);
    return status;
}
