/* VMs of tests that have ended, which rest here until a later test of the job wants them
 * (keep_vms_after_test). They are in the ledger as any other, and no leak. */
#pragma once

#include "migration/kept.h"
#include "node/running.h"

/* An array for node->resting. */
GPtrArray *resting_new(void);

/* Takes over a VM of the test, which lives on as its host until the VM has another. kept: transfer
 * full. */
void resting_add(struct running *running, struct node *node, uint64_t test, struct kept *kept);

/* Gives one back, awake. Transfer full. */
void resting_wake(struct node *node, struct kept *kept);

/* The last test, which had this number, is known to have failed: what it kept is not fit for
 * another. */
void resting_spoil(struct node *node, uint64_t test);

/* Ends all of them. Call in a fiber. */
void resting_end(struct node *node);
