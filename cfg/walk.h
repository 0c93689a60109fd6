/*
 * Walking through the choices of a tree, one surviving test after the other.
 *
 * The walk is depth first, with a stack of its own: a frame for each block of variants in which a
 * choice is open. Rules whose verdict is still open are carried along; a branch ends as soon as one
 * of them can only drop it.
 */
#ifndef VTMH_CFG_WALK_H
#define VTMH_CFG_WALK_H

#include "cfg/dict.h"
#include "cfg/tree.h"

struct walk;

struct walk_options {
    bool full_joins;
    uint64_t max_steps; /* choices tried in one walk_next(); 0: no limit */
};

/* A walk through the whole tree (transfer full). */
struct walk *walk_new(struct tree *t, const struct walk_options *options);
/* Takes NULL. */
void walk_free(struct walk *w);

/* 1: there is another test; 0: no more; -1: CFG_ERROR_EXPAND or CFG_ERROR_LIMIT. */
int walk_next(struct walk *w, GError **err);

/* The current test. Strings live until the next walk_next(). */
struct slice walk_name(const struct walk *w);
struct slice walk_shortname(const struct walk *w);
/* Its choices from the outermost on (the first one is the top of the tree); NULL if it is the
 * product of a join. */
struct variant *const *walk_choices(const struct walk *w, uint32_t *n);
/* Computes its parameters in D, without dropping suffixes. */
int walk_apply(const struct walk *w, struct dict *d, GError **err);

/* Calls FN for all choices of the current test, of all factors if it is the product of a join. */
void walk_each_choice(const struct walk *w, void (*fn)(struct variant *v, void *user), void *user);

/* Makes blocks follow the options -d and -e (NULL or NULL-terminated). */
void walk_set_order(struct tree *t, bool defaults, const char *const *expand);

#endif
