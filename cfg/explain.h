/* Where the values of a test come from, and why a test is not there. */
#ifndef VTMH_CFG_EXPLAIN_H
#define VTMH_CFG_EXPLAIN_H

#include "cfg/cfg.h"

/* One statement that touched a key of the current test. Strings live only during the callback. */
struct cfg_step {
    const char *key;  /* the parameter that it is about in the end */
    const char *left; /* the left-hand side as written: a key, or the expression of a ?-operator */
    const char *op;   /* "=", "+=", "<=", "~=", "?=", "?+=", "?<=", "del", "suffix", "variants",
                         "_min", "_max", "_fixed"; "name" for what the choices make by themselves
                         (name, shortname) */
    const char *written; /* the right-hand side as written, before substitution */
    const char *value;   /* the value afterwards; NULL if the key is gone */
    const char *file;    /* NULL for "name" */
    unsigned int line;
    bool changed; /* false: the statement applied, but left the value as it was (~=) */
    const char
        *factor; /* the factor of a join that it is for ("a", of nested joins "b: a"), or NULL */
    const char *lost; /* why the value of this and the steps before does not count: a part of a
                         sentence behind the last of them; NULL if it counts */
};
typedef void (*cfg_step_fn)(const struct cfg_step *step, void *user);

/**
 * Calls FN for every statement that touched KEY (NULL: any key) of the current test: first for
 * those whose value has been lost, then for those that made the parameter, each in the order of
 * their effect; of all keys, those of one parameter come in this order. So the last step of a
 * parameter has its value. KEY is also the name of a parameter before it got a suffix, or while it
 * had one. Returns 0, or -1 with CFG_ERROR_EXPAND.
 */
int cfg_explain(struct cfg *c, const char *key, cfg_step_fn fn, void *user, GError **err);

/* One filter that took part in deciding about a test. */
struct cfg_filter_report {
    const char *text;      /* the statement as written, such as "only a..b, c" */
    const char *condition; /* the innermost condition it stands under, or NULL */
    const char *file;
    unsigned int line;
    bool keeps; /* false: it removes the test */
};
typedef void (*cfg_filter_fn)(const struct cfg_filter_report *report, void *user);

/* The filters that the current test has passed, sorted by file and line. Returns 0, or -1 with
 * CFG_ERROR_ARGUMENT for the product of a join. */
int cfg_explain_filters(struct cfg *c, cfg_filter_fn fn, void *user, GError **err);

/**
 * Looks for the full name NAME as if there were no filters, and reports every filter that takes
 * part in it; those that do not keep it are the reason why no such test exists (if all keep it, it
 * exists, or -d prefers another variant, or it is a part of a join). Returns 1 if such
 * a path exists, 0 if no combination of variants has this name, -1 with an error. The expansion is
 * rewound.
 */
int cfg_explain_missing(struct cfg *c, const char *name, cfg_filter_fn fn, void *user,
                        GError **err);

#endif
