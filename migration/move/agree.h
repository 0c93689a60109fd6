/*
 * "agree": before any VM starts, all hosts of the tuple decide what each VM runs on, and try
 * whether every host reaches every other at its migration address.
 */
#pragma once

#include "migration/move/seat.h"

struct agreement {
    bool one_kernel;  /* all hosts share a kernel, so that their clocks are one */
    char **addresses; /* by host index: where each receives migrations; NULL-terminated */
};

/*
 * Fills in the platform of each seat (all seats of the test, in the same order on every host) and
 * the agreement. Notes of the decision go to the test. UNSUPPORTED if there is no common platform,
 * or a host's hypervisor has not what a migration is asked for; CFG_ERROR if the parameters alone
 * make another machine on one host than on another.
 */
int agree(struct test *test, GPtrArray *seats, struct agreement *agreement, GError **err);
void agreement_clear(struct agreement *agreement);
