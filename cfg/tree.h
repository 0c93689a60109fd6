/*
 * The parsed configuration. Everything lives in the tree's arena and is constant after parsing and
 * linking, except the fields that say so (they hold the state of the one expansion).
 *
 * A block is a list of statements (`struct op`) that take effect in order, and the rules (filters)
 * that decide whether a test exists. A variants block is a statement of its block; a condition is a
 * statement with a body of its own. An included file is no block here: its statements are put in
 * place, its `suffix` behind them.
 */
#ifndef VTMH_CFG_TREE_H
#define VTMH_CFG_TREE_H

#include <stdbool.h>
#include <stdint.h>

#include "cfg/arena.h"
#include "cfg/source.h"
#include "cfg/symbols.h"
#include "cfg/text.h"

/* What a key with a lasting value is in a canonical line: `"key":"value",`. */
struct piece {
    uint32_t number; /* of the key */
    uint32_t size;
    char text[];
};

/* A value, and where it came from. */
struct value {
    const char *text;
    struct piece *piece; /* NULL until it is written for the first time */
    uint32_t size;
    struct place place;
    bool lasting; /* lives as long as the tree; else as long as the test */
};

/* What a key's ending asks for after all statements, see post.c. */
enum post { POST_NONE, POST_MIN, POST_MAX, POST_FIXED };

/* A parameter name. With `suffix` there are keys with suffixes: (parent, suffix). */
struct key {
    const char *text; /* suffixes glued to the name in the order of their application */
    uint32_t size;
    const char *json; /* `"text":` */
    uint32_t json_size;
    uint32_t number;      /* in tree.keys */
    bool reserved;        /* statements do not touch it */
    bool referenced;      /* some value has `${key}` */
    uint8_t post;         /* enum post */
    uint32_t collected;   /* parser: the run of plain assignments that has set it */
    struct key *target;   /* post: the key that `_min`, `_max`, `_fixed` work on */
    struct key *base;     /* the key without any suffix; itself if there is none */
    struct key *parent;   /* without the last suffix; NULL if there is none */
    struct slice suffix;  /* the last one */
    struct key *children; /* keys with one suffix more, linked by sibling */
    struct key *sibling;
};

enum op_kind {
    OP_SET,
    OP_APPEND,
    OP_PREPEND,
    OP_LAZY,
    OP_MATCH_SET, /* the three ?-operators: all existing keys that match */
    OP_MATCH_APPEND,
    OP_MATCH_PREPEND,
    OP_DELETE,
    OP_SUFFIX,
    OP_CONDITION,
    OP_VARIANTS,
};

/* `${key}` in a value: bytes [start, end) of it. */
struct reference {
    uint32_t start;
    uint32_t end;
    struct key *key;
};

struct reference_list {
    uint32_t n;
    struct reference references[];
};

struct op {
    uint8_t kind;     /* enum op_kind */
    bool from_header; /* NAME = value of a named variants block */
    uint32_t number;  /* of the key */
    struct key *key;  /* assignments, `del`; of the ?-operators the expression as a key */
    struct value value;
    union {
        const struct reference_list *list; /* assignments: NULL if the value has no reference */
        struct condition *condition;
        struct vblock *variants;
    } u;
};

/* Labels and the identifiers of filters share one table of atoms (tree.atoms): `ident` and
 * `(var=value)`. Linking replaces their numbers by positions in the label sets, ATOM_NONE for atoms
 * that are not in both a label and a filter. */
#define ATOM_NONE SYMBOL_NONE

struct label {
    uint32_t plain; /* the atom `value` */
    uint32_t full;  /* the atom `(var=value)`, ATOM_NONE if the block has no name */
};

/* Labels that must follow each other. */
struct run {
    uint32_t n;
    uint32_t *atoms;
    struct slice text; /* `a.(v=b)` as in names; of dependencies only */
};

/* All runs must occur. */
struct word {
    uint32_t n;
    struct run *runs;
    struct slice text; /* as written */
    uint32_t column;   /* of the first character in its line */
};

/* One of the words must match. */
struct filter {
    uint32_t n;
    uint32_t n_live; /* words that some name can match; linking puts them first */
    struct word *words;
    uint32_t *simple; /* the atom of each live word if all are single labels, else NULL */
    uint64_t bloom;   /* a bit for each atom: position modulo 64 */
    struct slice text;
    struct place place;
};

struct block {
    struct op *ops;
    uint32_t n_ops;
    uint32_t n_rules;
    struct rule *rules;
    uint32_t n_factors;    /* of a join; a single one has become a rule */
    struct rule **factors; /* each an `only` of one word */
    struct vblock *last;   /* the last variants block in it; they are linked by previous */
};

struct condition {
    const struct filter *filter;
    bool negated;
    struct condition *outer; /* the condition it stands in, up to the enclosing block */
    struct block body;       /* statements only; its rules are kept by the enclosing block */
};

enum rule_kind { RULE_ONLY, RULE_NO, RULE_JOIN /* a join under a condition: an error */ };

struct rule {
    uint8_t kind; /* enum rule_kind */
    bool plain;   /* no condition, and a simple filter */
    const struct filter *filter;
    struct condition *condition; /* the innermost one it stands in, or NULL */
    struct place place;
};

struct variant {
    struct slice name;      /* as in full names: `a.b`, `(v=a).(v=b)`; may be empty */
    struct slice shortname; /* `a.b`, also if it is hidden */
    struct label *labels;
    uint32_t n_labels;
    bool hidden; /* not in short names: `@` or `[default=...]` */
    uint32_t n_deps;
    struct run **deps;
    struct block body;
    struct vblock *owner;
    struct vblock *next; /* what is expanded after choosing it; NULL: nothing is left */
    struct place place;
    bool seen; /* state of lint */
};

struct memo;

enum vblock_order {
    ORDER_FILE,         /* all variants as they stand in the file */
    ORDER_DEFAULT_ONLY, /* the default; the others only if it yields no test */
    ORDER_DEFAULT_FIRST /* the default, then all others */
};

struct join;

/* The `join` statements between two variants blocks of a block (or before the first, or behind the
 * last) are a variants block too: its only variant has no name, and their words as factors. So a
 * join is met, as anything else, in the order of the walk: when all that stands below it is chosen,
 * and what stands above it is still to come. */
struct vblock {
    struct slice name; /* empty if it has none */
    bool is_join;
    bool offers_choice; /* `[choice]`, see choice.c */
    bool chosen_from;   /* by a line outside of all blocks */
    struct variant **variants;
    uint32_t n_variants;
    uint32_t first_default;  /* position of the default variant; n_variants if there is none */
    struct variant *parent;  /* in whose body it is; NULL: top level */
    struct vblock *previous; /* the one before it in its block */
    struct vblock *next;     /* what is expanded when it and all inside it are done */
    uint64_t *reach; /* atoms that can still come when this block is the next to be expanded */
    bool joins;      /* there is a join in what can still come */
    /* What the rules that can still come ask of names: the atoms of the plain ones, and the others
     * themselves. `too_many` if there are more of these than a memo can use. */
    const uint64_t *asks;
    const struct rule *const *futures;
    uint32_t n_futures;
    bool too_many;
    struct place place;
    uint8_t order;          /* enum vblock_order, from the options */
    struct variant *chosen; /* state */
    struct memo *memo;      /* state, see memo.c */
    struct join *running;   /* state, see join.c: NULL, or the join that is going on here */
};

/* What the reference reads in a way that nobody can have meant; lint tells of it. */
enum oddity_kind {
    ODDITY_HEADER,  /* `variants @mode:` names the block `@` */
    ODDITY_VARIANT, /* `- a+b:` is `- a.b:` */
    ODDITY_DOTS,    /* a word of a filter that is only dots */
};

struct oddity {
    enum oddity_kind kind;
    struct slice text;
    struct place place;
};

/* A ?-operator that the parser has replaced by assignments (see parser-assign.c), as written. */
struct resolved_match {
    gint64 place; /* source and line; a line has one assignment at most */
    enum op_kind kind;
    const struct key *expression;
};

struct tree {
    struct arena arena;
    struct sources sources;
    struct symbols key_symbols; /* of keys without suffix */
    struct key **plain_keys;    /* by symbol */
    uint32_t room_plain_keys;
    struct key **post_keys; /* those that end with _min, _max, _fixed */
    uint32_t n_post_keys;
    uint32_t room_post_keys;
    struct key **keys; /* by number */
    uint32_t n_keys;
    uint32_t room_keys;
    struct symbols atoms;
    struct block root;
    /* The root as the only variant of a block around everything, and a variant that is nothing, so
     * that a walk begins and ends like any other step. Set by linking. */
    struct vblock top;
    struct vblock bottom;
    size_t memo_bytes;    /* state, see memo.c */
    GPtrArray *vblocks;   /* every struct vblock; one that ends earlier comes earlier */
    GArray *filter_words; /* room for filter.c to work in */
    GArray *filter_runs;
    GArray *filter_atoms;
    GString *filter_text;
    GArray *labels; /* room for parser-variants.c */
    GString *name;
    GString *shortname;
    GString *full;         /* room for tree_full_atom() */
    GPtrArray *filters;    /* every struct filter, for linking and lint */
    GPtrArray *conditions; /* every struct condition */
    GArray *oddities;      /* struct oddity */
    GHashTable *matches;   /* struct resolved_match, by its place */
    bool has_suffix;       /* there is a `suffix` statement */
    uint32_t n_statements;
    uint32_t run;       /* parser: number of the run of plain assignments */
    uint32_t set_words; /* size of a label set in words of 64 bits */
    uint32_t n_atoms;   /* atoms that have a position */
};

void tree_init(struct tree *t);
void tree_clear(struct tree *t);

/* The key of this name; TEXT must live as long as the tree if it is new. */
struct key *tree_key(struct tree *t, struct slice text);
/* The key with one more suffix. */
struct key *tree_suffixed_key(struct tree *t, struct key *key, struct slice suffix);
/* The atom of this text, which must live as long as the tree if it is new. */
uint32_t tree_atom(struct tree *t, struct slice text);
/* The atom `(VAR=VALUE)`; its text is in tree.full until the next call. */
uint32_t tree_full_atom(struct tree *t, struct slice var, struct slice value);

void tree_add_resolved_match(struct tree *t, struct place place, enum op_kind kind,
                             const struct key *expression);
/* NULL if there is none. */
const struct resolved_match *tree_resolved_match(const struct tree *t, struct place place);
/* TEXT must live as long as the tree. */
void tree_add_oddity(struct tree *t, struct slice text, enum oddity_kind kind, struct place place);

/* Makes BLOCK have one variant, without a name and with this body. */
struct variant *tree_single(struct tree *t, struct vblock *block, const struct block *body);

/* The order of keys in a line: by bytes. */
int key_compare(const struct key *a, const struct key *b);

/* choice.c: turns the lines that choose from a block into filters; before linking, once. */
void tree_choose(struct tree *t);
/* What can be chosen from the block of this name, "a.b", in the order of the file; empty if there
 * is no block that offers a choice. Transfer full. */
GStrv tree_choices(const struct tree *t, const char *name);
/* Whether a line has chosen from it. */
bool tree_has_chosen(const struct tree *t, const char *name);

/**
 * After parsing: finds for each variants block what comes next and which labels can still come.
 * -1 with CFG_ERROR_LIMIT.
 */
int tree_link(struct tree *t, GError **err);

#endif
