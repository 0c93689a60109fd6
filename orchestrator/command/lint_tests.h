/* What lint tells of the tests that a configuration makes: the judge's word (orchestrator/judge.h).
 */
#pragma once

#include "cfg/lint.h"

/* Kinds of findings, behind those of enum cfg_lint_kind. */
enum lint_tests_kind {
    LINT_VALUE = CFG_LINT_KINDS, /* what makes run refuse the configuration */
    LINT_UNSUPPORTED,            /* what makes a test SKIP */
    LINT_WARNING, /* what makes a test WARN: a name that is nearly that of a parameter */
    LINT_UNKNOWN, /* any other name that no test type knows */
    LINT_KINDS,   /* how many kinds there are, with those of cfg_lint() */
};

/* The word for a kind of either enum: "value", "tab", … */
const char *lint_kind_name(unsigned kind);

/* One finding, as struct cfg_lint_finding. The strings live only during the callback. */
typedef void (*lint_tests_fn)(unsigned kind, const char *file, unsigned line, const char *message,
                              void *user);

/*
 * Judges the tests of the configuration from the first on, at most max_tests (0: as many as a job
 * may have), and calls FN for each finding once. A configuration that speaks of no type is a part
 * of others: only names are looked at. Returns 0, 1 if there are more tests, -1 with an error of
 * cfg_next() or of a test that cannot be computed.
 */
int lint_tests_judge(struct cfg *config, uint64_t max_tests, lint_tests_fn fn, void *user,
                     GError **err);
