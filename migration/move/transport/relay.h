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

struct relay;

/* Starts the process, which the ledger of the host knows. Transfer full. */
struct relay *relay_start(const struct host *host, GError **err);

/* One more pair for it, as long as it runs. The descriptors stay ours: close them, so that the end
 * of the process is the end of the streams. */
int relay_carry(struct relay *relay, int a, int b, GError **err);

/* How many bytes it has carried from a to b, and back, of the pair that has ended first among those
 * not asked for yet; waits for the end of one. */
int relay_carried(struct relay *relay, uint64_t *there_out, uint64_t *back_out, int64_t deadline,
                  GError **err);

/* 0 for NULL. */
pid_t relay_pid(const struct relay *relay);

/* Breaks all its streams, both ways, by ending it; waits for nothing. */
void relay_break_off(struct relay *relay);

/* That it was killed by somebody else; NULL if it was not. Transfer full. */
GError *relay_complaint(struct relay *relay);

/* Kills it if it still runs. NULL is fine. */
void relay_free(struct relay *relay);

/* main() of the process. Its stdin is a socket of the node: a byte with two descriptors for each
 * pair; it answers with a line of two numbers when one has ended. Exit status 0 if every pair ended
 * in order, 1 if one did not, 4 usage. */
int relay_main(int argc, char **argv);
