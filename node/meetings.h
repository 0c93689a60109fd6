/* The node's side of meetings: who waits here for an answer of the coordinator's book. */
#pragma once

#include "migration/test.h"
#include "node/node.h"

struct meetings;

struct meetings *meetings_new(struct node *node, uint64_t test, unsigned n_hosts);
void meetings_free(struct meetings *meetings);

/* test_ops.exchange. Waits in a fiber. */
int meetings_exchange(struct meetings *meetings, const struct test_meeting *meeting,
                      GBytes *payload, GPtrArray **answers_out, GError **err);

/* Answers from the coordinator; one that nobody waits for is ignored. */
void meetings_release(struct meetings *meetings, const Vtmh__Release *release);

/* The abort of one settling meeting. */
void meetings_abort(struct meetings *meetings, const Vtmh__Abort *abort);
