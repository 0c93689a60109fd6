/*
 * The memo of the walk. Below a certain block, thousands of neighbouring tests go through the same
 * few blocks with the same open rules, and find the same choices. The key of an entry is all that
 * the future depends on: the block (each has a table of its own), the open rules, what rules that
 * are still to come will find in the name, and of rules that are more than single labels how far
 * they have come.
 */
#include <string.h>

#include "cfg/walk-internal.h"

/* Longer results are not remembered: they are not worth their memory. */
#define TAILS_MAX 64
#define TAIL_CHOICES_MAX 128
#define OVERFLOWS 8           /* results that were too long before a block is given up */
#define TRIALS 64             /* look-ups of a block before its hits are counted */
#define MEMO_BYTES (6u << 20) /* all of a tree; then everything is forgotten */

struct memo_key {
    uint32_t hash;
    uint32_t n;
    uint64_t words[];
};

struct memo {
    GHashTable *table; /* struct memo_key -> struct tails */
    uint32_t lookups;
    uint32_t hits;
    uint32_t overflows;
    bool off; /* it does not help here */
};

struct recording {
    struct tree *tree;
    struct memo *memo;
    struct memo_key *key;
    GArray *list; /* struct tail */
    size_t bytes;
};

static guint key_hash(gconstpointer key)
{
    return ((const struct memo_key *)key)->hash;
}

static gboolean key_equal(gconstpointer a, gconstpointer b)
{
    const struct memo_key *x = a;
    const struct memo_key *y = b;

    return x->n == y->n && memcmp(x->words, y->words, x->n * sizeof(uint64_t)) == 0;
}

struct tails *tails_ref(struct tails *t)
{
    g_atomic_ref_count_inc(&t->refs);
    return t;
}

void tails_unref(struct tails *t)
{
    if (!g_atomic_ref_count_dec(&t->refs))
        return;
    for (uint32_t i = 0; i < t->n; i++)
        g_free(t->list[i].choices);
    g_free(t->list);
    g_free(t);
}

static struct memo *memo_of(struct vblock *block)
{
    if (!block->memo) {
        block->memo = g_new0(struct memo, 1);
        block->memo->table =
            g_hash_table_new_full(key_hash, key_equal, g_free, (GDestroyNotify)tails_unref);
    }
    return block->memo;
}

static struct memo_key *make_key(const struct walk *w, const struct vblock *block,
                                 uint32_t active_start)
{
    struct labels labels = {
        .list = (const struct label *)(void *)w->labels->data,
        .n = w->labels->len,
        .have = w->have,
        .reach = block->reach,
    };
    uint64_t head = w->active->len - active_start;
    GArray *words = w->key_words;
    struct memo_key *key;
    uint64_t hash = 0;

    g_array_set_size(words, 0);
    g_array_append_val(words, head);
    for (guint i = active_start; i < w->active->len; i++) {
        const struct rule *rule = g_array_index(w->active, struct active, i).rule;
        uint64_t word = (uint64_t)(uintptr_t)rule;

        g_array_append_val(words, word);
        if (!rule->plain)
            rule_state(rule, &labels, words);
    }
    for (uint32_t i = 0; i < w->tree->set_words; i++) {
        uint64_t asked = w->have[i] & block->asks[i];

        g_array_append_val(words, asked);
    }
    for (uint32_t i = 0; i < block->n_futures; i++)
        rule_state(block->futures[i], &labels, words);
    key = g_malloc(sizeof *key + words->len * sizeof(uint64_t));
    key->n = words->len;
    memcpy(key->words, words->data, words->len * sizeof(uint64_t));
    for (uint32_t i = 0; i < key->n; i++) {
        hash = (hash ^ key->words[i]) * 0xff51afd7ed558ccdu;
        hash ^= hash >> 32;
    }
    key->hash = (uint32_t)hash;
    return key;
}

struct tails *memo_find(const struct walk *w, struct vblock *block, uint32_t active_start,
                        struct recording **recording)
{
    struct memo *memo = memo_of(block);
    struct memo_key *key;
    struct tails *known;

    *recording = NULL;
    if (memo->off || block->joins || block->too_many)
        return NULL;
    if (memo->lookups >= TRIALS && memo->hits < memo->lookups / 8) {
        memo->off = true;
        return NULL;
    }
    key = make_key(w, block, active_start);
    memo->lookups++;
    known = g_hash_table_lookup(memo->table, key);
    if (known) {
        memo->hits++;
        g_free(key);
        return tails_ref(known);
    }
    *recording = g_new0(struct recording, 1);
    (*recording)->tree = w->tree;
    (*recording)->memo = memo;
    (*recording)->key = key;
    (*recording)->list = g_array_new(FALSE, FALSE, sizeof(struct tail));
    return NULL;
}

static struct slice name_behind(const GString *name, size_t from)
{
    /* The dot belongs to whoever puts the pieces together again. */
    size_t dot = from && name->len > from;

    return (struct slice){name->str + from + dot, name->len - from - dot};
}

bool recording_add(struct recording *r, const struct walk *w, const struct frame *f)
{
    struct slice name = name_behind(w->name, f->name_size);
    struct slice shortname = name_behind(w->shortname, f->shortname_size);
    struct tail tail = {.n = w->choices->len - f->n_choices};
    size_t choices_size = tail.n * sizeof(struct variant *);
    char *texts;

    if (r->list->len == TAILS_MAX || tail.n > TAIL_CHOICES_MAX) {
        r->memo->off = ++r->memo->overflows >= OVERFLOWS;
        return false;
    }
    /* One piece of memory for all three. */
    tail.choices = g_malloc(choices_size + name.size + shortname.size + 1);
    texts = (char *)tail.choices + choices_size;
    if (tail.n)
        memcpy(tail.choices, w->choices->pdata + f->n_choices, choices_size);
    memcpy(texts, name.text, name.size);
    memcpy(texts + name.size, shortname.text, shortname.size);
    tail.name = (struct slice){texts, name.size};
    tail.shortname = (struct slice){texts + name.size, shortname.size};
    g_array_append_val(r->list, tail);
    r->bytes += choices_size + name.size + shortname.size;
    return true;
}

static void forget_all(struct tree *t)
{
    for (guint i = 0; i < t->vblocks->len; i++) {
        struct vblock *block = g_ptr_array_index(t->vblocks, i);

        if (block->memo)
            g_hash_table_remove_all(block->memo->table);
    }
    t->memo_bytes = 0;
}

void recording_keep(struct recording *r)
{
    struct tails *tails = g_new0(struct tails, 1);
    size_t size = sizeof *r->key + r->key->n * sizeof(uint64_t) + sizeof *tails + r->bytes +
                  r->list->len * sizeof(struct tail);

    if (r->tree->memo_bytes + size > MEMO_BYTES)
        forget_all(r->tree);
    r->tree->memo_bytes += size;
    g_atomic_ref_count_init(&tails->refs);
    tails->n = r->list->len;
    tails->list = (struct tail *)(void *)g_array_free(g_steal_pointer(&r->list), FALSE);
    g_hash_table_insert(r->memo->table, g_steal_pointer(&r->key), tails);
    g_free(r);
}

void recording_free(struct recording *r)
{
    for (guint i = 0; i < r->list->len; i++)
        g_free(g_array_index(r->list, struct tail, i).choices);
    g_array_unref(r->list);
    g_free(r->key);
    g_free(r);
}

void memo_clear(struct tree *t)
{
    for (guint i = 0; i < t->vblocks->len; i++) {
        struct vblock *block = g_ptr_array_index(t->vblocks, i);

        if (!block->memo)
            continue;
        g_hash_table_unref(block->memo->table);
        g_clear_pointer(&block->memo, g_free);
    }
    t->memo_bytes = 0;
}
