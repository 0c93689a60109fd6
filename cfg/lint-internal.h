/* The parts of lint: each looks at one kind of mistake. */
#ifndef VTMH_CFG_LINT_INTERNAL_H
#define VTMH_CFG_LINT_INTERNAL_H

#include "cfg/cfg-internal.h"
#include "cfg/lint.h"

struct lint {
    struct cfg *cfg;
    const struct tree *tree;
    cfg_lint_fn fn;
    void *user;
};

/* Reports a finding. A place with line 0 is no place. */
void lint_report(const struct lint *l, enum cfg_lint_kind kind, struct place place,
                 const char *format, ...) G_GNUC_PRINTF(4, 5);

/* Calls FN for every block of statements: the root, the bodies of variants and conditions. */
void lint_each_block(const struct lint *l,
                     void (*fn)(const struct lint *l, const struct block *block, void *user),
                     void *user);

/* lint-params.c */
void lint_overridden(const struct lint *l);

/* lint-joins.c: joins that leave out or mix what they should not. */
void lint_joins(const struct lint *l);
struct mixing;
struct mixing *mixing_new(const struct lint *l);
void mixing_free(struct mixing *m);
/* Looks at the current test. */
void mixing_look(struct mixing *m);

/* lint-shadowed.c: values that a key with a suffix replaces in the end. */
struct shadows;
struct shadows *shadows_new(const struct lint *l);
void shadows_free(struct shadows *s);
/* Looks at the current test. */
void shadows_look(struct shadows *s);

/* lint-tests.c: what can be seen only in the tests. Returns as cfg_lint(). */
int lint_tests(const struct lint *l, uint64_t max_tests, GError **err);

#endif
