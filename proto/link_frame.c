#include "proto/link_frame.h"

#include "proto/link_outbox.h"

#include <string.h>

#define LENGTH_FOLLOWS 2 /* the kind of a field that is a message */
#define MORE_TAG (4 << 3 | LENGTH_FOLLOWS)
#define FIELDS_MAX 33    /* packed: three numbers of 64 bits with their tags */
#define BODY_HEAD_MAX 12 /* packed: the tag of a body, and its length */

G_STATIC_ASSERT(SEAL_OVERHEAD + FIELDS_MAX <= FRAME_OVERHEAD);

/* A number, tag or length as protobuf has it. Returns what follows, as all of these. */
static uint8_t *put_varint(uint8_t *at, uint64_t number)
{
    for (; number >= 0x80; number >>= 7)
        *at++ = (uint8_t)(number | 0x80);
    *at++ = (uint8_t)number;
    return at;
}

/* Its one field, packed by hand: protobuf would look at all bodies that an envelope can have,
 * twice. */
struct packed *frame_body(const Vtmh__Envelope *envelope)
{
    /* All bodies are messages, in one union of pointers. */
    const ProtobufCMessage *body = (const ProtobufCMessage *)envelope->hello;
    struct packed *packed;
    size_t size;
    uint8_t *end;

    if (envelope->body_case == VTMH__ENVELOPE__BODY__NOT_SET)
        return packed_new(0);
    size = protobuf_c_message_get_packed_size(body);
    packed = packed_new(BODY_HEAD_MAX + size);
    end = put_varint(packed->data, (uint64_t)envelope->body_case << 3 | LENGTH_FOLLOWS);
    end = put_varint(end, size);
    end += protobuf_c_message_pack(body, end);
    packed->size = (size_t)(end - packed->data);
    return packed;
}

/* Protobuf leaves 0 out. */
static uint8_t *put_number(uint8_t *at, unsigned field, uint64_t number)
{
    return number == 0 ? at : put_varint(put_varint(at, field << 3), number);
}

/* The same as packing an Envelope of these fields, which would look at all of its bodies. */
static uint8_t *put_fields(uint8_t *at, const struct frame_fields *fields)
{
    at = put_number(at, 1, fields->session);
    at = put_number(at, 2, fields->sequence);
    return put_number(at, 3, fields->ack);
}

static uint8_t *put_body(uint8_t *at, const struct packed *body)
{
    memcpy(at, body->data, body->size);
    return at + body->size;
}

void frame_make(GByteArray *buffer, struct seal *seal, const struct frame_fields *fields,
                struct packed *const *bodies, unsigned n)
{
    size_t most = FRAME_OVERHEAD, size;
    uint8_t *end;

    for (unsigned i = 0; i < n; i++)
        most += FRAME_MORE_OVERHEAD + bodies[i]->size;
    g_byte_array_set_size(buffer, (guint)most);
    end = put_fields(buffer->data + SEAL_HEAD, fields);
    /* Packed messages in a row are one message with the fields of all. */
    if (n > 0)
        end = put_body(end, bodies[0]);
    for (unsigned i = 1; i < n; i++) {
        end = put_varint(put_varint(end, MORE_TAG), bodies[i]->size);
        end = put_body(end, bodies[i]);
    }
    size = (size_t)(end - buffer->data) - SEAL_HEAD;
    seal_frame(seal, fields->session, buffer->data, size);
    g_byte_array_set_size(buffer, (guint)(size + SEAL_OVERHEAD));
}

enum frame_fault frame_open(struct seal *seal, uint8_t *frame, size_t size,
                            vtmh_envelope **envelope_out)
{
    uint64_t session;
    const uint8_t *plain = seal_open(seal, frame, size, &session);
    g_autoptr(vtmh_envelope) envelope = NULL;

    if (plain == NULL)
        return FRAME_DOES_NOT_OPEN;
    envelope = message_unpack(plain, size - SEAL_OVERHEAD);
    if (envelope == NULL)
        return FRAME_IS_NONSENSE;
    /* Two bytes of a frame would be a message in memory each. */
    if (envelope->session != session || envelope->n_more >= OUTBOX_BATCH)
        return FRAME_IS_NONSENSE;
    *envelope_out = g_steal_pointer(&envelope);
    return FRAME_IS_GOOD;
}

vtmh_envelope *frame_next(const ProtobufCBinaryData *packed)
{
    g_autoptr(vtmh_envelope) next = message_unpack(packed->data, packed->len);

    return next != NULL && next->n_more == 0 ? g_steal_pointer(&next) : NULL;
}
