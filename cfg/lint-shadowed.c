/* Values that have no effect because, in the end, a key with a suffix takes the name of theirs. */
#include "cfg/lint-internal.h"

struct shadows {
    const struct lint *lint;
    GHashTable *finals;   /* struct key -> struct key: final name -> who has it, in this test */
    GHashTable *reported; /* gint64 *: places */
};

struct shadows *shadows_new(const struct lint *l)
{
    struct shadows *s = g_new0(struct shadows, 1);

    s->lint = l;
    s->finals = g_hash_table_new(NULL, NULL);
    s->reported = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    return s;
}

void shadows_free(struct shadows *s)
{
    g_hash_table_unref(s->finals);
    g_hash_table_unref(s->reported);
    g_free(s);
}

static void report_shadowed(struct shadows *s, const struct key *key, const struct value *value,
                            const struct key *by)
{
    gint64 *place = g_new(gint64, 1);

    *place = (gint64)((uint64_t)value->place.source << 32 | value->place.line);
    if (!g_hash_table_add(s->reported, place))
        return;
    lint_report(s->lint, CFG_LINT_OVERRIDDEN, value->place,
                "this value of '%.*s' has no effect in test %" G_GUINT64_FORMAT
                ": '%.*s' with the suffix '%.*s' takes the name in the end",
                (int)key->size, key->text, cfg_test_number(s->lint->cfg), (int)by->parent->size,
                by->parent->text, (int)by->suffix.size, by->suffix.text);
}

static void follow(struct dict *d, const struct dict_trace *t, void *user)
{
    struct shadows *s = user;
    const struct key *earlier;
    const struct value *lost, *kept;

    if (t->event != DICT_FINAL || !t->final)
        return;
    earlier = g_hash_table_lookup(s->finals, t->final);
    g_hash_table_insert(s->finals, (void *)t->final, (void *)t->key);
    if (!earlier)
        return;
    lost = dict_get(d, earlier);
    kept = dict_get(d, t->key);
    if (!text_equal((struct slice){lost->text, lost->size}, (struct slice){kept->text, kept->size}))
        report_shadowed(s, t->final, lost, t->key);
}

void shadows_look(struct shadows *s)
{
    struct cfg *c = s->lint->cfg;

    if (!c->tree.has_suffix)
        return;
    g_hash_table_remove_all(s->finals);
    c->computed = false;
    dict_reset(&c->dict);
    /* What cannot be computed has no values to lose. */
    if (walk_apply(c->walk, &c->dict, NULL) < 0)
        return;
    c->dict.trace = follow;
    c->dict.trace_user = s;
    dict_flatten(&c->dict);
    c->dict.trace = NULL;
}
