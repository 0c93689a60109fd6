/*
 * The images of all tests of a job, looked at on the hosts of a tuple before its first test: are
 * they there, as the test says, free, and one and the same on all hosts that share them? What the
 * nodes do for it is in migration/storage/survey.h.
 *
 * A test is told as those of its parameters that speak of images, and tests that say the same are
 * one: looking costs what the different images cost, not what the tests do.
 */
#pragma once

#include "cfg/params.h"
#include "orchestrator/peer.h"

struct image_trouble {
    char *host; /* whose name is the user's */
    char *text;
};

/* Those of a host's parameters that say what images a test's VMs have, with their origins. Transfer
 * full. */
struct params *images_params(const struct params *host);

/* The same for the wire; borrows from params. */
void images_pack(Vtmh__TestParams *test, const struct params *params);
void images_pack_clear(Vtmh__TestParams *test);

/* Whether a test has images at all. */
bool images_any(const struct params *test);

/*
 * Of the tests (struct planned_test) that are to be run: what is wrong with the images of each, as
 * struct planned_test -> struct image_trouble; only of those that have it. Transfer full. NULL: a
 * host did not answer, or was lost. Call between tests: whoever else listens to the peers does not
 * meanwhile.
 */
GHashTable *images_look(struct peer *const *peers, unsigned n_peers, const GPtrArray *tests,
                        int64_t deadline, GError **err);
