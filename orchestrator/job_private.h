/* A job while it runs: for job.c and job_*.c. */
#pragma once

#include "orchestrator/addresses.h"
#include "orchestrator/coordinator.h"
#include "orchestrator/job.h"
#include "orchestrator/recorder.h"
#include "orchestrator/schedule.h"
#include "orchestrator/tests.h"

#define GRACE_MS 60000 /* how long a lost host is waited for */

/* Hosts on which one test at a time runs. */
struct tuple {
    struct work *work;
    unsigned index;
    GPtrArray *hosts; /* struct peer, in order */
    struct coordinator *coordinator;
    struct fiber *fiber;
    bool is_testing; /* an end aborts the test, not the fiber */
    bool is_waiting; /* for a lost host */
    char *lost_host; /* it is no more, since this host … */
    char *lost_cause;

    bool has_looked;      /* at the images of all tests, on these hosts */
    GHashTable *troubles; /* of images_look(), or NULL */
    char *cannot_look;    /* why nothing is known of them; NULL: it is */
};

struct work {
    struct job *job;
    struct recorder recorder;
    struct scope *listeners;   /* fibers of the peers */
    GPtrArray *peers;          /* struct peer, in the order of the machines */
    GPtrArray *spares;         /* those of them that are in no tuple, in that order */
    GPtrArray *clients;        /* struct asked_client (job_clients.c), or NULL */
    GPtrArray *tuples;         /* struct tuple */
    struct schedule *schedule; /* NULL: no tests are run now */
    struct addresses *addresses;
    int64_t ends_soon;        /* the deadline of --for */
    bool time_is_over;        /* that of --for */
    struct event changed;     /* the schedule may have something for who waits */
    const struct tuple *lost; /* the last of the tuples that are no more */
    struct fiber *body;
    const struct deploy_options *deploy_options;
    char *lost_host;       /* the first machine on which no node could be put, or NULL */
    char *lost_cause;      /* why, without its name */
    unsigned n_coming_up;  /* machines that have neither a node yet nor failed */
    bool holds_no_more;    /* nobody can say any more that a test is to go on */
    unsigned interrupts;   /* Ctrl-C */
    const char *end_cause; /* why the job ends before its last test, by the user's will or by
                              time: the first such reason. NULL: it goes on */
};

/* All machines at once; every machine that cannot be had is told, not only the first. The others
 * are in work->peers. -1: not all could be had. */
int job_bring_up(struct work *work, GError **err);

/* Takes what this job keeps for itself on the hosts. -1: another job is in the way. */
int job_share_hosts(struct work *work, GError **err);

/* Puts a node on a machine and connects to it. NULL with err; then nothing is left there, or that
 * is noted. */
struct peer *job_put_node(struct work *work, const struct machine *machine,
                          const struct deploy_options *options, GError **err);

/*
 * Whom a test has its guests asked by (parameter client), with a node that is put there for the
 * first test that wants it: *client_out, NULL if by its own hosts. Transfer none. -1: that cannot
 * be had.
 */
int job_client(struct work *work, const struct params *params, struct client **client_out,
               GError **err);

/* Appends the peers of all clients. */
void job_clients_add_peers(const struct work *work, GPtrArray *peers);
void job_clients_free(struct work *work);

/* Ends all nodes. */
void job_take_leave(struct work *work);

/*
 * Cuts the peers into tuples, and runs the tests on them side by side. no_hosts: why there is
 * nothing to run the tests on; NULL: there is, or no test needs it. All tests have a result
 * afterwards.
 */
void job_run_tests(struct work *work, const char *no_hosts);

/* Looks at the images of all tests on the hosts of a tuple, unless that has been done. It has not
 * where a host was lost meanwhile. */
void job_look_at_images(struct tuple *tuple);

/* Forgets what was found on hosts that are the tuple's no longer. */
void job_forget_images(struct tuple *tuple);

/* What is wrong with the images of a test; NULL: nothing. host_out: whose trouble it is, or NULL.
 */
const char *job_image_trouble(const struct tuple *tuple, const struct planned_test *planned,
                              const char **host_out);

/* Whether the peers are enough for a tuple. */
bool job_has_tuple(const struct work *work);

/* The user wants to go on, with all tests that are held for him; forever: also with those that will
 * be. */
void job_go_on(struct work *work, bool forever);

/* Ends the tests in progress, each for this cause; those behind them are not begun. */
void job_end_tests(struct work *work, Vtmh__Status status, const char *cause);
