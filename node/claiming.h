/* The coordinator's claims (claims.h) on this host: taken, or refused with the reason. */
#pragma once

#include "node/node.h"

/* Takes them in a fiber of the session, and answers. What the job had before is given back first.
 */
void claiming_start(struct node *node, const Vtmh__Claims *body);

/* Removes what killed nodes have left; "path …" of each is appended. What cannot be looked at now
 * is told to the next job that claims. Call in a fiber. */
void claiming_sweep(GPtrArray *removed);
