/*
 * One running test as its scenario sees it on one host: who takes part, how they meet, what was
 * found.
 *
 * The same scenario runs on every host of the tuple at the same time; which role it plays is
 * decided per migration by comparing `self` with the leg's source and destination.
 */
#pragma once

#include "migration/host.h"
#include "proto/sample.h"

#include <jansson.h>

struct test_meeting {
    uint64_t scope;      /* the leg; 0: the test (sync/meeting.h). Meetings with one tag in a scope
                            follow each other,      at all their members in the same order */
    const char *tag;     /* "moved vm1" */
    const unsigned *who; /* indexes of the members; NULL: all hosts of the test */
    unsigned n_who;
    bool settle; /* survives the test's abort (sync/meeting.h) */
    bool once;   /* no other meeting of the scope has this tag: nobody need remember it */
    int64_t timeout_ms;
};

/* Why a test is not a pass, as this host says it; fields as in TestFailing (proto/vtmh.proto). */
struct test_cause {
    Vtmh__Status status;
    const char *message; /* the error's */
    char *doing;         /* where, and what was being done (doing_text()); owned, NULL if nothing
                            is known */
    Vtmh__Evidence evidence;
    int64_t at_us;
    const char *about; /* name of a host; "" if it is this one */
};

/* How hosts meet; filled in by the node. */
struct test_ops {
    /*
     * Arrives with payload (NULL: nothing) and waits for all members. *answers_out: GBytes by host
     * index, NULL for hosts that are not members; transfer full. An answer that came before the
     * fiber was cancelled counts as an answer.
     */
    int (*exchange)(void *node, const struct test_meeting *meeting, GBytes *payload,
                    GPtrArray **answers_out, GError **err);

    /* Arrives without waiting for the others: they will have the payload when they come. */
    void (*tell)(void *node, const struct test_meeting *meeting, GBytes *payload);

    /* A leg's scope: from its begin to its end on this host an abort of it cancels the fibers. What
     * is met in it after that asks for another end. */
    void (*begin_scope)(void *node, uint64_t scope, struct scope *fibers);
    void (*end_scope)(void *node, uint64_t scope);

    /* Tells the other hosts, through the coordinator, that the test (scope 0) or a leg of it fails
     * here; never waits. */
    void (*failing)(void *node, uint64_t scope, const struct test_cause *cause);

    /* Tells what was found out; never waits. The caller fills in the body; copied. */
    void (*record)(void *node, const Vtmh__Record *record);

    /* Shows the lines to the user, and waits until he wants to go on; deadlines of the test stand
     * still. On a fiber that is cancelled, shielded. */
    int (*hold)(void *node, const char *at, const char *const *lines, GError **err);

    /* Waits until there is room for the records of another leg. */
    int (*await_room)(void *node, GError **err);
};

struct test {
    uint64_t id;
    const char *name;
    const struct params *params; /* resolved for this host */
    bool only_agree;             /* it is over when all agree on the platform: --dry-run=hosts */
    const char *const *holds;    /* points at which it waits for the user (scenario/hold.h) */
    bool meets_kept;             /* on a host of it, VMs of earlier tests may live on */
    bool keep;                   /* its VMs are left to the user if it fails */
    const struct host *host;
    unsigned n_hosts, self;
    const char *const *names;     /* of all hosts, by index */
    const char *const *addresses; /* numeric */
    const struct test_ops *ops;
    void *node;

    GPtrArray *migrations; /* Vtmh__Migration, owned: of legs that are under way here */
    GPtrArray *notes;      /* char *: what has been told, at most TEST_NOTES_MAX */
    unsigned last_leg;     /* it ends in order behind this one; UINT_MAX: by itself */
    bool is_failing;
    bool moves_nothing; /* by design */
    unsigned
        n_moving; /* legs that have begun here, and have neither failed nor come to "running" */
    struct event still;             /* set while there are none */
    struct sampler sampler;         /* of the machine, at the ends of legs */
    struct sample_pace sample_pace; /* of the node */
    char *warning; /* why the test is a WARN though nothing failed; NULL if it is not */
};

/* Initialises what the scenario writes to. */
void test_init(struct test *test);
void test_clear(struct test *test);

/* Meets without a message. */
int test_barrier(struct test *test, const struct test_meeting *meeting, GError **err);

/*
 * Exchanges JSON values. mine: transfer full. *theirs_out: json_t by host index, NULL for hosts
 * that are not members; free with g_ptr_array_unref(). A payload that is no JSON is a protocol
 * error; mine that is none (NULL, since a string was not UTF-8) is an error before we arrive.
 */
int test_exchange(struct test *test, const struct test_meeting *meeting, json_t *mine,
                  GPtrArray **theirs_out, GError **err);

/* Says a JSON value to who meets there, without waiting. mine: transfer full. */
void test_tell(struct test *test, const struct test_meeting *meeting, json_t *mine);

/* Adds a note to the result unless it is there. After TEST_NOTES_MAX one more says that the others
 * are in the log only. */
#define TEST_NOTES_MAX 200
void test_note(struct test *test, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* Makes a test that otherwise passes a WARN. The first warning stays. */
void test_warn(struct test *test, const char *format, ...) G_GNUC_PRINTF(2, 3);

/*
 * Says at once that the test (scope 0) or one of its legs fails, before anything is cleaned up.
 * Only the first error of a test counts, and one that is only the echo of an abort (CANCELLED) is
 * not said.
 */
void test_failing(struct test *test, uint64_t scope, const GError *error);

/* The record of one leg, made when it begins here; all figures unmeasured. Owned by the test until
 * test_end_migration(). */
Vtmh__Migration *test_add_migration(struct test *test, const char *vm, unsigned leg,
                                    unsigned source, unsigned destination);

/* The leg is over here: its record is told, and gone. */
void test_end_migration(struct test *test, Vtmh__Migration *record);

/*
 * What an error means for the test: what it was made under (sync/doing.h) decides between the
 * testbed's fault (ERROR) and the product's (FAIL), unless its kind does: what is not supported is
 * SKIP, a configuration that is wrong or a host that is silent ERROR, a cancelled fiber ABORTED.
 */
Vtmh__Status test_status_of(const GError *error);

/* All of it, for the wire. Free with test_cause_clear(). error outlives it. */
void test_cause_of(const struct test *test, const GError *error, struct test_cause *cause);
void test_cause_clear(struct test_cause *cause);

typedef struct test_cause test_cause_t;
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(test_cause_t, test_cause_clear)
