/*
 * The link between the coordinator and one node: sealed, numbered, alive.
 *
 * The node listens on a raw NN_REP socket, the coordinator connects with a raw NN_REQ; libuv polls
 * the nanomsg descriptors; nothing else knows nanomsg. Messages come in order and once. What was in
 * flight when a connection broke is numbered, so that it can be sent again.
 *
 * Alive: each side sends a heartbeat when it has said nothing for LINK_HEARTBEAT_MS. A peer silent
 * for LINK_LOST_MS is lost (link_lost_event()); one that is heard again is back
 * (link_alive_event()).
 *
 * All calls: loop thread. link_send() never waits; link_receive() waits in a fiber.
 */
#pragma once

#include "proto/message.h"
#include "proto/packed.h"
#include "proto/seal.h"
#include "sync/autoptr.h"
#include "sync/fiber.h"

#define LINK_PROTOCOL_VERSION 3
#define LINK_HEARTBEAT_MS 500
#define LINK_LOST_MS 3000
#ifndef LINK_MAX_FRAME         /* a build of small frames finds what grows with a test */
#define LINK_MAX_FRAME 1048576 /* 1 MiB, sealed; larger ones are refused by both sides */
#endif
#define LINK_MAX_CHUNK (LINK_MAX_FRAME / 8) /* 128 KiB: what to put into one FileChunk */
#define LINK_MAX_TEXT (LINK_MAX_FRAME / 16) /* 64 KiB: what to put of a cause into a message */

#define LINK_ERROR (link_error_quark())
GQuark link_error_quark(void);

enum link_error {
    LINK_ERROR_ADDRESS, /* cannot listen or connect there; the message says where and why */
    LINK_ERROR_TOO_LARGE,
    LINK_ERROR_LOST,     /* the peer has been silent too long */
    LINK_ERROR_PROTOCOL, /* the peer speaks another version, or nonsense under the right key */
};

struct link;

/*
 * The node's side. address: "tcp://IP:PORT" (port 0: any) or "ipc://PATH". key: as handed over on
 * stdin. Transfer full.
 */
struct link *link_listen(const char *address, const uint8_t key[SEAL_KEY_BYTES], GError **err);

/* Where it really listens ("tcp://127.0.0.1:41234"). Transfer none. */
const char *link_address(const struct link *link);

/* The coordinator's side. Connecting goes on in the background. Transfer full. */
struct link *link_connect(const char *address, const uint8_t key[SEAL_KEY_BYTES], GError **err);

/*
 * Sends a body. The caller fills an envelope's body only; session, sequence and ack are the link's.
 * The message is packed at once, ownership stays with the caller. Fails only with TOO_LARGE.
 */
int link_send(struct link *link, const Vtmh__Envelope *envelope, GError **err);

/* The two halves of link_send(), for a message to many: what is packed may go over any link. NULL
 * with TOO_LARGE. Transfer full. */
struct packed *link_pack(const Vtmh__Envelope *envelope, GError **err);
void link_send_packed(struct link *link, struct packed *message);

/*
 * The next message; heartbeats are handled inside and not returned. While the
 * peer is lost it keeps waiting (it may come back) until the deadline. Transfer full. TIMEOUT,
 * CANCELLED, CLOSED.
 */
Vtmh__Envelope *link_receive(struct link *link, int64_t deadline, GError **err);

/* Whether the peer is silent for longer than LINK_LOST_MS, and since when it was last heard. */
bool link_is_lost(const struct link *link);
int64_t link_silence_ms(const struct link *link);

/* Set while the peer is lost / while it is heard. Transfer none; for await_any(). */
struct event *link_lost_event(struct link *link);
struct event *link_alive_event(struct link *link);

/* Called on the loop for every heartbeat received. */
void link_on_heartbeat(struct link *link, void (*fn)(const Vtmh__Heartbeat *, void *arg),
                       void *arg);

/* What our heartbeats say. context is copied. */
void link_set_context(struct link *link, uint64_t test, const char *context);

struct link_stats {
    uint64_t sent, received;
    uint64_t not_opened; /* frames of strangers, or damaged */
    uint64_t duplicates;
};
struct link_stats link_stats(const struct link *link);

/*
 * Waits until the peer has acknowledged everything sent so far. TIMEOUT, or LINK_ERROR_LOST when
 * the peer is lost by then; CANCELLED; CLOSED when the link was closed or another session began.
 */
int link_flush(struct link *link, int64_t deadline, GError **err);

/*
 * Ends the link: those in link_receive() and link_flush() get CLOSED; nobody may wait for its
 * events any more. Say Goodbye and link_flush() before. NULL is fine.
 */
void link_close(struct link *link);

AUTOPTR_STRUCT(link, link_close);
