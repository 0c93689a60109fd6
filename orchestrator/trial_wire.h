/* What the coordinator says to the nodes of a tuple in a test, put into messages. */
#pragma once

#include "cfg/params.h"
#include "orchestrator/peer.h"
#include "sync/meeting.h"

/*
 * Sends the book's answers, releases and aborts; what many hosts are told is packed once.
 * LINK_ERROR_TOO_LARGE (never for an abort): the other answers are sent all the same.
 */
int trial_wire_act(struct peer *const *peers, const GPtrArray *actions, GError **err);

/* All records of the test up to this one (0: none) are on the disk. */
void trial_wire_written(struct peer *peer, uint64_t test, uint64_t number);

/* Ends the test in order behind a leg, on all hosts. */
void trial_wire_end_soon(struct peer *const *peers, unsigned n_peers, uint64_t test, unsigned leg);

/* What the user wants of each test. */
struct trial_wishes {
    bool only_agree;          /* the hosts agree on the platform, and start no VM */
    const char *const *holds; /* points at which a test waits for him; NULL: none */
    bool keep;                /* VMs of a test that fails are left to him */
};

/*
 * Starts the test on one host. params: unresolved; the host gets its own by the suffix _hostN, and
 * beside them `hosts` and `hostid`, as avocado-vt's multi-host controller sets them.
 * LINK_ERROR_TOO_LARGE: the host knows nothing of the test.
 */
int trial_wire_start(struct peer *const *peers, unsigned n_peers, unsigned host, uint64_t test,
                     const char *name, const struct params *params,
                     const struct trial_wishes *wishes, GError **err);

/* The user wants to go on, for who waits at that point on any host. */
void trial_wire_go_on(struct peer *const *peers, unsigned n_peers, uint64_t test, const char *at);

/* The test that a message speaks of; 0: none. */
uint64_t trial_wire_test_of(const Vtmh__Envelope *envelope);
