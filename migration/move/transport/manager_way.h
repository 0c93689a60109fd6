/* The way of the source's manager to the destination's: a relayed channel (relayed.h) that leads to
 * the socket of the destination's, and what libvirt is told of it. */
#pragma once

#include "migration/move/transport/relayed.h"

/* Destination: vm's manager is let in at this address. UNSUPPORTED where it has no socket. */
struct channel *manager_way_open(struct seat *seat, const struct vm *vm, const char *address,
                                 GError **err);

/* Source, by direct_ticket() of the other end, as relayed_enter(). */
struct channel *manager_way_enter(struct seat *seat, const json_t *ticket, const char *peer,
                                  int64_t deadline, GError **err);

/* Source: the URI (dconnuri) of the manager that the way leads to. Transfer full. */
char *manager_way_uri(const struct channel *way);

/* That of a stream which the hypervisors make themselves, to this address. Transfer full. */
char *manager_open_stream_uri(const char *address);
