/* What walk.c, memo.c and join.c share. */
#ifndef VTMH_CFG_WALK_INTERNAL_H
#define VTMH_CFG_WALK_INTERNAL_H

#include "cfg/match.h"
#include "cfg/walk.h"

/* A rule that is not decided yet. */
struct active {
    const struct rule *rule;
    uint32_t witness; /* plain rules: a word that could still come when it was last looked at */
};

/* A block with an open choice, and the state of the walk before the choice. */
struct frame {
    struct vblock *block;
    uint32_t next; /* position in its order */
    uint32_t n_labels;
    uint32_t n_choices;
    uint32_t n_undo;
    uint32_t active_start; /* the rules that were open before the choice */
    uint32_t active_end;
    size_t name_size;
    size_t shortname_size;
    uint64_t produced;           /* tests found before */
    struct recording *recording; /* memo.c; NULL if nothing is recorded here */
    struct join *join;           /* join.c; NULL unless the chosen variant has a join */
};

struct walk {
    struct tree *tree;
    struct walk_options options;
    unsigned int join_nesting;
    GArray *labels; /* struct label */
    uint64_t *have; /* set of their atoms */
    GArray *undo;   /* uint32_t: atoms in the order in which they came into the set */
    GPtrArray *choices;
    GString *name;
    GString *shortname;
    GArray *active; /* struct active; each frame has its own part */
    GArray *frames;
    GArray *key_words; /* room for memo.c */
    uint64_t produced;
    unsigned int recordings; /* frames that record */
    struct tails *replay;    /* tests found in the memo that are still to be given out */
    uint32_t replayed;
    struct frame replay_base; /* state of the walk before their choices */
};

/* A walk through what comes after the last choice of OUTER, with N_RULES rules more. */
struct walk *walk_new_inner(const struct walk *outer, struct vblock *next,
                            const struct rule *const *rules, uint32_t n_rules);

/* Remembers the state of the walk in a frame. */
void walk_mark(const struct walk *w, struct frame *f);
/* Appends a piece to a name, with a dot between. */
void walk_append_name(GString *name, struct slice piece);

/* join.c: the combinations of the factors of V, which has just been chosen in the walk. */
struct join *join_new(const struct walk *outer, const struct variant *v, GError **err);
void join_free(struct join *j);
/* The filters of the factor that runs last, at most LIMIT_JOIN_FACTORS. */
uint32_t join_rules(const struct join *j, const struct rule **rules);
int join_next(struct join *j, GError **err);
struct slice join_name(const struct join *j);
struct slice join_shortname(const struct join *j);
void join_each_choice(const struct join *j, void (*fn)(struct variant *v, void *user), void *user);
int join_apply(const struct join *j, struct dict *d, GError **err);

/**
 * memo.c: what comes after a point of the walk depends only on the block that is next and on the
 * open rules, so it is remembered: the choices of each test behind that point.
 */
struct tail {
    uint32_t n;
    struct variant **choices; /* the texts are in the same piece of memory */
    struct slice name;        /* what they add to the name */
    struct slice shortname;
};

struct tails {
    gatomicrefcount refs;
    uint32_t n;
    struct tail *list;
};
struct tails *tails_ref(struct tails *t);
void tails_unref(struct tails *t);

/* Looks up the state of the walk before BLOCK, whose open rules begin at ACTIVE_START. Returns the
 * tails (transfer full), or NULL; then *recording is what to record into, or NULL if it is not
 * worth it. */
struct tails *memo_find(const struct walk *w, struct vblock *block, uint32_t active_start,
                        struct recording **recording);
/* Adds the current test; false if the recording has become too large (then free it). */
bool recording_add(struct recording *r, const struct walk *w, const struct frame *f);
/* All tests have been added. Frees the recording. */
void recording_keep(struct recording *r);
void recording_free(struct recording *r);
/* Frees what is remembered in a tree. */
void memo_clear(struct tree *t);

#endif
