/*
 * What carries the sealed frames of one link: a raw nanomsg socket polled by libuv. The only files
 * that know nanomsg are this one's .c and the tests. Frames may be lost, never altered unnoticed;
 * putting that right is the link's work.
 *
 * Loop thread only; the callbacks run on the loop, not in a fiber.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

struct carrier;

/* A frame, valid during the call; it may be written to. */
typedef void (*carrier_frame_fn)(void *frame, size_t size, void *arg);

/* The carrier takes frames again after carrier_send() had refused one. */
typedef void (*carrier_ready_fn)(void *arg);

struct carrier_callbacks {
    carrier_frame_fn frame;
    carrier_ready_fn ready;
    void *arg;
};

/*
 * Listens. address: "tcp://IP:PORT", PORT 0: a free one between CARRIER_FIRST_PORT and
 * CARRIER_LAST_PORT; or "ipc://PATH" (the socket file is removed when closed). max_frame: a peer
 * that sends more is disconnected. Errors: LINK_ERROR_ADDRESS. Transfer full.
 */
struct carrier *carrier_listen(uv_loop_t *loop, const char *address, size_t max_frame,
                               const struct carrier_callbacks *callbacks, GError **err);

/* Ports above this range are given to outgoing connections by the kernel, and would collide. */
#define CARRIER_FIRST_PORT 20000
#define CARRIER_LAST_PORT 32767

/*
 * Connects, and connects again for as long as it lives; succeeds although nobody listens yet. The
 * IP must be numeric. Errors: LINK_ERROR_ADDRESS. Transfer full.
 */
struct carrier *carrier_connect(uv_loop_t *loop, const char *address, size_t max_frame,
                                const struct carrier_callbacks *callbacks, GError **err);

/* The address with the port that was found. Transfer none. */
const char *carrier_address(const struct carrier *carrier);

/*
 * Sends a frame if that is possible now. false: not taken, ready() will be called. true promises
 * little: a listener drops frames for a peer that is gone or slow.
 */
bool carrier_send(struct carrier *carrier, const void *frame, size_t size);

/*
 * From now on frames go to whoever sent the one just handed over: it was authentic. Call in
 * carrier_frame_fn. On the connecting side there is only one other end, and this does nothing.
 */
void carrier_adopt_sender(struct carrier *carrier);

/* Gives up the present connection for a new one; for the connecting side. */
void carrier_reconnect(struct carrier *carrier);

/* Hands over frames that have arrived already, without waiting for the loop to see them. */
void carrier_drain(struct carrier *carrier);

/* Closes the socket at once and frees the carrier when libuv has let go of it. NULL is fine. */
void carrier_close(struct carrier *carrier);
