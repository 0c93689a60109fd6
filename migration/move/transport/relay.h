/*
 * `vtmh-node relay`: a child process that carries bytes between pairs of descriptors, both ways. A
 * process of its own, since what goes on at a migration's speed would keep the node's loop from its
 * heartbeats.
 *
 * An end of file is passed on as a half-close. An error, or a peer that is gone, closes both of the
 * pair at once; nothing is read from the other any more. A side that does not read is not read for:
 * what it is sent waits in the sender.
 */
#pragma once

#include "migration/host.h"
#include "sync/child.h"

#define RELAY_PAIRS_MAX 64

/* Two descriptors; ours stay ours. */
struct relay_pair {
    int a, b;
};

struct relay;

/* Starts the process, which the ledger of the host knows. Transfer full. */
struct relay *relay_start(const struct host *host, const struct relay_pair *pairs, unsigned n,
                          GError **err);

/* Set when it has ended: all its pairs were closed. */
struct event *relay_ended(struct relay *relay);

/* Kills it if it still runs. NULL is fine. */
void relay_free(struct relay *relay);

/* main() of the process: argv[1] is the number of pairs, which are descriptors 3 and 4, 5 and 6, …
 * Exit status 0 if every pair ended in order, 1 if one did not, 4 usage. */
int relay_main(int argc, char **argv);
