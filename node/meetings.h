/* The node's side of meetings: who waits here for an answer of the coordinator's book. */
#pragma once

#include "migration/test.h"
#include "node/node.h"

struct meetings;

struct meetings *meetings_new(struct node *node, uint64_t test, unsigned n_hosts);
/* Meetings last as long as the coordinator lets them: the user may hold the test. */
void meetings_be_patient(struct meetings *meetings);

void meetings_free(struct meetings *meetings);

/*
 * test_ops.exchange. Waits in a fiber. A fiber that has been cancelled does not arrive any more:
 * who arrives promises to act on the answer.
 */
int meetings_exchange(struct meetings *meetings, const struct test_meeting *meeting,
                      GBytes *payload, GPtrArray **answers_out, GError **err);

/* test_ops.tell: arrives and goes on. The answer, when it comes, is ignored. */
void meetings_tell(struct meetings *meetings, const struct test_meeting *meeting, GBytes *payload);

/* test_ops.begin_scope: an abort of the scope cancels the fibers, until its end. */
void meetings_begin_scope(struct meetings *meetings, uint64_t scope, struct scope *fibers);

/* test_ops.end_scope: nobody here meets in the scope any more; forgets how often it was met. */
void meetings_end_scope(struct meetings *meetings, uint64_t scope);

/* How many tags it remembers to have met at: not more with each leg. */
unsigned meetings_remembered(const struct meetings *meetings);

/* Answers from the coordinator; one that nobody waits for is ignored. */
void meetings_release(struct meetings *meetings, const Vtmh__Release *release);

/* The abort of one settling meeting; or, without a tag, of a leg's scope. */
void meetings_abort(struct meetings *meetings, const Vtmh__Abort *abort);

/* No answer will come any more: aborts those who wait, and those who come later. */
void meetings_end(struct meetings *meetings, const char *cause);
