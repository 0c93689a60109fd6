/* The tests of a job: the configuration, expanded and checked. */
#pragma once

#include "cfg/cfg.h"
#include "orchestrator/judge.h"
#include "orchestrator/selection.h"

/* What stands for a file in messages about lines of the command line. */
#define TESTS_COMMAND_LINE "<command line>"

/* A job of more tests than this is a mistake in a filter, not a plan. */
#define TESTS_MAX 100000

/*
 * The file with the extra lines behind it, for every command that reads one. A plain name that is
 * not there is looked for among the configurations that come along. Transfer full.
 */
struct cfg *tests_open(const char *file, const GPtrArray *extra, const struct cfg_options *options,
                       GError **err);

/*
 * Looks at each test of the file with the extra lines at its end: is it right, can it be done
 * (judge.h)? Memory does not grow with the number of tests. wanted: a number from 1, a full or a
 * short name of the one test to look at; NULL: all. n_hosts: the size of the tuple.
 *
 * FN (may be NULL) is called for each test that is right, as long as none was wrong; config stands
 * at the test. -1 from it ends the walk. An error is ready for the user: FILE:LINE: what is wrong,
 * of up to 20 mistakes; or with the line and a caret. No test at all is an error, too.
 */
typedef int (*tests_fn)(struct cfg *config, const struct judgement *judgement, void *user,
                        GError **err);
int tests_walk(const struct selection *selection, const char *wanted, unsigned n_hosts, tests_fn fn,
               void *user, GError **err);

/* A test of a job, as it is to be run. */
struct planned_test {
    struct params *params; /* with current names only (judge_resolve()) */
    char *skip;            /* why it is not to be run; NULL: it is */
    GStrv notes, warnings;
    const char **unknown; /* keys that no test type knows; interned, NULL-terminated */
};

/* All of them, walked over as above. Transfer full: array of struct planned_test. */
GPtrArray *tests_read(const struct selection *selection, const char *wanted, unsigned n_hosts,
                      GError **err);

/* The note that N different keys of the tests are known to no test type. Transfer full. */
char *tests_note_unknown(unsigned n);

/* Whether there is a test to be run: not all are skipped. */
bool tests_any_runs(const GPtrArray *tests);
