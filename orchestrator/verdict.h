/*
 * The verdict of a test: what all ends said, joined. Pure, so that every rule has a test that
 * breaks what it checks. A leg is judged when it is done, and what is to be remembered of it does
 * not grow with the legs.
 *
 * The status is that of the first cause, which is chosen by what it rests on (Evidence in
 * vtmh.proto): what the guest did comes before what an end says of itself, and that before what an
 * end saw of the other. Between causes of one class that are no symptoms of each other, INTERRUPT >
 * FAIL > ERROR > WARN > CANCEL > SKIP > PASS; between equal ones the earlier, by the clock where
 * both hosts are one kernel, else as they were told. The cause that decides names its host. A lost
 * host is a cause of the class SELF, an ERROR. "Aborted by a peer" never counts; nor, when the
 * coordinator has ended the test, what the end brought about: AFTERWARDS and PEER.
 * A test passes, with or without warnings, only if every host says so, none has said otherwise
 * before, every record that a host has told has come, and every leg is told by both its ends, and
 * has ended and left the guest as was planned. A record that cannot be true is an ERROR of its
 * host. Two running copies are a FAIL whatever else was wrong.
 */
#pragma once

#include "orchestrator/leg_book.h"

/* What one host had to say; by index in the tuple. */
struct host_report {
    const char *name;
    const char *kernel;   /* boot id: equal on two hosts whose clocks are one; NULL: not known */
    Vtmh__TestDone *done; /* NULL: it never reported */
    unsigned order;       /* when it first said that it fails: 1, 2, …; 0: it did not */
    bool lost;            /* it could not be reached any more */
    uint64_t records;     /* of it that have come */
    char *nonsense;       /* why one of its records cannot be true, or NULL */
};

/* What the coordinator itself knows. */
struct own_cause {
    Vtmh__Status status; /* NONE: nothing */
    const char *message;
    const char *host; /* NULL: none in particular */
    bool is_end;      /* it ended a test in which nothing had failed, and so broke its streams */
};

/*
 * The coordinator ends a test by itself (Ctrl-C, test_timeout, …). It is the cause only of a test
 * that nothing has ended before: what a host has said already is not hidden by it. Returns whether
 * it was taken. message: transfer none, outlives own.
 */
bool own_cause_claim(struct own_cause *own, bool has_earlier_cause, Vtmh__Status status,
                     const char *message);

/*
 * Another cause, independent of those that have been judged: it decides if it is stronger than what
 * the result has, and is a note else. host: NULL if none in particular.
 */
void verdict_add(struct test_result *result, Vtmh__Status status, const char *host,
                 const char *message);

/* Whether the test failed by what came out only when its hosts were joined (limit_…): each had
 * passed, and has ended its VMs. */
bool verdict_came_late(const struct test_result *result, const struct host_report *reports,
                       unsigned n_reports);

struct verdict;

/* result: outlives the verdict; its hosts are set. */
struct verdict *verdict_new(struct test_result *result);
void verdict_free(struct verdict *verdict);
AUTOPTR_STRUCT(verdict, verdict_free);

/* A leg of which all has been told that will be: says whether it is as planned. */
void verdict_leg(struct verdict *verdict, const struct joined_leg *joint);

/* Fills status, fail_host, fail_cause, fail_context, type and guest of the result, whose leaks are
 * known. */
void verdict_end(struct verdict *verdict, const struct host_report *reports, unsigned n_reports,
                 const struct own_cause *own);
