/*
 * Jobs side by side on the same hosts: what this one keeps for itself there. Each host is told
 * before the first test, and says no, with the job that has it, where two jobs would use the same
 * (node/claims.h has what that is, migration's rows which parameters say it).
 */
#pragma once

#include "orchestrator/peer.h"

struct share_claim {
    const char *kind; /* static, as the next */
    const char *parameter;
    char *value;
};

/* A host that may come to any place of its tuple. */
#define SHARE_ANY_PLACE G_MAXUINT

/*
 * What the tests to be run claim on a machine that has this place in their tuple, also by its line
 * of -M's file: each value that is not the default, once. n_hosts: the size of the tuple. Transfer
 * full: array of struct share_claim.
 */
GPtrArray *share_claims(const GPtrArray *tests, const struct machine *machine, unsigned n_hosts,
                        unsigned place);

/* Who this job is, and what it wants. */
struct share_request {
    const char *job;        /* its id */
    const GPtrArray *tests; /* struct planned_test */
    unsigned n_hosts;       /* of a tuple; where there are more peers, each may come to any place */
    bool alone;             /* --share no */
};

/*
 * Takes what is claimed on all hosts. They are asked one by one, in an order that is the same for
 * all jobs, so that of two which come at once one gets everything. *refusing is set to the one that
 * refused or did not answer; the error begins with its name. Call before others listen to peers.
 */
int share_take(struct peer *const *peers, unsigned n_peers, const struct share_request *request,
               int64_t deadline, struct peer **refusing, GError **err);
