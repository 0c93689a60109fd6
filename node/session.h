/* What the coordinator says, and what the node does about it, until the node is told to stop. */
#pragma once

#include "node/node.h"

/* How long a node keeps its VMs and its tests without a coordinator. */
#define SESSION_GRACE_MS 60000

/*
 * Serves the link until good-bye, node_stop(), or a coordinator that is lost for grace_ms; ends the
 * running test; removes everything; says good-bye with what could not be removed.
 */
int session_serve(struct node *node, int64_t grace_ms, GError **err);
