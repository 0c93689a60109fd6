/* What only the tests show: variants in none of them, names that two of them have. */
#include <string.h>

#include "cfg/lint-internal.h"

/* Repeated names are reported one by one up to this number. */
#define REPEATED_MAX 20

static void mark_seen(struct variant *v, void *user)
{
    (void)user;
    v->seen = true;
}

/* A number for a name; two names have the same one by chance in 10^-8 of all large runs. */
static uint64_t name_hash(const char *name)
{
    uint64_t h = 0xcbf29ce484222325u;

    for (; *name; name++) {
        h = (h ^ (unsigned char)*name) * 0x100000001b3u;
        h ^= h >> 31;
    }
    return h;
}

static void count_name(const struct lint *l, GHashTable *names, uint64_t *repeated)
{
    const char *name = cfg_test_name(l->cfg);
    gint64 *key = g_new(gint64, 1);

    *key = (gint64)name_hash(name);
    if (g_hash_table_add(names, key))
        return;
    if (++*repeated <= REPEATED_MAX)
        lint_report(l, CFG_LINT_REPEATED_NAME, (struct place){0},
                    "test %" G_GUINT64_FORMAT " has the name of an earlier one: %s",
                    cfg_test_number(l->cfg), name);
}

static void add_labels(uint64_t *set, const struct variant *v)
{
    for (uint32_t i = 0; i < v->n_labels; i++) {
        if (v->labels[i].plain != ATOM_NONE)
            labels_add(set, v->labels[i].plain);
        if (v->labels[i].full != ATOM_NONE)
            labels_add(set, v->labels[i].full);
    }
}

/* Can BLOCK be part of a test that has V? Not if it is inside another variant of a block that V is
 * in. PATH marks the variants that V is in, and V. */
static bool goes_with(const struct vblock *block, GHashTable *path, GHashTable *path_blocks)
{
    for (const struct variant *in = block->parent; in; in = in->owner->parent)
        if (g_hash_table_contains(path_blocks, in->owner) && !g_hash_table_contains(path, in))
            return false;
    return true;
}

/* All labels that can be in one name with V. */
static uint64_t *find_company(const struct lint *l, const struct variant *v)
{
    uint64_t *set = g_new0(uint64_t, l->tree->set_words);
    g_autoptr(GHashTable) path = g_hash_table_new(NULL, NULL);
    g_autoptr(GHashTable) path_blocks = g_hash_table_new(NULL, NULL);

    for (const struct variant *in = v; in; in = in->owner->parent) {
        g_hash_table_add(path, (void *)in);
        g_hash_table_add(path_blocks, in->owner);
        add_labels(set, in);
    }
    for (guint i = 0; i < l->tree->vblocks->len; i++) {
        const struct vblock *block = g_ptr_array_index(l->tree->vblocks, i);

        if (g_hash_table_contains(path_blocks, block) || !goes_with(block, path, path_blocks))
            continue;
        for (uint32_t j = 0; j < block->n_variants; j++)
            add_labels(set, block->variants[j]);
    }
    return set;
}

static bool word_possible(const struct word *word, const uint64_t *company)
{
    for (uint32_t r = 0; r < word->n; r++)
        for (uint32_t a = 0; a < word->runs[r].n; a++)
            if (!labels_test(company, word->runs[r].atoms[a]))
                return false;
    return true;
}

/* The first `only` of a block that no name made of these labels can pass. */
static const struct rule *find_contradiction(const struct block *block, const uint64_t *company)
{
    for (uint32_t i = 0; i < block->n_rules; i++) {
        const struct rule *rule = &block->rules[i];
        uint32_t w = 0;

        if (rule->kind != RULE_ONLY || rule->condition)
            continue;
        while (w < rule->filter->n_live && !word_possible(&rule->filter->words[w], company))
            w++;
        if (w == rule->filter->n_live)
            return rule;
    }
    return NULL;
}

/* A variant that the filters of the top level leave out is left out on purpose. */
static void report_unseen(const struct lint *l, const struct variant *v)
{
    g_autofree uint64_t *company = find_company(l, v);
    const struct rule *rule = find_contradiction(&v->body, company);

    if (find_contradiction(&l->tree->root, company))
        return;
    if (rule)
        lint_report(l, CFG_LINT_UNREACHABLE, v->place,
                    "no test can have the variant '%.*s': nothing that goes with it matches its "
                    "own 'only %.*s'",
                    (int)v->shortname.size, v->shortname.text, (int)rule->filter->text.size,
                    rule->filter->text.text);
    else
        lint_report(l, CFG_LINT_UNREACHABLE, v->place, "no test has the variant '%.*s'",
                    (int)v->shortname.size, v->shortname.text);
}

static void find_unseen(const struct lint *l)
{
    for (guint i = 0; i < l->tree->vblocks->len; i++) {
        const struct vblock *block = g_ptr_array_index(l->tree->vblocks, i);

        /* What is inside an unseen variant needs no finding of its own. */
        if (block->is_join || (block->parent && !block->parent->seen))
            continue;
        for (uint32_t j = 0; j < block->n_variants; j++)
            if (!block->variants[j]->seen)
                report_unseen(l, block->variants[j]);
    }
}

int lint_tests(const struct lint *l, uint64_t max_tests, GError **err)
{
    g_autoptr(GHashTable) names = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    struct mixing *mixing = mixing_new(l);
    struct shadows *shadows = shadows_new(l);
    uint64_t repeated = 0;
    int more;

    for (guint i = 0; i < l->tree->vblocks->len; i++) {
        const struct vblock *block = g_ptr_array_index(l->tree->vblocks, i);

        for (uint32_t j = 0; j < block->n_variants; j++)
            block->variants[j]->seen = false;
    }
    while ((more = cfg_next(l->cfg, err)) > 0) {
        count_name(l, names, &repeated);
        walk_each_choice(l->cfg->walk, mark_seen, NULL);
        mixing_look(mixing);
        shadows_look(shadows);
        if (max_tests && cfg_test_number(l->cfg) == max_tests)
            break;
    }
    mixing_free(mixing);
    shadows_free(shadows);
    if (more < 0)
        return -1;
    if (repeated > REPEATED_MAX)
        lint_report(l, CFG_LINT_REPEATED_NAME, (struct place){0},
                    "%" G_GUINT64_FORMAT " tests in all have the name of an earlier one", repeated);
    if (more > 0 && (more = cfg_next(l->cfg, err)) != 0)
        return more;
    if (!l->cfg->number)
        lint_report(l, CFG_LINT_EMPTY, (struct place){0}, "no test is left");
    else
        find_unseen(l);
    return 0;
}
