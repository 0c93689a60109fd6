/*
 * One test as it runs on this node: its fiber, its meetings, its files, its result.
 */
#pragma once

#include "node/node.h"

/* Starts the test. start: what the coordinator sent; copied. The test reports by itself (TestDone)
 * and clears node->running when it is over. */
void running_start(struct node *node, const Vtmh__StartTest *start);

/* The coordinator's answers to meetings. Those of a test that is over are ignored. */
void running_release(struct running *running, const Vtmh__Release *release);
void running_abort(struct running *running, const Vtmh__Abort *abort);

/* It ends in order behind this leg. */
/* The user wants to go on. */
void running_go_on(struct running *running, const Vtmh__GoOn *go_on);

void running_end_soon(struct running *running, const Vtmh__EndSoon *end);

/* Ends the test for a reason of the node's own (SIGTERM, coordinator lost); reports as far as it
 * can. */
void running_end(struct running *running, const char *cause);

/* No answer of the coordinator's will come any more: whoever waits for one, now or later, is let
 * go. */
void running_orphan(struct running *running);

/* The record outlives the test for whoever holds a reference. */
struct running *running_ref(struct running *running);
void running_unref(struct running *running);

/* Set when the test is over. */
struct event *running_ended(struct running *running);
