/*
 * The yardstick of the link: a raw nanomsg socket polled by libuv, its frames sealed if there is a
 * key, by one call of libsodium each, and nothing else: no numbers, acknowledgements, heartbeats,
 * fibers. Not part of the product, and nothing of the product is in it, which would make both
 * faster. What goes wrong ends the process.
 */
#pragma once

#include "proto/seal.h"

#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

struct bare_link;

/* A message that came in, valid during the call; on the loop. */
typedef void (*bare_message_fn)(struct bare_link *link, const void *data, size_t size, void *arg);

/*
 * Listens on a free port of 127.0.0.1 as the node, or connects as the coordinator. key: NULL: not
 * sealed. A listener answers to whom it heard last, and must have heard somebody. Transfer full.
 */
struct bare_link *bare_listen(uv_loop_t *loop, const uint8_t *key, bare_message_fn fn, void *arg);
struct bare_link *bare_connect(uv_loop_t *loop, const char *address, const uint8_t *key,
                               bare_message_fn fn, void *arg);

/* Transfer none. */
const char *bare_address(const struct bare_link *link);

void bare_send(struct bare_link *link, const void *data, size_t size);

/* The loop ends when all its links are closed. */
void bare_close(struct bare_link *link);
