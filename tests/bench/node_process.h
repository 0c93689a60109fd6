/*
 * Node processes for benches: the bench runs itself again with --node, hands over a key on stdin,
 * and connects a sealed link over tcp on loopback to the address that it prints.
 */
#pragma once

#include "proto/link.h"
#include "sync/child.h"
#include "tests/bench/bare_link.h"

#define NODE_OPTION "--node"
#define NODE_PATIENCE_MS 60000

struct node_process {
    struct child *child;
    uint8_t key[SEAL_KEY_BYTES];
    struct link *link; /* the coordinator's end, with the Hello behind it */
};

/*
 * Starts the bench again as `option` and gives it a key; returns the address that it listens at.
 * Transfer full; NULL with err, then node->child is to be freed all the same.
 */
char *node_process_spawn(struct node_process *node, const char *option, GError **err);

/* Starts one, and connects. On failure node is to be ended all the same. */
int node_process_start(struct node_process *node, GError **err);

/* Says Goodbye, waits for the process to end. */
int node_process_end(struct node_process *node, GError **err);

/*
 * The body of main() in a node process. serve: gets every message after the Hello until the
 * Goodbye, may answer; returns -1 with err to end.
 */
typedef int (*node_serve_fn)(struct link *link, const Vtmh__Envelope *message, GError **err);
int node_process_main(node_serve_fn serve);

/* The same with a bare link, for yardsticks: until fn has closed it. */
int node_process_bare(bool sealed, bare_message_fn fn, void *arg);
