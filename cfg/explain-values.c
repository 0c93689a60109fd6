/*
 * Who made the values of a test. The statements that touch one key one after the other are a chain;
 * `suffix` renames the chains of all keys, a join keeps for each key the chain of its last factor,
 * and in the end each chain that is left becomes a parameter, unless another one takes its name.
 */
#include <string.h>

#include "cfg/cfg-internal.h"
#include "cfg/explain.h"

struct chain {
    const struct key *key;   /* as it was last */
    const struct key *final; /* the parameter it became, or would have become; NULL: none */
    const struct chain *by;  /* the one of a later factor that has replaced it, or NULL */
    char *factor;
    char *lost;    /* why it is not the parameter's; NULL if it is */
    bool gone;     /* by `del` */
    uint32_t last; /* number of its last step */
};

struct step {
    struct chain *chain;
    char *left, *written, *value;
    const char *op;
    struct place place;
    bool changed;
};

struct lineage {
    GPtrArray *chains;
    GArray *steps;       /* struct step */
    GHashTable *now;     /* struct key -> struct chain, of the dictionary as it is */
    GHashTable *before;  /* the same before the `suffix` that is going on, else NULL */
    GPtrArray *factors;  /* char *: the joins that are going on */
    GPtrArray *complete; /* GHashTable: as now, of factors whose join is not done */
    GHashTable *finals;  /* struct key -> struct chain: parameters */
};

static void chain_free(void *data)
{
    struct chain *chain = data;

    g_free(chain->factor);
    g_free(chain->lost);
    g_free(chain);
}

static void step_clear(void *data)
{
    struct step *step = data;

    g_free(step->left);
    g_free(step->written);
    g_free(step->value);
}

static void lineage_init(struct lineage *l)
{
    *l = (struct lineage){
        .chains = g_ptr_array_new_with_free_func(chain_free),
        .steps = g_array_new(FALSE, FALSE, sizeof(struct step)),
        .now = g_hash_table_new(NULL, NULL),
        .factors = g_ptr_array_new_with_free_func(g_free),
        .complete = g_ptr_array_new_with_free_func((GDestroyNotify)g_hash_table_unref),
        .finals = g_hash_table_new(NULL, NULL),
    };
    g_array_set_clear_func(l->steps, step_clear);
}

static void lineage_clear(struct lineage *l)
{
    g_array_unref(l->steps);
    g_ptr_array_unref(l->chains);
    g_hash_table_unref(l->now);
    g_clear_pointer(&l->before, g_hash_table_unref);
    g_ptr_array_unref(l->factors);
    g_ptr_array_unref(l->complete);
    g_hash_table_unref(l->finals);
}

static char *current_factor(const struct lineage *l)
{
    g_autoptr(GString) text = NULL;

    if (!l->factors->len)
        return NULL;
    text = g_string_new(NULL);
    for (guint i = 0; i < l->factors->len; i++)
        g_string_append_printf(text, "%s%s", i ? ": " : "",
                               (const char *)g_ptr_array_index(l->factors, i));
    return g_string_free(g_steal_pointer(&text), FALSE);
}

static struct chain *find_chain(struct lineage *l, const struct dict_trace *t)
{
    bool renames = l->before && strcmp(t->op, "suffix") == 0;
    struct chain *chain = renames ? g_hash_table_lookup(l->before, t->key->parent)
                                  : g_hash_table_lookup(l->now, t->key);

    if (!renames)
        g_clear_pointer(&l->before, g_hash_table_unref);
    if (!chain) {
        chain = g_new0(struct chain, 1);
        chain->factor = current_factor(l);
        g_ptr_array_add(l->chains, chain);
    }
    chain->key = t->key;
    g_hash_table_insert(l->now, (void *)t->key, chain);
    return chain;
}

static char *copy_text(struct slice s)
{
    return s.size ? g_strndup(s.text, s.size) : g_strdup("");
}

static void add_step(struct lineage *l, const struct dict_trace *t)
{
    struct step step = {
        .chain = find_chain(l, t),
        .left = copy_text(t->left),
        .written = copy_text(t->text),
        .value = t->value ? g_strndup(t->value->text, t->value->size) : NULL,
        .op = t->op,
        .place = t->place,
        .changed = t->changed,
    };

    step.chain->gone = !t->value;
    step.chain->last = l->steps->len;
    g_array_append_val(l->steps, step);
}

/* LOSER has not made the value, for WHY. */
static void lose(struct chain *loser, char *why)
{
    g_free(loser->lost);
    loser->lost = why;
}

/* Puts the dictionary of a later factor over what is there. */
static void put_over(GHashTable *now, GHashTable *later)
{
    GHashTableIter it;
    void *key, *value;

    g_hash_table_iter_init(&it, later);
    while (g_hash_table_iter_next(&it, &key, &value)) {
        struct chain *chain = value;
        struct chain *earlier = g_hash_table_lookup(now, key);

        if (chain->gone && earlier)
            continue;
        if (earlier) {
            lose(earlier, g_strdup_printf("replaced by that of %s", chain->factor));
            earlier->by = chain;
        }
        g_hash_table_insert(now, key, chain);
    }
}

static void join_last(struct lineage *l, uint32_t n)
{
    guint first = l->complete->len - n;

    g_hash_table_unref(l->now);
    l->now = g_hash_table_new(NULL, NULL);
    for (guint i = first; i < l->complete->len; i++)
        put_over(l->now, g_ptr_array_index(l->complete, i));
    g_ptr_array_set_size(l->complete, (gint)first);
}

static void set_final(struct lineage *l, const struct dict_trace *t)
{
    struct chain *chain = g_hash_table_lookup(l->now, t->key);
    struct chain *earlier;

    if (!chain)
        return;
    chain->final = t->final ? t->final : t->key->base;
    if (!t->final) {
        lose(chain, g_strdup_printf("%.*s has the same value", (int)t->key->base->size,
                                    t->key->base->text));
        return;
    }
    earlier = g_hash_table_lookup(l->finals, t->final);
    if (earlier)
        lose(earlier, g_strdup_printf("no effect: %.*s with the suffix %.*s takes this name",
                                      (int)t->key->parent->size, t->key->parent->text,
                                      (int)t->key->suffix.size, t->key->suffix.text));
    g_hash_table_insert(l->finals, (void *)t->final, chain);
}

static void follow(G_GNUC_UNUSED struct dict *d, const struct dict_trace *t, void *user)
{
    struct lineage *l = user;

    switch (t->event) {
    case DICT_STEP:
        add_step(l, t);
        break;
    case DICT_BEGINS:
        g_clear_pointer(&l->before, g_hash_table_unref);
        g_hash_table_remove_all(l->now);
        break;
    case DICT_RENAMES:
        g_clear_pointer(&l->before, g_hash_table_unref);
        l->before = l->now;
        l->now = g_hash_table_new(NULL, NULL);
        break;
    case DICT_FACTOR_BEGINS:
        g_ptr_array_add(l->factors, copy_text(t->text));
        break;
    case DICT_FACTOR_ENDS:
        g_ptr_array_set_size(l->factors, (gint)l->factors->len - 1);
        g_ptr_array_add(l->complete, l->now);
        l->now = g_hash_table_new(NULL, NULL);
        break;
    case DICT_JOINED:
        join_last(l, t->n);
        break;
    case DICT_FINAL:
        set_final(l, t);
        break;
    }
}

static bool key_is(const struct key *key, const char *text)
{
    return key &&
           text_equal((struct slice){key->text, key->size}, (struct slice){text, strlen(text)});
}

/* The parameter that it is about. */
static const struct key *subject(const struct chain *chain)
{
    while (chain->by)
        chain = chain->by;
    return chain->final ? chain->final : chain->key;
}

static bool is_wanted(const struct chain *chain, const char *key)
{
    return !key || key_is(subject(chain), key) || key_is(chain->key, key) ||
           key_is(chain->key->base, key);
}

/* Does the chain make a parameter, or the one that is asked for? */
static bool is_maker(const struct lineage *l, const struct chain *chain, const char *key)
{
    return chain->final && g_hash_table_lookup(l->finals, chain->final) == chain &&
           (!key || key_is(chain->final, key));
}

static void report(const struct cfg *c, const struct lineage *l, guint number, cfg_step_fn fn,
                   void *user)
{
    const struct step *step = &g_array_index(l->steps, struct step, number);
    const struct chain *chain = step->chain;
    const struct key *key = subject(chain);
    g_autofree char *name = g_strndup(key->text, key->size);
    struct cfg_step out = {
        .key = name,
        .left = step->left,
        .op = step->op,
        .written = step->written,
        .value = step->value,
        .file = sources_get(&c->tree.sources, step->place.source)->name,
        .line = step->place.line,
        .changed = step->changed,
        .factor = chain->factor,
        .lost = chain->last == number ? chain->lost : NULL,
    };

    fn(&out, user);
}

static void report_all(const struct cfg *c, const struct lineage *l, const char *key,
                       cfg_step_fn fn, void *user)
{
    for (int makers = 0; makers < 2; makers++)
        for (guint i = 0; i < l->steps->len; i++) {
            const struct chain *chain = g_array_index(l->steps, struct step, i).chain;

            if (is_wanted(chain, key) && is_maker(l, chain, key) == (makers == 1))
                report(c, l, i, fn, user);
        }
}

/* What the choices make by themselves. */
static void report_name(const char *key, const char *value, cfg_step_fn fn, void *user)
{
    fn(
        &(struct cfg_step){
            .key = key, .left = key, .op = "name", .written = "", .value = value, .changed = true},
        user);
}

int cfg_explain(struct cfg *c, const char *key, cfg_step_fn fn, void *user, GError **err)
{
    struct lineage lineage;
    int status;

    c->computed = false;
    if (key && strcmp(key, "name") == 0)
        report_name(key, cfg_test_name(c), fn, user);
    if (key && strcmp(key, "shortname") == 0)
        report_name(key, cfg_test_shortname(c), fn, user);
    lineage_init(&lineage);
    dict_reset(&c->dict);
    c->dict.trace = follow;
    c->dict.trace_user = &lineage;
    status = walk_apply(c->walk, &c->dict, err);
    if (status == 0)
        dict_flatten(&c->dict);
    c->dict.trace = NULL;
    if (status == 0)
        report_all(c, &lineage, key, fn, user);
    lineage_clear(&lineage);
    return status;
}
