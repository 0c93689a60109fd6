/*
 * `join f1 f2 ...`: each test that survives `only f1`, combined with each that survives `only f2`,
 * and so on. Every factor is a walk of its own through the blocks that stand above the join; what
 * has been chosen of those below it is part of all factors. Each factor has the statements of the
 * whole test, those below the join too; then the parameters are put together.
 *
 * The reference loses combinations, and we do the same, unless the option full_joins is set:
 * - Of three and more factors: while factor j is at its second or a later test, the filter of
 *   factor j+1 stays in force for all factors behind it.
 * - Of a join above another join: while a test of the lower join's earlier factor is held, its
 * later factors find the upper join going on. There it does not join, but is an `only` of the
 * factor that runs last, with what else is in force for it.
 */
#include <string.h>

#include "cfg/limits.h"
#include "cfg/walk-internal.h"

struct join {
    const struct walk *outer;
    const struct variant *variant;
    struct join *above; /* the one that was going on at this place before */
    uint32_t n;
    struct walk **walks; /* one a factor; those behind the running one are NULL */
    uint64_t *found;     /* tests a factor has given since it was started */
    bool started;
    GString *name;
    GString *shortname;
};

struct join *join_new(const struct walk *outer, const struct variant *v, GError **err)
{
    struct join *j;
    const struct rule *factor = v->body.factors[0];

    if (outer->join_nesting >= LIMIT_JOIN_NESTING || v->body.n_factors > LIMIT_JOIN_FACTORS) {
        g_set_error(err, CFG_ERROR, CFG_ERROR_LIMIT,
                    "%s:%u: joins are nested more than %d deep or have more than %d factors",
                    sources_get(&outer->tree->sources, factor->place.source)->name,
                    factor->place.line, LIMIT_JOIN_NESTING, LIMIT_JOIN_FACTORS);
        return NULL;
    }
    j = g_new0(struct join, 1);
    j->outer = outer;
    j->variant = v;
    j->above = v->owner->running;
    v->owner->running = j;
    j->n = v->body.n_factors;
    j->walks = g_new0(struct walk *, j->n);
    j->found = g_new0(uint64_t, j->n);
    j->name = g_string_new(NULL);
    j->shortname = g_string_new(NULL);
    return j;
}

void join_free(struct join *j)
{
    if (!j)
        return;
    for (uint32_t i = j->n; i-- > 0;)
        walk_free(j->walks[i]);
    j->variant->owner->running = j->above;
    g_free(j->walks);
    g_free(j->found);
    g_string_free(j->name, TRUE);
    g_string_free(j->shortname, TRUE);
    g_free(j);
}

static uint32_t factor_rules(const struct join *j, uint32_t i, const struct rule **rules)
{
    uint32_t n = 0;

    rules[n++] = j->variant->body.factors[i];
    for (uint32_t k = 0; k + 1 < i && !j->outer->options.full_joins; k++)
        if (j->found[k] >= 2)
            rules[n++] = j->variant->body.factors[k + 1];
    return n;
}

uint32_t join_rules(const struct join *j, const struct rule **rules)
{
    return factor_rules(j, j->n - 1, rules);
}

static struct walk *start_factor(const struct join *j, uint32_t i)
{
    const struct rule *rules[LIMIT_JOIN_FACTORS];
    uint32_t n = factor_rules(j, i, rules);

    return walk_new_inner(j->outer, j->variant->next, rules, n);
}

/* Matches C at the start of NAME as the reference does, that is as an expression in which `.` is
 * any character and parentheses are no characters. Returns the bytes that match, 0 if it does not.
 */
static size_t match_expression(struct slice c, struct slice name)
{
    const char *end = name.text + name.size;
    const char *at = name.text;

    for (size_t i = 0; i < c.size; i++) {
        unsigned int bytes;

        if (c.text[i] == '(' || c.text[i] == ')')
            continue;
        if (at == end)
            return 0;
        text_decode(at, end, &bytes);
        if (c.text[i] != '.') {
            if (c.text[i] != *at)
                return 0;
            bytes = 1;
        }
        at += bytes;
    }
    return (size_t)(at - name.text);
}

static void append_without(GString *out, struct slice common, struct slice name)
{
    size_t cut = match_expression(common, name);

    g_string_append_len(out, name.text + cut, (gssize)(name.size - cut));
}

/* The name of a combination. False if one name is the beginning of the other. */
static bool combine(struct slice a, struct slice b, GString *out)
{
    size_t same = 0;
    size_t dot;

    while (same < a.size && same < b.size && a.text[same] == b.text[same])
        same++;
    if (same == a.size || same == b.size)
        return false;
    for (dot = same; dot > 0 && a.text[dot - 1] != '.'; dot--)
        ;
    g_string_truncate(out, 0);
    if (dot > 1) {
        struct slice common = {a.text, dot - 1};

        g_string_append_len(out, common.text, (gssize)common.size);
        append_without(out, common, a);
        append_without(out, common, b);
        return true;
    }
    g_string_append_len(out, a.text, (gssize)a.size);
    g_string_append_c(out, '.');
    g_string_append_len(out, b.text, (gssize)b.size);
    return true;
}

/* The right ones are combined first. */
static int combine_all(const struct join *j, struct slice (*get)(const struct walk *), GString *out,
                       GError **err)
{
    g_autoptr(GString) right = g_string_new(NULL);
    struct slice last = get(j->walks[j->n - 1]);
    const struct rule *factor = j->variant->body.factors[0];

    g_string_append_len(right, last.text, (gssize)last.size);
    for (uint32_t i = j->n - 1; i-- > 0;) {
        struct slice left = get(j->walks[i]);

        if (!combine(left, (struct slice){right->str, right->len}, out)) {
            g_set_error(err, CFG_ERROR, CFG_ERROR_EXPAND,
                        "%s:%u: cannot join '%.*s' and '%s': one name is the beginning of the "
                        "other",
                        sources_get(&j->outer->tree->sources, factor->place.source)->name,
                        factor->place.line, (int)left.size, left.text, right->str);
            return -1;
        }
        g_string_assign(right, out->str);
    }
    return 0;
}

int join_next(struct join *j, GError **err)
{
    uint32_t i = j->started ? j->n - 1 : 0;

    j->started = true;
    for (;;) {
        int status;

        if (!j->walks[i]) {
            j->walks[i] = start_factor(j, i);
            j->found[i] = 0;
        }
        status = walk_next(j->walks[i], err);
        if (status < 0)
            return -1;
        if (status == 0) {
            g_clear_pointer(&j->walks[i], walk_free);
            if (i-- == 0)
                return 0;
            continue;
        }
        j->found[i]++;
        if (++i < j->n)
            continue;
        if (combine_all(j, walk_name, j->name, err) < 0 ||
            combine_all(j, walk_shortname, j->shortname, err) < 0)
            return -1;
        return 1;
    }
}

struct slice join_name(const struct join *j)
{
    return (struct slice){j->name->str, j->name->len};
}

struct slice join_shortname(const struct join *j)
{
    return (struct slice){j->shortname->str, j->shortname->len};
}

void join_each_choice(const struct join *j, void (*fn)(struct variant *v, void *user), void *user)
{
    for (uint32_t i = 0; i < j->n; i++)
        walk_each_choice(j->walks[i], fn, user);
}

static void put_entries(struct dict *d, const GArray *entries)
{
    for (guint i = 0; i < entries->len; i++) {
        const struct entry *entry = &g_array_index(entries, struct entry, i);

        dict_put(d, entry->key, entry->value);
        d->suffixed = d->suffixed || entry->key->parent;
    }
}

static void tell_factor(const struct join *j, struct dict *d, uint32_t i)
{
    if (d->trace)
        d->trace(d,
                 &(struct dict_trace){
                     .event = DICT_FACTOR_BEGINS,
                     .text = j->variant->body.factors[i]->filter->text,
                 },
                 d->trace_user);
}

int join_apply(const struct join *j, struct dict *d, GError **err)
{
    static const struct place nowhere = {0};
    g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func((GDestroyNotify)g_array_unref);
    struct value *dep;

    for (uint32_t i = 0; i < j->n; i++) {
        tell_factor(j, d, i);
        if (walk_apply(j->walks[i], d, err) < 0)
            return -1;
        dict_tell(d, DICT_FACTOR_ENDS);
        g_ptr_array_add(all, dict_entries(d, false));
    }
    /* The dependencies are those of the last factor. */
    dep = dict_get(d, d->dep_key);
    dict_empty(d);
    dict_put(d, d->name_key, dict_value(d, j->name->str, j->name->len, nowhere));
    dict_put(d, d->dep_key, dep);
    dict_put(d, d->shortname_key, dict_value(d, j->shortname->str, j->shortname->len, nowhere));
    for (uint32_t i = 0; i < j->n; i++)
        put_entries(d, g_ptr_array_index(all, i));
    if (d->trace)
        d->trace(d, &(struct dict_trace){.event = DICT_JOINED, .n = j->n}, d->trace_user);
    return 0;
}
