/*
 * What is known only when everything is parsed.
 *
 * After a variant of a block is chosen, the next block to expand is the last one inside it, else
 * the one before its own block, else what follows the block that contains it. This does not depend
 * on earlier choices, so each block has one `next`, and one set of labels that can still come
 * (`reach`): its own and those of all that follows. Only labels that some filter asks for have a
 * place in the sets.
 */
#include <string.h>

#include "cfg/limits.h"
#include "cfg/match.h"
#include "cfg/tree.h"

void tree_init(struct tree *t)
{
    *t = (struct tree){0};
    sources_init(&t->sources);
    t->filter_words = g_array_new(FALSE, FALSE, sizeof(struct word));
    t->filter_runs = g_array_new(FALSE, FALSE, sizeof(struct run));
    t->filter_atoms = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    t->filter_text = g_string_new(NULL);
    t->labels = g_array_new(FALSE, FALSE, sizeof(struct label));
    t->name = g_string_new(NULL);
    t->shortname = g_string_new(NULL);
    t->full = g_string_new(NULL);
    t->filters = g_ptr_array_new();
    t->conditions = g_ptr_array_new();
    t->vblocks = g_ptr_array_new();
    t->matches = g_hash_table_new(g_int64_hash, g_int64_equal);
    t->oddities = g_array_new(FALSE, FALSE, sizeof(struct oddity));
}

void tree_clear(struct tree *t)
{
    g_clear_pointer(&t->filter_words, g_array_unref);
    g_clear_pointer(&t->filter_runs, g_array_unref);
    g_clear_pointer(&t->filter_atoms, g_array_unref);
    g_string_free(t->filter_text, TRUE);
    g_clear_pointer(&t->labels, g_array_unref);
    g_string_free(t->name, TRUE);
    g_string_free(t->shortname, TRUE);
    g_string_free(t->full, TRUE);
    g_clear_pointer(&t->filters, g_ptr_array_unref);
    g_clear_pointer(&t->conditions, g_ptr_array_unref);
    g_clear_pointer(&t->vblocks, g_ptr_array_unref);
    g_clear_pointer(&t->matches, g_hash_table_unref);
    g_clear_pointer(&t->oddities, g_array_unref);
    g_clear_pointer(&t->keys, g_free);
    g_clear_pointer(&t->plain_keys, g_free);
    g_clear_pointer(&t->post_keys, g_free);
    symbols_clear(&t->key_symbols);
    symbols_clear(&t->atoms);
    sources_clear(&t->sources);
    arena_clear(&t->arena);
}

static gint64 place_number(struct place place)
{
    return (gint64)((uint64_t)place.source << 32 | place.line);
}

void tree_add_resolved_match(struct tree *t, struct place place, enum op_kind kind,
                             const struct key *expression)
{
    struct resolved_match *match = arena_alloc(&t->arena, sizeof *match);

    *match = (struct resolved_match){place_number(place), kind, expression};
    g_hash_table_insert(t->matches, &match->place, match);
}

const struct resolved_match *tree_resolved_match(const struct tree *t, struct place place)
{
    gint64 number = place_number(place);

    return g_hash_table_lookup(t->matches, &number);
}

void tree_add_oddity(struct tree *t, struct slice text, enum oddity_kind kind, struct place place)
{
    struct oddity oddity = {kind, text, place};

    g_array_append_val(t->oddities, oddity);
}

static struct vblock *vblock_at(const struct tree *t, guint i)
{
    return g_ptr_array_index(t->vblocks, i);
}

#define IN_LABEL 1u
#define IN_FILTER 2u

static void mark_labels(const struct tree *t, uint32_t *atoms)
{
    for (guint i = 0; i < t->vblocks->len; i++)
        for (uint32_t j = 0; j < vblock_at(t, i)->n_variants; j++) {
            const struct variant *v = vblock_at(t, i)->variants[j];

            for (uint32_t k = 0; k < v->n_labels; k++) {
                atoms[v->labels[k].plain] |= IN_LABEL;
                if (v->labels[k].full != ATOM_NONE)
                    atoms[v->labels[k].full] |= IN_LABEL;
            }
        }
}

static void mark_filters(const struct tree *t, uint32_t *atoms)
{
    for (guint i = 0; i < t->filters->len; i++) {
        const struct filter *f = g_ptr_array_index(t->filters, i);

        for (uint32_t w = 0; w < f->n; w++)
            for (uint32_t r = 0; r < f->words[w].n; r++)
                for (uint32_t a = 0; a < f->words[w].runs[r].n; a++)
                    atoms[f->words[w].runs[r].atoms[a]] |= IN_FILTER;
    }
}

static void place_labels(const struct tree *t, const uint32_t *atoms)
{
    for (guint i = 0; i < t->vblocks->len; i++)
        for (uint32_t j = 0; j < vblock_at(t, i)->n_variants; j++) {
            struct variant *v = vblock_at(t, i)->variants[j];

            for (uint32_t k = 0; k < v->n_labels; k++) {
                v->labels[k].plain = atoms[v->labels[k].plain];
                if (v->labels[k].full != ATOM_NONE)
                    v->labels[k].full = atoms[v->labels[k].full];
            }
        }
}

static bool place_word(struct word *word, const uint32_t *atoms, uint64_t *bloom)
{
    bool live = true;

    for (uint32_t r = 0; r < word->n; r++)
        for (uint32_t a = 0; a < word->runs[r].n; a++) {
            uint32_t *atom = &word->runs[r].atoms[a];

            *atom = atoms[*atom];
            if (*atom == ATOM_NONE)
                live = false;
            else
                *bloom |= UINT64_C(1) << (*atom % 64);
        }
    return live;
}

static void place_filter(struct tree *t, struct filter *f, const uint32_t *atoms)
{
    bool simple = true;

    for (uint32_t w = 0; w < f->n; w++) {
        struct word word = f->words[w];

        if (!place_word(&word, atoms, &f->bloom))
            continue;
        simple = simple && word.n == 1 && word.runs[0].n == 1;
        f->words[w] = f->words[f->n_live];
        f->words[f->n_live++] = word;
    }
    if (!simple)
        return;
    f->simple = arena_alloc(&t->arena, (f->n_live + 1) * sizeof *f->simple);
    for (uint32_t w = 0; w < f->n_live; w++)
        f->simple[w] = f->words[w].runs[0].atoms[0];
}

/* Replaces the numbers of atoms by positions in the label sets. */
static void place_atoms(struct tree *t)
{
    g_autofree uint32_t *atoms = g_new0(uint32_t, t->atoms.n + 1);

    mark_labels(t, atoms);
    mark_filters(t, atoms);
    t->n_atoms = 0;
    for (uint32_t i = 0; i < t->atoms.n; i++)
        atoms[i] = atoms[i] == (IN_LABEL | IN_FILTER) ? t->n_atoms++ : ATOM_NONE;
    t->set_words = t->n_atoms / 64 + 1;
    place_labels(t, atoms);
    for (guint i = 0; i < t->filters->len; i++)
        place_filter(t, g_ptr_array_index(t->filters, i), atoms);
}

/* The blocks inside one block, of which NEXT is what follows. */
static void chain(struct vblock *last, struct vblock *next, struct variant *parent)
{
    for (struct vblock *v = last; v; v = v->previous) {
        v->next = v->previous ? v->previous : next;
        v->parent = parent;
    }
}

static void find_next(struct tree *t)
{
    chain(t->root.last, NULL, NULL);
    for (guint i = t->vblocks->len; i-- > 0;) {
        struct vblock *block = vblock_at(t, i);

        for (uint32_t j = 0; j < block->n_variants; j++) {
            struct variant *v = block->variants[j];

            chain(v->body.last, block->next, v);
            v->next = v->body.last ? v->body.last : block->next;
        }
    }
}

static void add_reach(const struct tree *t, struct vblock *block, const struct vblock *from)
{
    if (!from)
        return;
    for (uint32_t i = 0; i < t->set_words; i++)
        block->reach[i] |= from->reach[i];
    block->joins |= from->joins;
}

static void add_label(struct vblock *block, uint32_t atom)
{
    if (atom != ATOM_NONE)
        labels_add(block->reach, atom);
}

/* The most rules of the future that are worth looking at for the memo. */
#define FUTURES_MAX 48

struct future {
    uint64_t *asks;
    GPtrArray *rules; /* const struct rule */
    bool too_many;
};

static void add_future_rule(struct future *future, const struct rule *rule)
{
    if (rule->plain)
        for (uint32_t i = 0; i < rule->filter->n_live; i++)
            labels_add(future->asks, rule->filter->simple[i]);
    else if (future->rules->len >= FUTURES_MAX)
        future->too_many = true;
    else if (!g_ptr_array_find(future->rules, rule, NULL))
        g_ptr_array_add(future->rules, (void *)rule);
}

static void add_future(const struct tree *t, struct future *future, const struct vblock *from)
{
    if (!from)
        return;
    future->too_many |= from->too_many;
    for (uint32_t i = 0; from->asks && i < t->set_words; i++)
        future->asks[i] |= from->asks[i];
    for (uint32_t i = 0; i < from->n_futures && !future->too_many; i++)
        add_future_rule(future, from->futures[i]);
}

/* Blocks that come after each other mostly ask the same: then they share one set. */
static void find_future(struct tree *t, struct vblock *block, struct future *future)
{
    size_t size = t->set_words * sizeof(uint64_t);

    memset(future->asks, 0, size);
    g_ptr_array_set_size(future->rules, 0);
    future->too_many = false;
    add_future(t, future, block->next);
    for (uint32_t j = 0; j < block->n_variants && !future->too_many; j++) {
        const struct variant *v = block->variants[j];

        add_future(t, future, v->body.last);
        for (uint32_t k = 0; k < v->body.n_rules; k++)
            add_future_rule(future, &v->body.rules[k]);
    }
    block->too_many = future->too_many;
    if (block->too_many)
        return;
    if (block->next && memcmp(block->next->asks, future->asks, size) == 0)
        block->asks = block->next->asks;
    else
        block->asks = arena_copy(&t->arena, future->asks, size);
    block->n_futures = future->rules->len;
    block->futures =
        arena_copy(&t->arena, future->rules->pdata, future->rules->len * sizeof(struct rule *));
}

static void find_futures(struct tree *t)
{
    struct future future = {
        .asks = g_new0(uint64_t, t->set_words),
        .rules = g_ptr_array_new(),
    };

    for (guint i = 0; i < t->vblocks->len; i++)
        find_future(t, vblock_at(t, i), &future);
    g_free(future.asks);
    g_ptr_array_unref(future.rules);
}

static int find_reach(struct tree *t, GError **err)
{
    size_t size = t->set_words * sizeof(uint64_t);

    /* Each block has two: what can come, and what is asked for. */
    if (t->vblocks->len > LIMIT_REACH_BYTES / size / 2) {
        g_set_error(err, CFG_ERROR, CFG_ERROR_LIMIT,
                    "%u blocks of variants and %u names used in filters are too many",
                    t->vblocks->len, t->n_atoms);
        return -1;
    }
    for (guint i = 0; i < t->vblocks->len; i++) {
        struct vblock *block = vblock_at(t, i);

        block->reach = arena_alloc0(&t->arena, size);
        add_reach(t, block, block->next);
        for (uint32_t j = 0; j < block->n_variants; j++) {
            const struct variant *v = block->variants[j];

            for (uint32_t k = 0; k < v->n_labels; k++) {
                add_label(block, v->labels[k].plain);
                add_label(block, v->labels[k].full);
            }
            if (v->body.last)
                add_reach(t, block, v->body.last);
            block->joins |= v->body.n_factors > 1;
        }
    }
    return 0;
}

/* Closes a block: a join of one factor is an `only`; rules learn whether they are plain. */
static void finish_block(struct tree *t, struct block *block)
{
    if (block->n_factors == 1) {
        struct rule *rules = arena_alloc(&t->arena, (block->n_rules + 1) * sizeof *rules);

        if (block->n_rules)
            memcpy(rules, block->rules, block->n_rules * sizeof *rules);
        rules[block->n_rules++] = *block->factors[0];
        block->rules = rules;
        block->n_factors = 0;
    }
    for (uint32_t i = 0; i < block->n_rules; i++) {
        struct rule *rule = &block->rules[i];

        rule->plain = !rule->condition && rule->filter && rule->filter->simple;
    }
    for (uint32_t i = 0; i < block->n_factors; i++)
        block->factors[i]->plain = block->factors[i]->filter->simple != NULL;
}

struct variant *tree_single(struct tree *t, struct vblock *block, const struct block *body)
{
    struct variant *v = arena_alloc0(&t->arena, sizeof *v);

    v->body = *body;
    v->owner = block;
    v->next = v->body.last;
    block->variants = arena_alloc(&t->arena, sizeof v);
    block->variants[0] = v;
    block->n_variants = 1;
    block->first_default = 1;
    return v;
}

int tree_link(struct tree *t, GError **err)
{
    static const struct block nothing = {0};

    tree_choose(t);
    place_atoms(t);
    find_next(t);
    finish_block(t, &t->root);
    tree_single(t, &t->top, &t->root);
    tree_single(t, &t->bottom, &nothing);
    for (guint i = 0; i < t->vblocks->len; i++)
        for (uint32_t j = 0; j < vblock_at(t, i)->n_variants; j++)
            finish_block(t, &vblock_at(t, i)->variants[j]->body);
    if (find_reach(t, err) < 0)
        return -1;
    find_futures(t);
    return 0;
}
