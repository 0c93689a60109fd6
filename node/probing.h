/*
 * Probers (migration/net/prober.h) that a test here has elsewhere, and those that a test elsewhere
 * has here: their lines go through the coordinator as messages. An end that breaks, or closes its
 * socket, ends the other.
 */
#pragma once

#include "node/node.h"

/* What the coordinator has passed on. */
void probing_message(struct node *node, const Vtmh__Probing *message);

/* host_ops.open_prober, for a test. */
int probing_open(struct node *node, uint64_t test, const char *const *words, GError **err);
