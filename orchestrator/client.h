/*
 * A host that has no part in a test, and asks its guests over the network (parameter client): a
 * node there, and what it and the nodes of tests say to each other, which is passed on.
 */
#pragma once

#include "orchestrator/peer.h"

struct client;

/* peer: of its node, transfer full. Transfer full. */
struct client *client_new(struct peer *peer);
void client_free(struct client *client); /* NULL is fine; after the scope of the peer's fiber */

struct peer *client_peer(const struct client *client);

/* What a node of a test says to its prober there. */
void client_pass(struct client *client, struct peer *from, const Vtmh__Probing *message);

/* The test of this node is over: probers that it has still there, since it was lost, end. */
void client_end(struct client *client, const struct peer *from);
