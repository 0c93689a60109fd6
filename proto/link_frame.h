/*
 * What a frame holds: one to OUTBOX_BATCH messages in a row, packed as the link's own fields
 * followed by bodies that may be the same for many peers. Pure but for the seal.
 */
#pragma once

#include "proto/message.h"
#include "proto/packed.h"
#include "proto/seal.h"

/* Bytes by which a frame is longer than its body, at most. */
#define FRAME_OVERHEAD (SEAL_OVERHEAD + 40)

/* By which each message after the first makes a frame longer, at most. */
#define FRAME_MORE_OVERHEAD 6

/* The link's part of a frame. */
struct frame_fields {
    uint64_t session, sequence, ack; /* sequence: of the first message */
};

/* Packs what an envelope holds beside the link's fields. Transfer full. */
struct packed *frame_body(const Vtmh__Envelope *envelope);

/* Makes the sealed frame of n bodies in buffer, whose content is lost. */
void frame_make(GByteArray *buffer, struct seal *seal, const struct frame_fields *fields,
                struct packed *const *bodies, unsigned n);

enum frame_fault {
    FRAME_IS_GOOD,
    FRAME_DOES_NOT_OPEN, /* who sent it does not hold the key, or it was seen before */
    FRAME_IS_NONSENSE,   /* the peer sent it, and it is no message */
};

/* Opens a frame where it lies. *envelope_out is its first message, transfer full, and set only when
 * all is good. */
enum frame_fault frame_open(struct seal *seal, uint8_t *frame, size_t size,
                            vtmh_envelope **envelope_out);

/* One of the messages behind the first, as it stands in its "more". NULL: it is none. Transfer
 * full. */
vtmh_envelope *frame_next(const ProtobufCBinaryData *packed);
