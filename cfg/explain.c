#include "cfg/explain.h"

#include <string.h>

#include "cfg/cfg-internal.h"

/* Steps of the search for a name before it is given up. */
#define SEARCH_STEPS 20000000

static const char *const rule_words[] = {
    [RULE_ONLY] = "only", [RULE_NO] = "no", [RULE_JOIN] = "join"};

static int compare_places(const void *a, const void *b)
{
    const struct rule *x = *(const struct rule *const *)a;
    const struct rule *y = *(const struct rule *const *)b;

    if (x->place.source != y->place.source)
        return x->place.source < y->place.source ? -1 : 1;
    return (x->place.line > y->place.line) - (x->place.line < y->place.line);
}

static void report_rule(const struct tree *t, const struct rule *rule, const struct labels *labels,
                        cfg_filter_fn fn, void *user)
{
    struct slice filter = rule->filter ? rule->filter->text : SLICE("");
    const struct condition *c = rule->condition;
    g_autofree char *text =
        g_strdup_printf("%s %.*s", rule_words[rule->kind], (int)filter.size, filter.text);
    g_autofree char *condition =
        c ? g_strdup_printf("%s%.*s", c->negated ? "!" : "", (int)c->filter->text.size,
                            c->filter->text.text)
          : NULL;
    struct cfg_filter_report report = {
        .text = text,
        .condition = condition,
        .file = sources_get(&t->sources, rule->place.source)->name,
        .line = rule->place.line,
        .keeps = rule_judge(rule, labels) == RULE_KEEPS,
    };

    fn(&report, user);
}

/* Reports the rules of a complete choice that apply to it. */
static void report_rules(struct tree *t, struct variant *const *choices, uint32_t n,
                         cfg_filter_fn fn, void *user)
{
    g_autoptr(GArray) list = g_array_new(FALSE, FALSE, sizeof(struct label));
    g_autofree uint64_t *have = g_new0(uint64_t, t->set_words);
    g_autoptr(GPtrArray) rules = g_ptr_array_new();
    struct labels labels;

    for (uint32_t i = 0; i < n; i++) {
        g_array_append_vals(list, choices[i]->labels, choices[i]->n_labels);
        for (uint32_t j = 0; j < choices[i]->body.n_rules; j++)
            g_ptr_array_add(rules, &choices[i]->body.rules[j]);
    }
    for (guint i = 0; i < list->len; i++) {
        const struct label *label = &g_array_index(list, struct label, i);

        if (label->plain != ATOM_NONE)
            labels_add(have, label->plain);
        if (label->full != ATOM_NONE)
            labels_add(have, label->full);
    }
    labels = (struct labels){(const struct label *)(void *)list->data, list->len, have, NULL};
    g_ptr_array_sort(rules, compare_places);
    for (guint i = 0; i < rules->len; i++) {
        const struct rule *rule = g_ptr_array_index(rules, i);

        if (condition_match(rule->condition, &labels) == MATCH_YES)
            report_rule(t, rule, &labels, fn, user);
    }
}

int cfg_explain_filters(struct cfg *c, cfg_filter_fn fn, void *user, GError **err)
{
    uint32_t n;
    struct variant *const *choices = walk_choices(c->walk, &n);

    if (!choices) {
        g_set_error_literal(err, CFG_ERROR, CFG_ERROR_ARGUMENT,
                            "this test is the product of a join: its parts have passed different "
                            "filters");
        return -1;
    }
    report_rules(&c->tree, choices, n, fn, user);
    return 0;
}

struct level {
    struct vblock *block;
    uint32_t next;
    size_t position; /* in the name */
};

/* Where the name goes on behind this piece of it; false if the piece does not fit. */
static bool fits(struct slice name, size_t *position, struct slice piece)
{
    size_t at = *position;

    if (!piece.size)
        return true;
    if (at) {
        if (at >= name.size || name.text[at] != '.')
            return false;
        at++;
    }
    if (name.size - at < piece.size || memcmp(name.text + at, piece.text, piece.size) != 0)
        return false;
    at += piece.size;
    if (at < name.size && name.text[at] != '.')
        return false;
    *position = at;
    return true;
}

/* The choices that make NAME, whatever filters say. 1, 0, or -1 if the search takes too long. */
static int find_choices(struct tree *t, struct slice name, GPtrArray *choices, GError **err)
{
    g_autoptr(GArray) levels = g_array_new(FALSE, FALSE, sizeof(struct level));
    struct level first = {.block = &t->top};
    uint64_t steps = 0;

    g_array_append_val(levels, first);
    while (levels->len) {
        struct level *level = &g_array_index(levels, struct level, levels->len - 1);
        struct level deeper = {.position = level->position};
        struct variant *v;

        g_ptr_array_set_size(choices, (gint)levels->len - 1);
        if (++steps > SEARCH_STEPS) {
            g_set_error_literal(err, CFG_ERROR, CFG_ERROR_LIMIT,
                                "the search for this name takes too long");
            return -1;
        }
        if (level->next == level->block->n_variants) {
            g_array_set_size(levels, levels->len - 1);
            continue;
        }
        v = level->block->variants[level->next++];
        if (!fits(name, &deeper.position, v->name))
            continue;
        g_ptr_array_add(choices, v);
        deeper.block = v->next;
        if (!v->next && deeper.position == name.size)
            return 1;
        if (v->next)
            g_array_append_val(levels, deeper);
    }
    return 0;
}

int cfg_explain_missing(struct cfg *c, const char *name, cfg_filter_fn fn, void *user, GError **err)
{
    g_autoptr(GPtrArray) choices = g_ptr_array_new();
    int found;

    if (cfg_link(c, err) < 0)
        return -1;
    cfg_rewind(c);
    found = find_choices(&c->tree, (struct slice){name, strlen(name)}, choices, err);
    if (found > 0)
        report_rules(&c->tree, (struct variant *const *)(void *)choices->pdata, choices->len, fn,
                     user);
    return found;
}
