/*
 * What is done around a test on each of its hosts: a table of steps.
 *
 * Before the test, when all hosts have agreed that it can be done, each step begins, in the order
 * of the table; then the hosts meet, so that nothing moves before everything is ready everywhere.
 * After the test, also after a failure and on Ctrl-C, each step that began ends, backwards. So what
 * a step needs stands above it, and what it makes is there for those below it until they have
 * ended.
 *
 * A step is a row: a subject of its own in a file of its own, with its parameters beside it. What
 * must not outlive a node that is killed goes into the ledger (host_own), as everywhere.
 */
#pragma once

#include "migration/scenario/scenario.h"

/* A file of more than this is in parts at the coordinator, and of one twice as large the middle may
 * be missing (docs/results.md). */
#define STEP_FILE_BYTES ((int64_t)4 * 1024 * 1024)

/* For what a step is done, once each. */
enum step_object {
    STEP_TEST,
    STEP_VM, /* in the order of vms */
};

/* A step at work: for one object on this host. */
struct step_on {
    struct scene *scene;
    struct seat *seat; /* the VM's place here; NULL: the step is the test's */

    /* Of the object. While the step ends after a failure, KEY_on_error is KEY here, and
     * test_passed says how it was. */
    const struct params *params;

    const GError *failure; /* while it ends: why the test failed; NULL: it did not */
    int64_t ends_by;       /* while it ends: when all must be over; DEADLINE_NEVER: no haste */
    void *state;           /* of the step: what its begin leaves to its end */
};

struct step {
    const char *name; /* for people: "pre_command" */
    enum step_object object;

    /* Names of parameters: where no host of the test says of one of them, for whatever object, more
     * than its default, the step is not done on any. NULL: it is always done. */
    const char *const *asked_by;

    /* Whether there is anything to do in this test; the same on all its hosts. NULL: there is. */
    bool (*is_due)(const struct test *test);

    /*
     * Either may be NULL. What fails fails the test, and is the testbed's fault.
     *
     * end is called if begin was (or would have been), even if that failed halfway, and frees
     * state. One that fails since it is cancelled (SYNC_ERROR_CANCELLED) keeps its state: it is
     * called once more, shielded, to go on with the little time that is left (ends_by).
     */
    int (*begin)(struct step_on *on, GError **err);
    int (*end)(struct step_on *on, GError **err);
};

/* All steps, ended by .name NULL. */
extern const struct step all_steps[];

/* For what ends: ms from now, or when all must be over. */
int64_t step_deadline(const struct step_on *on, int64_t ms);

/* The steps of one test that have begun here. */
struct steps;

/* table: as all_steps; static. scene outlives it. Transfer full. */
struct steps *steps_new(struct scene *scene, const struct step *table);

/* Begins all steps and meets the other hosts, if there is anything to begin on any. */
int steps_begin(struct steps *steps, GError **err);

/*
 * When the test has passed here: waits until it has elsewhere, if something is to be done otherwise
 * after a failure (a parameter with _on_error). One that fails on another host meanwhile fails here
 * too: CANCELLED.
 */
int steps_await_others(struct steps *steps, GError **err);

/*
 * Ends what was begun, backwards, also on a cancelled fiber; frees it. result and err are of the
 * test until now: the first error of an end becomes the test's if there is none yet, others are
 * notes. Returns what the result is now.
 */
int steps_end(struct steps *steps, int result, GError **err);
