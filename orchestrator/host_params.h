/* A test's parameters as one host gets them. */
#pragma once

#include "cfg/params.h"

/*
 * The view of the host with this index in the tuple (_hostN), and beside it `hosts`, `hostid` and
 * `clone_master`, as avocado-vt's multi-host controller sets them; these have no origin. names: of
 * the tuple, in order. Transfer full.
 */
struct params *host_params(const struct params *test, const char *const *names, unsigned n_hosts,
                           unsigned host);
