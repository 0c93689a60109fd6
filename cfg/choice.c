/*
 * Choosing from a block that offers it (`variants NAME [choice]:`). A line `NAME = LABELS` that
 * stands outside of all blocks below it keeps the variants with these labels, which follow each
 * other; filters above it that speak of this block alone are then no longer of interest, as with
 * values: what stands last wins. Those of the command line stay.
 *
 * All of it happens once, before linking; the expansion then sees a filter like others.
 */
#include <string.h>

#include "cfg/tree.h"

static bool has_label(const struct vblock *block, uint32_t atom)
{
    for (uint32_t i = 0; i < block->n_variants; i++) {
        const struct variant *v = block->variants[i];

        for (uint32_t k = 0; k < v->n_labels; k++)
            if (v->labels[k].plain == atom || v->labels[k].full == atom)
                return true;
        for (const struct vblock *inner = v->body.last; inner; inner = inner->previous)
            if (has_label(inner, atom))
                return true;
    }
    return false;
}

/* Whether the filter's words are all labels of the block. */
static bool is_of_block(const struct filter *filter, const struct vblock *block)
{
    for (uint32_t w = 0; w < filter->n; w++)
        for (uint32_t r = 0; r < filter->words[w].n; r++)
            for (uint32_t a = 0; a < filter->words[w].runs[r].n; a++)
                if (!has_label(block, filter->words[w].runs[r].atoms[a]))
                    return false;
    return filter->n > 0;
}

/* The labels as a filter of one word; NULL: the block has not got them. */
static struct filter *read_labels(struct tree *t, const struct vblock *block,
                                  const struct value *value)
{
    struct filter *filter;
    g_autoptr(GArray) atoms = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    const char *end = value->text + value->size;

    for (const char *from = value->text; from <= end;) {
        const char *dot = memchr(from, '.', (size_t)(end - from));
        const char *to = dot ? dot : end;
        uint32_t atom = symbols_find(&t->atoms, from, (size_t)(to - from));

        if (atom == SYMBOL_NONE || !has_label(block, atom))
            return NULL;
        g_array_append_val(atoms, atom);
        from = to + 1;
    }
    filter = arena_alloc0(&t->arena, sizeof *filter);
    filter->n = 1;
    filter->words = arena_alloc0(&t->arena, sizeof *filter->words);
    filter->words->n = 1;
    filter->words->runs = arena_alloc0(&t->arena, sizeof *filter->words->runs);
    filter->words->runs->n = atoms->len;
    filter->words->runs->atoms = arena_copy(&t->arena, atoms->data, atoms->len * sizeof(uint32_t));
    filter->text = filter->words->text = (struct slice){value->text, value->size};
    filter->place = value->place;
    return filter;
}

/* The last line of the root behind the block that is about the key. */
static const struct op *find_line(const struct block *root, const struct vblock *block,
                                  const struct key *key, uint32_t *behind)
{
    const struct op *line = NULL;

    *behind = 0;
    for (uint32_t i = 0; i < root->n_ops; i++)
        if (root->ops[i].kind == OP_VARIANTS && root->ops[i].u.variants == block)
            *behind = i + 1;
    for (uint32_t i = *behind; i < root->n_ops; i++)
        if (root->ops[i].key == key)
            line = &root->ops[i];
    return line && line->kind == OP_SET && !line->u.list ? line : NULL;
}

/* Whether the variant makes the parameter what the line says: then the line may stay, as the place
 * where the value comes from. */
static bool says_the_same(const struct vblock *block, const struct op *line)
{
    for (uint32_t i = 0; i < block->n_variants; i++) {
        const struct variant *v = block->variants[i];
        struct slice value = {line->value.text, line->value.size};
        unsigned said = 0;

        for (uint32_t k = 0; k < v->body.n_ops; k++)
            said += v->body.ops[k].key == line->key;
        if (said == 1 && !v->body.last && text_equal(v->shortname, value))
            return true;
    }
    return false;
}

static void remove_lines(struct block *root, uint32_t behind, const struct key *key)
{
    uint32_t n = behind;

    for (uint32_t i = behind; i < root->n_ops; i++)
        if (root->ops[i].key != key)
            root->ops[n++] = root->ops[i];
    root->n_ops = n;
}

static bool is_above(const struct tree *t, struct place rule, struct place line)
{
    return sources_get(&t->sources, rule.source)->is_file &&
           (rule.source != line.source || rule.line < line.line);
}

static void replace_filters(struct tree *t, const struct vblock *block, struct filter *filter)
{
    struct block *root = &t->root;
    struct rule *rules = arena_alloc(&t->arena, (root->n_rules + 1) * sizeof *rules);
    uint32_t n = 0;

    for (uint32_t i = 0; i < root->n_rules; i++) {
        const struct rule *rule = &root->rules[i];

        if (rule->kind != RULE_ONLY || rule->condition ||
            !is_above(t, rule->place, filter->place) || !is_of_block(rule->filter, block))
            rules[n++] = *rule;
    }
    rules[n++] = (struct rule){.kind = RULE_ONLY, .filter = filter, .place = filter->place};
    root->rules = rules;
    root->n_rules = n;
    g_ptr_array_add(t->filters, filter);
}

static void choose(struct tree *t, struct vblock *block)
{
    uint32_t symbol = symbols_find(&t->key_symbols, block->name.text, block->name.size);
    const struct key *key = symbol != SYMBOL_NONE ? t->plain_keys[symbol] : NULL;
    uint32_t behind;
    const struct op *line = key ? find_line(&t->root, block, key, &behind) : NULL;
    struct filter *filter = line ? read_labels(t, block, &line->value) : NULL;

    if (!filter)
        return;
    block->chosen_from = true;
    if (!says_the_same(block, line))
        remove_lines(&t->root, behind, key);
    replace_filters(t, block, filter);
}

void tree_choose(struct tree *t)
{
    for (struct vblock *block = t->root.last; block; block = block->previous)
        if (block->offers_choice && block->name.size)
            choose(t, block);
}

static struct vblock *offered(const struct tree *t, const char *name)
{
    for (struct vblock *block = t->root.last; block; block = block->previous)
        if (block->offers_choice && text_equal(block->name, (struct slice){name, strlen(name)}))
            return block;
    return NULL;
}

static void add_paths(const struct vblock *block, const char *before, GPtrArray *paths)
{
    for (uint32_t i = 0; i < block->n_variants; i++) {
        const struct variant *v = block->variants[i];
        g_autofree char *path =
            g_strdup_printf("%s%s%.*s", before, *before && v->shortname.size ? "." : "",
                            (int)v->shortname.size, v->shortname.text);

        if (v->body.last)
            add_paths(v->body.last, path, paths);
        else
            g_ptr_array_add(paths, g_steal_pointer(&path));
    }
}

GStrv tree_choices(const struct tree *t, const char *name)
{
    GPtrArray *paths = g_ptr_array_new();
    const struct vblock *block = offered(t, name);

    if (block)
        add_paths(block, "", paths);
    g_ptr_array_add(paths, NULL);
    return (GStrv)g_ptr_array_free(paths, FALSE);
}

bool tree_has_chosen(const struct tree *t, const char *name)
{
    const struct vblock *block = offered(t, name);

    return block && block->chosen_from;
}
