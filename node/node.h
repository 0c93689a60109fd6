/*
 * The node: a daemon on a host that serves one coordinator, runs its side of one test at a time,
 * and removes all it made when it ends.
 */
#pragma once

#include "node/claim_file.h"
#include "node/ledger.h"
#include "proto/link.h"

struct running;   /* running.h */
struct surveying; /* surveying.h */

struct node {
    char *name;    /* the host's name in the job */
    char *job;     /* its id; NULL: nobody has said hello yet */
    char *address; /* numeric, at which other hosts reach this one */
    char *guests_dir;
    struct ledger *ledger;
    struct link *link;
    struct scope *scope;     /* of the session's fibers */
    struct running *running; /* the test in progress, or NULL */
    GPtrArray *records;      /* struct records (records.h), of this test and those before it */
    GPtrArray *kept;         /* struct vm: of tests that have ended; ended with the session */
    GPtrArray *resting;      /* struct kept (resting.h): until a test wants them, else as those */
    uint64_t last_test;      /* that was started here; 0: none */
    bool leaves_kept;        /* … but left to the user, who has asked for that (--keep) */
    struct event stop;       /* SIGTERM, good-bye, coordinator lost for too long: end now */
    struct event released;   /* the coordinator has heard our good-bye */
    char *stop_cause;        /* in words, for the tests that are ended by it */
    FILE *log;               /* the node's own log, in its folder */

    struct claim_file *claims;   /* what our job keeps for itself on this host, or NULL */
    struct surveying *surveying; /* the images that are being looked at, or NULL */
    GPtrArray *probers;          /* of probing.c: their ends here */
};

/* Ends the node for a reason; the first counts. Callable from callbacks. */
void node_stop(struct node *node, const char *cause);

/* A line into the node's own log. */
void node_log(struct node *node, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* Sends; a message too large for the link is dropped with a line in the log. */
void node_send(struct node *node, const Vtmh__Envelope *envelope);
