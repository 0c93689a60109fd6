/*
 * What one side of a link has said and the other has not yet acknowledged. Pure: no I/O and no
 * clock; now_ms is passed in.
 *
 * Messages are numbered 1, 2, 3 … and go out in that order, at most OUTBOX_WINDOW bytes ahead of
 * the acknowledgement (one message always may). When nothing is acknowledged for a while, sending
 * begins again at the oldest one, one message at a time until an acknowledgement shows that they
 * arrive.
 */
#pragma once

#include "proto/packed.h"

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* A listener's carrier drops what exceeds the kernel's buffers (about 460 KiB), so stay below. */
#define OUTBOX_WINDOW 196608    /* 192 KiB */
#define OUTBOX_MESSAGE_COST 256 /* bytes counted for each message beside its own */
#define OUTBOX_BATCH 32         /* messages that go out as one */
#define OUTBOX_RESEND_MS 200
#define OUTBOX_RESEND_MAX_MS 1600

struct outbox;

struct outbox *outbox_new(void);
void outbox_free(struct outbox *outbox);

/* Adds a message; returns its number. A reference to body is taken. */
uint64_t outbox_add(struct outbox *outbox, struct packed *body);

/*
 * The messages to send now, at most OUTBOX_BATCH and, from the second on, no more than max_bytes in
 * all. Returns how many; 0: nothing is left, or the window is full. *sequence_out: of the first.
 * Transfer none.
 */
unsigned outbox_peek(const struct outbox *outbox, size_t max_bytes,
                     struct packed *bodies_out[OUTBOX_BATCH], uint64_t *sequence_out);

/* So many of the messages given by outbox_peek() have been sent. */
void outbox_sent(struct outbox *outbox, unsigned n, int64_t now_ms);

/*
 * The peer has everything up to ack. Returns 1 when that is news, 0 when not, -1 when such a
 * message was never sent.
 */
int outbox_acknowledge(struct outbox *outbox, uint64_t ack, int64_t now_ms);

/* When to call outbox_rewind(); INT64_MAX when nothing is under way. */
int64_t outbox_resend_at(const struct outbox *outbox);

/* Begins again at the oldest message, and waits longer for the next acknowledgement. */
void outbox_rewind(struct outbox *outbox);

/* Forgets all messages and begins again at 1, for a new session. */
void outbox_clear(struct outbox *outbox);

/* The highest number given, and the highest acknowledged. */
uint64_t outbox_last(const struct outbox *outbox);
uint64_t outbox_acknowledged(const struct outbox *outbox);
