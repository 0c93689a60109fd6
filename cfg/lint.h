/* What is probably wrong in a configuration although it can be read. */
#ifndef VTMH_CFG_LINT_H
#define VTMH_CFG_LINT_H

#include "cfg/cfg.h"

enum cfg_lint_kind {
    CFG_LINT_TAB,         /* a tab: it is read as blanks up to a column that is a multiple of 8 */
    CFG_LINT_FILTER,      /* a word of a filter or condition that no name can match */
    CFG_LINT_UNREACHABLE, /* a variant that is in no test */
    CFG_LINT_OVERRIDDEN,  /* a value that is replaced in the same block before anything uses it, or
                             in the end by a key with a suffix */
    CFG_LINT_REPEATED_NAME, /* two tests with one full name */
    CFG_LINT_JOIN,          /* a join that leaves no test, loses some, or mixes variants */
    CFG_LINT_ODD,           /* what is read in a way that nobody can have meant */
    CFG_LINT_EMPTY,         /* no test is left */
    CFG_LINT_KINDS,         /* how many kinds there are */
};

/* One finding. Strings live only during the callback. */
struct cfg_lint_finding {
    enum cfg_lint_kind kind;
    const char *file; /* NULL if it has no place (EMPTY, REPEATED_NAME) */
    unsigned int line;
    const char *message; /* a sentence without the place */
};
typedef void (*cfg_lint_fn)(const struct cfg_lint_finding *finding, void *user);

/* The short word for a kind ("tab", "filter", ...), for output and for switching one off. */
const char *cfg_lint_kind_name(enum cfg_lint_kind kind);

/**
 * Looks at the whole configuration: what is written, then what it expands to (at most MAX_TESTS
 * tests, 0 for all; unreachable variants and repeated names are only told if all were seen).
 * Call it after parsing; the expansion is rewound. Returns 0
 * (with or without findings), 1 if there are more tests than MAX_TESTS, or -1 with an error of
 * cfg_next().
 */
int cfg_lint(struct cfg *c, uint64_t max_tests, cfg_lint_fn fn, void *user, GError **err);

#endif
