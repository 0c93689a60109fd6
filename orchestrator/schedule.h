/*
 * The schedule of a job: which test comes next, in which round of the list, on which tuple. Pure:
 * no I/O and no clock; that time is over, or a tuple lost, it is told.
 *
 * The list of tests is gone through once or more often, a round each time. A free tuple takes the
 * next test of the list that nobody has taken; rounds may overlap by the tests that are still
 * running. With .each every tuple has the list for itself, so that each test runs on every tuple. A
 * test waits for those before it in the list, in its round, that it depends on (dependencies.h).
 *
 *     while ((look = schedule_look(schedule, tuple, &next)) != SCHEDULE_OVER)
 *         if (look == SCHEDULE_WAIT)
 *             wait for schedule_ended() of another tuple
 *         else {
 *             schedule_take(schedule, &next);
 *             ...
 *             schedule_ended(schedule, &next, result);
 *         }
 *
 * What nobody has taken is handed out by schedule_rest() when all tuples are through.
 */
#pragma once

#include "orchestrator/result.h"

struct schedule_test {
    const char *name; /* in full, as test_result.name */
    GStrv wanted;     /* labels of the tests that it depends on */
    bool is_left_out; /* it is known not to run (SKIP) */
    bool ends_job;    /* if it ends FAIL or ERROR, whatever the plan says of failures */
};

struct schedule_plan {
    const struct schedule_test *tests; /* outlive the schedule */
    unsigned n_tests;
    unsigned n_tuples;
    unsigned rounds;   /* 0: until it is stopped, or vain; what is left out then is so once */
    unsigned failures; /* so many tests that end FAIL or ERROR stop it; 0: any number do not */
    bool each;
};

struct assignment {
    unsigned round, test, tuple; /* from 0 */
    unsigned number; /* from 1: the place in the list of all results, unique in the job */
};

enum schedule_look {
    SCHEDULE_TEST, /* the assignment says which */
    SCHEDULE_WAIT, /* for the end of a test that runs on another tuple */
    SCHEDULE_OVER, /* nothing more for this tuple */
};

struct schedule;

struct schedule *schedule_new(const struct schedule_plan *plan);
void schedule_free(struct schedule *schedule);
AUTOPTR_STRUCT(schedule, schedule_free);

/* How many results there will be; 0: nobody knows. */
unsigned schedule_total(const struct schedule *schedule);

/* What a free tuple is to do next. Changes nothing. */
enum schedule_look schedule_look(struct schedule *schedule, unsigned tuple,
                                 struct assignment *next);

/* It does what schedule_look() has just said. */
void schedule_take(struct schedule *schedule, const struct assignment *taken);

/* Why a test that was taken cannot be run: a test that it depends on did not pass. NULL: it can.
 * Transfer full. */
char *schedule_unmet(const struct schedule *schedule, const struct assignment *taken);

/* It has ended, or was left out. */
void schedule_ended(struct schedule *schedule, const struct assignment *taken,
                    const struct test_result *result);

/* No more tests are begun. */
void schedule_stop(struct schedule *schedule);

/* The tuple gets no more tests; the others do its share, unless each has its own. */
void schedule_lose(struct schedule *schedule, unsigned tuple);

/* Whether all tests were skipped (with .each: on one of the tuples). Without a number of rounds no
 * other round begins then. */
bool schedule_is_vain(const struct schedule *schedule);

/* Whether that many have failed that it has stopped; *last: the number of the last of them. */
bool schedule_has_failed(const struct schedule *schedule, unsigned *last);

/* Whether that was since the last of them ends the job by itself. */
bool schedule_was_ended_by_test(const struct schedule *schedule);

/*
 * When all tuples are through: the next test that was to be run and was not, in order; false: there
 * is none. Without a number of rounds these are only those of the first.
 */
bool schedule_rest(struct schedule *schedule, struct assignment *left);
