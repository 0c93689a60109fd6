/* What the files of a running test share, and no one else. */
#pragma once

#include "node/files.h"
#include "node/meetings.h"
#include "node/records.h"
#include "node/running.h"

#include <stdio.h>

struct running {
    unsigned references;
    struct node *node;
    struct test test;
    struct host host;
    struct meetings *meetings;
    struct records *records; /* the node's; NULL when the test has reported */
    struct fiber *fiber;     /* of the scenario; NULL before and after it */
    GError *cancelled;       /* what the scenario is cancelled with, also before it begins */
    bool is_over;            /* the scenario has ended: what comes now does not change its result */
    struct event ended;
    bool is_orphan;      /* the coordinator is lost for good: nobody takes a report */
    char *context;       /* what the test is doing */
    char *ended_by;      /* why the node itself ended the test, or NULL */
    char *dir;           /* the test's folder here, with log/ and run/ below */
    FILE *log;           /* log/test.log */
    struct files *files; /* of log/, on their way; NULL before and after the test */
    GStrv names, addresses;
    GPtrArray *held; /* struct held: who waits for the user */
    GStrv holds;
    GHashTable *told; /* "VM ROLE": whose command line has been sent */
};

/* What its scenario, and its VMs, can ask of the node (running_ops.c); self: the struct running. */
extern const struct host_ops running_host_ops;
extern const struct test_ops running_test_ops;

/* A cause, or what QEMU has said, may be a whole log: it must fit into a message. Transfer full. */
char *running_text_that_fits(const char *text);

/* Where a failure was, and during what, for the wire. Transfer full. */
char *running_context_of(const struct running *running, const struct test_cause *cause);

/* Those who wait for the user go on. at: NULL: all. */
void running_let_go(const struct running *running, const char *at);

/* The node itself ends the test. cause: transfer full. */
void running_end_by_node(struct running *running, char *cause);
