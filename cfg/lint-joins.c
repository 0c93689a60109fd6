/* Joins: those that leave no test or lose some, and those that multiply more than they speak of. */
#include "cfg/lint-internal.h"

static void find_losses(const struct lint *l, const struct vblock *join)
{
    const struct block *body = &join->variants[0]->body;

    if (body->n_factors > 2)
        lint_report(l, CFG_LINT_JOIN, join->place,
                    "a join of %u factors loses combinations, as it does in the reference",
                    body->n_factors);
    if (join->next && join->next->joins)
        lint_report(l, CFG_LINT_JOIN, join->place,
                    "another join stands above this one: tests that go through both lose "
                    "combinations, as they do in the reference");
}

void lint_joins(const struct lint *l)
{
    for (guint i = 0; i < l->tree->vblocks->len; i++) {
        const struct vblock *join = g_ptr_array_index(l->tree->vblocks, i);

        if (!join->is_join || join->variants[0]->body.n_factors < 2)
            continue;
        if (!join->next)
            lint_report(l, CFG_LINT_JOIN, join->place,
                        "a join combines variants that stand above it, and there are none: it "
                        "leaves no test");
        else if (!l->cfg->options.full_joins)
            find_losses(l, join);
    }
}

/* Which block has which variant in the current test, and which blocks had two of them. */
struct mixing {
    const struct lint *lint;
    uint64_t *asked;      /* set of the atoms that factors speak of */
    GHashTable *chosen;   /* struct vblock -> struct variant, in the current test */
    GHashTable *reported; /* struct vblock */
};

static void add_asked(struct mixing *m, const struct filter *f)
{
    for (uint32_t w = 0; w < f->n_live; w++)
        for (uint32_t r = 0; r < f->words[w].n; r++)
            for (uint32_t a = 0; a < f->words[w].runs[r].n; a++)
                labels_add(m->asked, f->words[w].runs[r].atoms[a]);
}

struct mixing *mixing_new(const struct lint *l)
{
    struct mixing *m = g_new0(struct mixing, 1);

    m->lint = l;
    m->asked = g_new0(uint64_t, l->tree->set_words);
    m->chosen = g_hash_table_new(NULL, NULL);
    m->reported = g_hash_table_new(NULL, NULL);
    for (guint i = 0; i < l->tree->vblocks->len; i++) {
        const struct vblock *block = g_ptr_array_index(l->tree->vblocks, i);

        for (uint32_t j = 0; block->is_join && j < block->variants[0]->body.n_factors; j++)
            add_asked(m, block->variants[0]->body.factors[j]->filter);
    }
    return m;
}

void mixing_free(struct mixing *m)
{
    g_free(m->asked);
    g_hash_table_unref(m->chosen);
    g_hash_table_unref(m->reported);
    g_free(m);
}

/* Does a factor speak of a variant of this block? Then the join is about it. */
static bool is_asked(const struct mixing *m, const struct vblock *block)
{
    for (uint32_t i = 0; i < block->n_variants; i++)
        for (uint32_t j = 0; j < block->variants[i]->n_labels; j++) {
            const struct label *label = &block->variants[i]->labels[j];

            if ((label->plain != ATOM_NONE && labels_test(m->asked, label->plain)) ||
                (label->full != ATOM_NONE && labels_test(m->asked, label->full)))
                return true;
        }
    return false;
}

static void look_at(struct variant *v, void *user)
{
    struct mixing *m = user;
    const struct variant *other = g_hash_table_lookup(m->chosen, v->owner);

    if (!other) {
        g_hash_table_insert(m->chosen, v->owner, v);
        return;
    }
    if (other == v || is_asked(m, v->owner) || !g_hash_table_add(m->reported, v->owner))
        return;
    lint_report(m->lint, CFG_LINT_JOIN, v->owner->place,
                "test %" G_GUINT64_FORMAT " has two variants of this block, '%.*s' and '%.*s': a "
                "join below it combines them; it does not if it stands above this block",
                cfg_test_number(m->lint->cfg), (int)other->shortname.size, other->shortname.text,
                (int)v->shortname.size, v->shortname.text);
}

void mixing_look(struct mixing *m)
{
    uint32_t n;

    if (walk_choices(m->lint->cfg->walk, &n))
        return;
    g_hash_table_remove_all(m->chosen);
    walk_each_choice(m->lint->cfg->walk, look_at, m);
}
