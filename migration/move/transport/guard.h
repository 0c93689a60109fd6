/*
 * The guarded way in: the destination's node listens, and lets in who knows the token, once. A
 * hypervisor's own port would take the first who connects for the source, and its migration would
 * be lost to a port scan.
 */
#pragma once

#include "sync/stream.h"

#include <stdint.h>

struct guard;

/* Listens on address with a port in [low, high] (0, 0: any). Transfer full. */
struct guard *guard_new(const char *address, uint16_t low, uint16_t high, GError **err);
void guard_free(struct guard *guard); /* NULL is fine */

uint16_t guard_port(const struct guard *guard);

/* What the one who may come in must say; for a ticket. */
const char *guard_token(const struct guard *guard);

/*
 * Waits for the one with the token. Others are turned away: whoever says something else, or nothing
 * within a second. *strangers_out: how many there were. Transfer full.
 */
struct stream *guard_admit(struct guard *guard, unsigned *strangers_out, int64_t deadline,
                           GError **err);

/* The other side: connects and says the token. Transfer full. */
struct stream *guard_enter(const char *address, uint16_t port, const char *token, int64_t deadline,
                           GError **err);
