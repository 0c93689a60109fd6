/*
 * The guarded way in: the destination's node listens, and lets in who knows a token, once. A
 * hypervisor's own port would take the first who connects for the source, and its migration would
 * be lost to a port scan.
 *
 * A guard has as many places as the migration has streams, and a token for each, so that nobody who
 * overhears one comes in with it.
 */
#pragma once

#include "sync/stream.h"

#include <jansson.h>
#include <stdint.h>

struct guard;

/* Listens on address with a port in [low, high] (0, 0: any). Transfer full. */
struct guard *guard_new(const char *address, uint16_t low, uint16_t high, unsigned n_places,
                        GError **err);
void guard_free(struct guard *guard); /* NULL is fine */

uint16_t guard_port(const struct guard *guard);

/* What those who may come in must say, one each: an array of strings, for a ticket. Transfer full.
 */
json_t *guard_tokens(const struct guard *guard);

/* Lets people in until it is cancelled: a fiber's body. Others are turned away: whoever says
 * something else, or nothing within a second. */
int guard_serve(void *guard, GError **err);

/* While somebody serves: waits for the next, in the order of the tokens. Transfer full. */
struct stream *guard_next(struct guard *guard, int64_t deadline, GError **err);

/* Serves until the next one is in. Transfer full. */
struct stream *guard_admit(struct guard *guard, int64_t deadline, GError **err);

/* How many were turned away. */
unsigned guard_strangers(const struct guard *guard);

/* The other side: connects and says the token. Transfer full. */
struct stream *guard_enter(const char *address, uint16_t port, const char *token, int64_t deadline,
                           GError **err);
