/*
 * The one dictionary that is being computed: the statements of a tree applied along the choices of
 * a test. Its values are kept in the keys themselves (key->value), and a set of ranks says which
 * keys are there; so setting a key is two stores, and walking the set gives sorted keys.
 */
#ifndef VTMH_CFG_DICT_H
#define VTMH_CFG_DICT_H

#include "cfg/tree.h"

/* Called for every statement that touches a key; VALUE is NULL if the key is gone. WRITTEN may
 * differ from the op for what post-processing does. */
struct dict;
typedef void (*dict_trace_fn)(struct dict *d, const char *op, const struct key *key,
                              struct slice written, const struct value *value, struct place place,
                              bool changed, void *user);

struct dict {
    struct tree *tree;
    bool keep_suffixes;
    uint64_t *present;  /* set of ranks */
    struct key **order; /* keys by rank */
    uint32_t ranked;    /* number of keys that have a rank */
    uint64_t sequence;
    bool suffixed;        /* a `suffix` has been applied */
    struct arena scratch; /* values computed for this test */
    GHashTable *patterns; /* expression key -> struct pattern */
    GArray *labels;       /* struct label, of the complete name */
    uint64_t *have;       /* set of atoms in them */
    struct key *name_key;
    struct key *shortname_key;
    struct key *dep_key;
    GPtrArray *deps;     /* char *, in scratch */
    dict_trace_fn trace; /* NULL: nobody looks */
    void *trace_user;
};

/* After linking. */
void dict_init(struct dict *d, struct tree *t, bool keep_suffixes);
void dict_clear(struct dict *d);

/* Forgets all values; call it once a test. */
void dict_reset(struct dict *d);

/* Computes the dictionary of a complete choice, without dropping suffixes. It replaces what was in
 * D; values made before since dict_reset() stay valid. -1 with CFG_ERROR_EXPAND or
 * CFG_ERROR_LIMIT. */
int dict_apply(struct dict *d, struct variant *const *choices, uint32_t n, struct slice name,
               struct slice shortname, GError **err);

/* The last step: suffixed keys become plain ones (flatten.c). */
void dict_flatten(struct dict *d);

/* What `${key}` is now, NULL if undefined (with suffixes: in the flattened view). */
const struct value *dict_lookup(struct dict *d, const struct key *key);

static inline bool dict_has(const struct dict *d, const struct key *key)
{
    return key->rank < d->ranked && (d->present[key->rank / 64] >> (key->rank % 64)) & 1;
}

/* Sets a key; a new one comes last in the order of insertion. */
static inline void dict_put(struct dict *d, struct key *key, struct value *value)
{
    uint64_t *word = &d->present[key->rank / 64];
    uint64_t bit = UINT64_C(1) << (key->rank % 64);

    if (!(*word & bit)) {
        *word |= bit;
        key->sequence = ++d->sequence;
    }
    key->value = value;
}

static inline void dict_remove(struct dict *d, const struct key *key)
{
    d->present[key->rank / 64] &= ~(UINT64_C(1) << (key->rank % 64));
}

/* Removes all keys. */
void dict_empty(struct dict *d);
/* Gives ranks to keys that were added to the tree. The dictionary must be empty. */
void dict_rank(struct dict *d);

/* All keys in the order of insertion, with their values at this moment; the reserved ones (name,
 * shortname, dep) are left out unless RESERVED. */
struct entry {
    struct key *key;
    struct value *value;
};
GArray *dict_entries(const struct dict *d, bool reserved);

/* Makes a value for this test; TEXT must live until dict_reset(). */
struct value *dict_value(struct dict *d, const char *text, size_t size, struct place place);

/* `_min`, `_max`, `_fixed` (post.c). */
int dict_post(struct dict *d, GError **err);

#endif
