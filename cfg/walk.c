#include "cfg/walk.h"

#include <string.h>

#include "cfg/limits.h"
#include "cfg/walk-internal.h"

static struct frame *top_frame(const struct walk *w)
{
    return w->frames->len ? &g_array_index(w->frames, struct frame, w->frames->len - 1) : NULL;
}

void walk_mark(const struct walk *w, struct frame *f)
{
    f->n_labels = w->labels->len;
    f->n_choices = w->choices->len;
    f->n_undo = w->undo->len;
    f->active_end = w->active->len;
    f->name_size = w->name->len;
    f->shortname_size = w->shortname->len;
    f->produced = w->produced;
}

static void restore_names(struct walk *w, const struct frame *f)
{
    g_ptr_array_set_size(w->choices, (gint)f->n_choices);
    g_string_truncate(w->name, f->name_size);
    g_string_truncate(w->shortname, f->shortname_size);
}

static void restore(struct walk *w, const struct frame *f)
{
    for (guint i = f->n_undo; i < w->undo->len; i++) {
        uint32_t atom = g_array_index(w->undo, uint32_t, i);

        w->have[atom / 64] &= ~(UINT64_C(1) << (atom % 64));
    }
    g_array_set_size(w->undo, f->n_undo);
    g_array_set_size(w->labels, f->n_labels);
    g_array_set_size(w->active, f->active_end);
    restore_names(w, f);
}

static uint64_t add_atom(struct walk *w, uint32_t atom)
{
    if (atom == ATOM_NONE)
        return 0;
    if (!labels_test(w->have, atom)) {
        labels_add(w->have, atom);
        g_array_append_val(w->undo, atom);
    }
    return UINT64_C(1) << (atom % 64);
}

/* Returns the bloom bits of the new atoms. */
static uint64_t add_labels(struct walk *w, const struct variant *v)
{
    uint64_t bloom = 0;

    g_array_append_vals(w->labels, v->labels, v->n_labels);
    for (uint32_t i = 0; i < v->n_labels; i++)
        bloom |= add_atom(w, v->labels[i].plain) | add_atom(w, v->labels[i].full);
    return bloom;
}

void walk_append_name(GString *name, struct slice piece)
{
    if (!piece.size)
        return;
    if (name->len)
        g_string_append_c(name, '.');
    g_string_append_len(name, piece.text, (gssize)piece.size);
}

/* A filter of single labels: only new labels can make it match, and as long as one word that could
 * come still can, nothing else needs to be looked at. */
static enum match match_plain(struct active *a, const struct labels *labels, uint64_t new_bloom)
{
    const struct filter *f = a->rule->filter;

    if (f->bloom & new_bloom)
        for (uint32_t i = 0; i < f->n_live; i++)
            if (labels_test(labels->have, f->simple[i]))
                return MATCH_YES;
    if (!labels->reach)
        return MATCH_NEVER;
    if (a->witness < f->n_live && labels_test(labels->reach, f->simple[a->witness]))
        return MATCH_MAYBE;
    for (uint32_t i = 0; i < f->n_live; i++)
        if (labels_test(labels->reach, f->simple[i])) {
            a->witness = i;
            return MATCH_MAYBE;
        }
    return MATCH_NEVER;
}

static enum rule_verdict judge(struct active *a, const struct labels *labels, uint64_t new_bloom)
{
    enum match match;

    if (!a->rule->plain)
        return rule_judge(a->rule, labels);
    match = match_plain(a, labels, new_bloom);
    if (match == MATCH_MAYBE)
        return RULE_OPEN;
    return (match == MATCH_YES) == (a->rule->kind == RULE_ONLY) ? RULE_KEEPS : RULE_DROPS;
}

/* Puts a rule among the open ones if it is open. */
static enum rule_verdict add_rule(struct walk *w, struct active a, const struct labels *labels,
                                  uint64_t new_bloom)
{
    enum rule_verdict verdict = judge(&a, labels, new_bloom);

    if (verdict == RULE_OPEN)
        g_array_append_val(w->active, a);
    return verdict;
}

static struct labels current_labels(const struct walk *w, const struct vblock *next)
{
    return (struct labels){
        .list = (const struct label *)(void *)w->labels->data,
        .n = w->labels->len,
        .have = w->have,
        .reach = next ? next->reach : NULL,
    };
}

static void explain_join(const struct walk *w, const struct rule *rule, GError **err)
{
    g_set_error(err, CFG_ERROR, CFG_ERROR_EXPAND,
                "%s:%u: a join cannot stand under a condition, and this condition is met",
                sources_get(&w->tree->sources, rule->place.source)->name, rule->place.line);
}

/* Judges the open rules and those of the chosen variant. 1: it may go on, 0: dropped, -1: error. */
static int judge_rules(struct walk *w, const struct frame *f, const struct variant *v,
                       uint64_t new_bloom, GError **err)
{
    struct labels labels = current_labels(w, v->next);
    uint32_t n = f->active_end - f->active_start;

    for (uint32_t i = 0; i < n + v->body.n_rules; i++) {
        bool old = i < n;
        struct active a = old ? g_array_index(w->active, struct active, f->active_start + i)
                              : (struct active){.rule = &v->body.rules[i - n]};

        switch (add_rule(w, a, &labels, old ? new_bloom : UINT64_MAX)) {
        case RULE_DROPS:
            return 0;
        case RULE_FAILS:
            explain_join(w, a.rule, err);
            return -1;
        case RULE_OPEN:
        case RULE_KEEPS:
            break;
        }
    }
    return 1;
}

/* The next variant of a frame, NULL if there is none. */
static struct variant *pick(const struct walk *w, struct frame *f)
{
    const struct vblock *block = f->block;
    uint32_t i = f->next++;

    if (i >= block->n_variants)
        return NULL;
    if (block->order == ORDER_FILE)
        return block->variants[i];
    if (i == 0)
        return block->variants[block->first_default];
    if (i == 1 && block->order == ORDER_DEFAULT_ONLY && w->produced > f->produced)
        return NULL;
    return block->variants[i <= block->first_default ? i - 1 : i];
}

/* A test has been found: whoever records adds it. */
static void found(struct walk *w)
{
    unsigned int left = w->recordings;

    w->produced++;
    for (guint i = w->frames->len; left && i-- > 0;) {
        struct frame *f = &g_array_index(w->frames, struct frame, i);

        if (!f->recording)
            continue;
        left--;
        if (recording_add(f->recording, w, f))
            continue;
        g_clear_pointer(&f->recording, recording_free);
        w->recordings--;
    }
}

static void push_frame(struct walk *w, struct vblock *block, uint32_t active_start,
                       struct recording *recording)
{
    struct frame f = {.block = block, .active_start = active_start, .recording = recording};

    walk_mark(w, &f);
    w->recordings += recording != NULL;
    g_array_append_val(w->frames, f);
}

/* Goes on to BLOCK, whose open rules begin at ACTIVE_START. */
static void enter(struct walk *w, struct vblock *block, uint32_t active_start)
{
    struct recording *recording = NULL;

    w->replay = memo_find(w, block, active_start, &recording);
    if (!w->replay) {
        push_frame(w, block, active_start, recording);
        return;
    }
    w->replayed = 0;
    walk_mark(w, &w->replay_base);
}

static bool replay(struct walk *w)
{
    const struct tail *tail;

    restore_names(w, &w->replay_base);
    if (w->replayed == w->replay->n) {
        g_clear_pointer(&w->replay, tails_unref);
        return false;
    }
    tail = &w->replay->list[w->replayed++];
    for (uint32_t i = 0; i < tail->n; i++)
        g_ptr_array_add(w->choices, tail->choices[i]);
    walk_append_name(w->name, tail->name);
    walk_append_name(w->shortname, tail->shortname);
    found(w);
    return true;
}

static void pop_frame(struct walk *w)
{
    struct frame *f = top_frame(w);

    if (f->recording) {
        recording_keep(f->recording);
        w->recordings--;
    }
    g_array_set_size(w->frames, w->frames->len - 1);
}

/* A join that is met again while it is going on is not a join, but the filters of its last factor;
 * see join.c. False if they drop the test. */
static bool add_running_join(struct walk *w, const struct variant *v)
{
    const struct rule *rules[LIMIT_JOIN_FACTORS];
    uint32_t n = join_rules(v->owner->running, rules);
    struct labels labels = current_labels(w, v->next);

    for (uint32_t i = 0; i < n; i++)
        if (add_rule(w, (struct active){.rule = rules[i]}, &labels, UINT64_MAX) == RULE_DROPS)
            return false;
    return true;
}

/* Tries the next variant of the top frame. 1: a test is complete, 0: go on, -1: error. */
static int step(struct walk *w, GError **err)
{
    struct frame *f = top_frame(w);
    struct variant *v;
    uint32_t active_start;
    int status;

    restore(w, f);
    v = pick(w, f);
    if (!v) {
        pop_frame(w);
        return 0;
    }
    active_start = w->active->len;
    status = judge_rules(w, f, v, add_labels(w, v), err);
    if (status <= 0)
        return status;
    g_ptr_array_add(w->choices, v);
    walk_append_name(w->name, v->name);
    if (!v->hidden)
        walk_append_name(w->shortname, v->shortname);
    if (v->body.n_factors > 1 && (w->options.full_joins || !v->owner->running)) {
        f->join = join_new(w, v, err);
        return f->join ? 0 : -1;
    }
    if (v->owner->running && !add_running_join(w, v))
        return 0;
    if (!v->next) {
        found(w);
        return 1;
    }
    enter(w, v->next, active_start);
    return 0;
}

static int give_up(GError **err)
{
    g_set_error_literal(err, CFG_ERROR, CFG_ERROR_LIMIT,
                        "the search for the next test takes too long: the filters leave nothing, "
                        "but this shows only late");
    return -1;
}

int walk_next(struct walk *w, GError **err)
{
    uint64_t steps = 0;

    for (;;) {
        struct frame *f = top_frame(w);
        int status;

        if (w->replay && replay(w))
            return 1;
        if (!f)
            return 0;
        if (f->join) {
            status = join_next(f->join, err);
            if (status > 0)
                w->produced++;
            else
                g_clear_pointer(&f->join, join_free);
        } else {
            if (w->options.max_steps && ++steps > w->options.max_steps)
                return give_up(err);
            status = step(w, err);
        }
        if (status)
            return status;
    }
}

static struct walk *new_walk(struct tree *t, const struct walk_options *options)
{
    struct walk *w = g_new0(struct walk, 1);

    w->tree = t;
    w->options = *options;
    w->labels = g_array_sized_new(FALSE, FALSE, sizeof(struct label), 64);
    w->have = g_new0(uint64_t, t->set_words);
    w->undo = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    w->choices = g_ptr_array_new();
    w->name = g_string_new(NULL);
    w->shortname = g_string_new(NULL);
    w->active = g_array_sized_new(FALSE, FALSE, sizeof(struct active), 64);
    w->frames = g_array_new(FALSE, FALSE, sizeof(struct frame));
    w->key_words = g_array_new(FALSE, FALSE, sizeof(uint64_t));
    return w;
}

struct walk *walk_new(struct tree *t, const struct walk_options *options)
{
    struct walk *w = new_walk(t, options);

    push_frame(w, &t->top, 0, NULL);
    return w;
}

struct walk *walk_new_inner(const struct walk *outer, struct vblock *next,
                            const struct rule *const *rules, uint32_t n_rules)
{
    struct walk *w = new_walk(outer->tree, &outer->options);
    struct labels labels;
    uint32_t start = top_frame(outer)->active_end;

    w->join_nesting = outer->join_nesting + 1;
    g_array_append_vals(w->labels, outer->labels->data, outer->labels->len);
    memcpy(w->have, outer->have, w->tree->set_words * sizeof(uint64_t));
    g_ptr_array_extend(w->choices, outer->choices, NULL, NULL);
    g_string_append_len(w->name, outer->name->str, (gssize)outer->name->len);
    g_string_append_len(w->shortname, outer->shortname->str, (gssize)outer->shortname->len);
    g_array_append_vals(w->active, &g_array_index(outer->active, struct active, start),
                        outer->active->len - start);
    labels = current_labels(w, next);
    for (uint32_t i = 0; i < n_rules; i++)
        if (add_rule(w, (struct active){.rule = rules[i]}, &labels, UINT64_MAX) == RULE_DROPS)
            return w;
    /* With nothing left to choose there is one test: the frame of an empty end says so. */
    push_frame(w, next ? next : &w->tree->bottom, 0, NULL);
    return w;
}

void walk_free(struct walk *w)
{
    if (!w)
        return;
    for (guint i = 0; i < w->frames->len; i++) {
        struct frame *f = &g_array_index(w->frames, struct frame, i);

        g_clear_pointer(&f->recording, recording_free);
        g_clear_pointer(&f->join, join_free);
    }
    g_clear_pointer(&w->replay, tails_unref);
    g_array_unref(w->labels);
    g_free(w->have);
    g_array_unref(w->undo);
    g_ptr_array_unref(w->choices);
    g_string_free(w->name, TRUE);
    g_string_free(w->shortname, TRUE);
    g_array_unref(w->active);
    g_array_unref(w->frames);
    g_array_unref(w->key_words);
    g_free(w);
}

static const struct join *current_join(const struct walk *w)
{
    const struct frame *f = top_frame(w);

    return f ? f->join : NULL;
}

struct slice walk_name(const struct walk *w)
{
    const struct join *join = current_join(w);

    return join ? join_name(join) : (struct slice){w->name->str, w->name->len};
}

struct slice walk_shortname(const struct walk *w)
{
    const struct join *join = current_join(w);

    return join ? join_shortname(join) : (struct slice){w->shortname->str, w->shortname->len};
}

struct variant *const *walk_choices(const struct walk *w, uint32_t *n)
{
    if (current_join(w))
        return NULL;
    *n = w->choices->len;
    return (struct variant *const *)(void *)w->choices->pdata;
}

void walk_each_choice(const struct walk *w, void (*fn)(struct variant *v, void *user), void *user)
{
    const struct join *join = current_join(w);

    if (join) {
        join_each_choice(join, fn, user);
        return;
    }
    for (guint i = 0; i < w->choices->len; i++)
        fn(g_ptr_array_index(w->choices, i), user);
}

int walk_apply(const struct walk *w, struct dict *d, GError **err)
{
    const struct join *join = current_join(w);

    if (join)
        return join_apply(join, d, err);
    return dict_apply(d, (struct variant *const *)(void *)w->choices->pdata, w->choices->len,
                      walk_name(w), walk_shortname(w), err);
}

static bool is_listed(struct slice name, const char *const *list)
{
    for (; name.size && list && *list; list++)
        if (text_equal(name, (struct slice){*list, strlen(*list)}))
            return true;
    return false;
}

static const struct vblock *last_variants(const struct block *block)
{
    const struct vblock *last = block->last;

    while (last && last->is_join)
        last = last->previous;
    return last;
}

static enum vblock_order find_order(const struct vblock *block, const char *const *expand)
{
    const struct variant *parent = block->parent;

    if (block->first_default == block->n_variants || is_listed(block->name, expand))
        return ORDER_FILE;
    if (parent && last_variants(&parent->body) == block && is_listed(parent->owner->name, expand))
        return ORDER_DEFAULT_FIRST;
    return ORDER_DEFAULT_ONLY;
}

void walk_set_order(struct tree *t, bool defaults, const char *const *expand)
{
    for (guint i = 0; i < t->vblocks->len; i++) {
        struct vblock *block = g_ptr_array_index(t->vblocks, i);

        block->order = (uint8_t)(defaults ? find_order(block, expand) : ORDER_FILE);
    }
}
