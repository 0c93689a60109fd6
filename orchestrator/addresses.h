/*
 * MAC addresses for the network cards of VMs. Two cards on one network segment must not have the
 * same, and both ends of a migration must have the same one: so they are made up here, for all
 * hosts of a test, out of a pool of the job.
 *
 * The pool is the addresses 9a:… (locally administered), one after another from where the job's id
 * says: none comes twice in a job, whatever its tests and tuples, and those of two jobs side by
 * side overlap only if their beginnings, out of 2^40, lie nearer than they have cards. A station
 * that has one nevertheless is found before the card is on its bridge (migration/net/station.h).
 */
#pragma once

#include "cfg/params.h"
#include "sync/autoptr.h"

struct addresses;

/* job: its id. Transfer full. */
struct addresses *addresses_new(const char *job);
void addresses_free(struct addresses *pool); /* NULL is fine */
AUTOPTR_STRUCT(addresses, addresses_free);

/*
 * A copy of a test's params (historic names resolved) in which each card of each VM on n_hosts
 * hosts has `mac_NIC_VM`, without an origin where none had the address before. A card keeps what
 * the user gave it, in whatever way, on any host. VMs whose guest has no network get none. A test
 * that may keep its VMs (keep_vms_after_test) leaves its cards' addresses to the later ones on the
 * tuple, which is known by its first host (NULL: none is left): they may go on with these VMs.
 * Transfer full.
 */
struct params *addresses_made_up(struct addresses *pool, const struct params *params,
                                 unsigned n_hosts, const char *tuple);
