/*
 * The one dictionary that is being computed: the statements of a tree applied along the choices of
 * a test. Each key of the tree has a slot with a value, and a stamp: stamps count the keys that
 * come into dictionaries, and a key is in this one if its stamp is younger than the dictionary. So
 * setting a key is two stores, and emptying the dictionary is one.
 */
#ifndef VTMH_CFG_DICT_H
#define VTMH_CFG_DICT_H

#include "cfg/tree.h"

/* What happens to a dictionary, for explaining. */
enum dict_event {
    DICT_STEP,          /* a statement touches a key */
    DICT_BEGINS,        /* the dictionary is empty */
    DICT_RENAMES,       /* the steps that follow are those of a `suffix`: all keys get new names */
    DICT_FACTOR_BEGINS, /* what follows is for the factor TEXT of a join */
    DICT_FACTOR_ENDS,   /* its dictionary is complete */
    DICT_JOINED,        /* the dictionaries of the last N factors become one; the later wins */
    DICT_FINAL,         /* in the end KEY is called FINAL, NULL if it is dropped */
};

struct dict_trace {
    enum dict_event event;
    const char *op;            /* STEP: see cfg/explain.h */
    struct slice left;         /* STEP: the left-hand side as written */
    struct slice text;         /* STEP: the right-hand side as written; FACTOR_BEGINS */
    const struct key *key;     /* STEP, FINAL */
    const struct key *final;   /* FINAL */
    const struct value *value; /* STEP: the value now, NULL if the key is gone */
    struct place place;        /* STEP */
    bool changed;              /* STEP: false if the value is as it was (`~=`) */
    uint32_t n;                /* JOINED */
};
struct dict;
typedef void (*dict_trace_fn)(struct dict *d, const struct dict_trace *trace, void *user);

struct slot {
    struct value *value;
    uint64_t stamp;
};

struct dict {
    struct tree *tree;
    bool keep_suffixes;
    struct slot *slots; /* by number of key */
    uint32_t n_slots;
    uint64_t stamp;     /* the youngest one */
    uint64_t birth;     /* the youngest one when the dictionary was empty */
    uint32_t *arrivals; /* numbers of keys in the order of their stamps since then */
    size_t room_arrivals;
    bool suffixed;        /* a `suffix` has been applied */
    struct arena scratch; /* values computed for this test */
    GHashTable *patterns; /* expression key -> struct pattern */
    GArray *labels;       /* struct label, of the complete name */
    uint64_t *have;       /* set of atoms in them */
    uint64_t bloom;       /* a bit for each of these atoms, as in struct filter */
    struct key *name_key;
    struct key *shortname_key;
    struct key *dep_key;
    GPtrArray *deps;     /* char *, in scratch */
    dict_trace_fn trace; /* NULL: nobody looks */
    void *trace_user;
};

/* Tells an event that needs nothing else; nothing happens if nobody looks. */
void dict_tell(struct dict *d, enum dict_event event);

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

/* The value of a key by its number, NULL if it is not there. */
static inline struct value *dict_at(const struct dict *d, uint32_t number)
{
    const struct slot *slot = &d->slots[number];

    return slot->stamp > d->birth ? slot->value : NULL;
}

static inline struct value *dict_get(const struct dict *d, const struct key *key)
{
    return key->number < d->n_slots ? dict_at(d, key->number) : NULL;
}

static inline bool dict_has(const struct dict *d, const struct key *key)
{
    return dict_get(d, key) != NULL;
}

/* Sets a key; a new one comes last in the order of insertion. */
void dict_put(struct dict *d, const struct key *key, struct value *value);

static inline void dict_remove(struct dict *d, const struct key *key)
{
    d->slots[key->number].stamp = 0;
}

/* The keys that have come since the dictionary was empty are arrivals [0, n). Those that went away
 * again are among them: dict_is_current() is false of those, and of all but the last arrival of a
 * key. */
static inline size_t dict_n_arrivals(const struct dict *d)
{
    return (size_t)(d->stamp - d->birth);
}

void dict_grow_arrivals(struct dict *d, size_t n);

/* Makes room for N more. */
static inline void dict_expect(struct dict *d, size_t n)
{
    if (dict_n_arrivals(d) + n > d->room_arrivals)
        dict_grow_arrivals(d, n);
}

static inline bool dict_is_current(const struct dict *d, size_t arrival)
{
    return d->slots[d->arrivals[arrival]].stamp == d->birth + arrival + 1;
}

/* Removes all keys. */
void dict_empty(struct dict *d);
/* Gives slots to keys that were added to the tree. */
void dict_add_slots(struct dict *d);

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
