/*
 * What can be said of a test before any host is touched: are its parameters right, can what they
 * ask for be done, what should be known of them. run, --dry-run and lint all ask here, so they
 * agree.
 *
 * A judge looks at the tests of one configuration, one after the other. It remembers what it found
 * for each key and value, so a test costs what differs from the one before. No I/O, no clock.
 */
#pragma once

#include "cfg/cfg.h"
#include "cfg/param-info.h"
#include "orchestrator/objects.h"

/* What is said of one test. The arrays are never NULL, often empty; the sentences have no full
 * stop. All of it belongs to the judge, until the next test. */
struct judgement {
    GPtrArray *errors;   /* char *: "FILE:LINE: KEY = VALUE: …", a configuration that is wrong */
    GPtrArray *skips;    /* char *: "KEY = VALUE is not supported: …": the test is SKIP */
    GPtrArray *warnings; /* char *: the test is WARN at best */
    GPtrArray *notes;    /* char *: the same for all tests that set the same; told once a job */
    GPtrArray *unknown;  /* char *: keys that no test type knows: the user's own */
    unsigned n_unknown;  /* so many different ones in all tests judged so far */
};

struct judge;

/* n_hosts: the size of the tuple. Transfer full. */
struct judge *judge_new(unsigned n_hosts);
void judge_free(struct judge *judge);
typedef struct judge *_GLIB_AUTOPTR_TYPENAME(judge);
static inline void _GLIB_AUTOPTR_FUNC_NAME(judge)(struct judge **judge)
{
    judge_free(*judge);
}

/* The current test of the configuration, always the same one for one judge. NULL with CFG_ERROR if
 * it cannot be computed. */
const struct judgement *judge_current(struct judge *judge, struct cfg *config, GError **err);

/* The same for params, whatever was judged before. */
const struct judgement *judge_params(struct judge *judge, const struct params *params);

/* Whether the key would be a parameter in the test that was judged last, set or not. */
bool judge_knows(struct judge *judge, const char *key);

/* What a key of that test that is unknown was probably meant to be; NULL: nothing is near. */
const char *judge_near(const struct judge *judge, const char *key);

/* objects_rename() for the objects of that test. Transfer full. */
char *judge_rename(struct judge *judge, const char *key, objects_name_fn find, void *user);

/* The errors as one GError, CFG_ERROR_PARAM_VALUE; false and nothing if there is none. */
bool judgement_error(const struct judgement *judgement, GError **err);

/*
 * What the nodes are to be sent: historic names have become the current ones, a main_vm outside vms
 * is the first of them. The params must have been judged without errors. Transfer full.
 */
struct params *judge_resolve(struct judge *judge, const struct params *params);
