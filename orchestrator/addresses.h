/*
 * MAC addresses for the network cards of a test's VMs. Two cards in one network must not have the
 * same, and both ends of a migration must have the same one: so they are made up here, once a test,
 * for all hosts.
 */
#pragma once

#include "cfg/params.h"

/*
 * A copy of a test's params (historic names resolved) in which each card of each VM on n_hosts
 * hosts has `mac_NIC_VM`: random and locally administered (9a:…), without an origin. A card keeps
 * what the user gave it, in whatever way, on any host. VMs whose guest has no network get none.
 * Transfer full.
 */
struct params *addresses_made_up(const struct params *params, unsigned n_hosts);
