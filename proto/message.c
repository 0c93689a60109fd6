#include "proto/message.h"

#include <stdbool.h>
#include <string.h>

/* What the structures of nearly every message take beside its strings. */
#define STRUCTURES 512
#define ALIGNMENT 16
#define LENGTH_FOLLOWS 2 /* the kind of a field that is a message */

struct piece {
    struct piece *next;
    size_t used, size;
    _Alignas(ALIGNMENT) uint8_t data[];
};

static struct piece *piece_new(size_t size, struct piece *next)
{
    struct piece *piece = g_malloc(sizeof(*piece) + size);

    piece->next = next;
    piece->used = 0;
    piece->size = size;
    return piece;
}

/* The first piece begins with the envelope; later ones, if there are any, hang behind it. */
static struct piece *first_of(vtmh_envelope *message)
{
    return (struct piece *)((uint8_t *)message - G_STRUCT_OFFSET(struct piece, data));
}

static void *take(struct piece *first, size_t size)
{
    size_t aligned = (size + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
    struct piece *piece = first;
    uint8_t *at;

    if (piece->size - piece->used < aligned && piece->next != NULL)
        piece = piece->next;
    if (piece->size - piece->used < aligned)
        piece = first->next = piece_new(MAX(aligned, first->size), first->next);
    at = piece->data + piece->used;
    piece->used += aligned;
    return at;
}

static void *allocate(void *first, size_t size)
{
    return take(first, size);
}

static void leave(void *first, void *pointer)
{
    (void)first;
    (void)pointer;
}

static void pieces_free(struct piece *piece)
{
    while (piece != NULL) {
        struct piece *next = piece->next;

        g_free(piece);
        piece = next;
    }
}

/* A number, tag or length as protobuf has it. Returns what follows; NULL: there is none. */
static const uint8_t *read_varint(const uint8_t *at, const uint8_t *end, uint64_t *number_out)
{
    uint64_t number = 0;

    for (unsigned shift = 0; at < end && shift < 64; shift += 7) {
        uint8_t byte = *at++;

        if (shift == 63 && byte > 1)
            return NULL;
        number |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            *number_out = number;
            return at;
        }
    }
    return NULL;
}

/* The one body that fills what is left. */
static bool unpack_body(vtmh_envelope *message, ProtobufCAllocator *allocator, const uint8_t *at,
                        const uint8_t *end)
{
    const ProtobufCFieldDescriptor *field;
    uint64_t tag, size;

    at = read_varint(at, end, &tag);
    if (at == NULL || tag > UINT32_MAX || (tag & 7) != LENGTH_FOLLOWS)
        return false;
    at = read_varint(at, end, &size);
    if (at == NULL || size != (uint64_t)(end - at))
        return false;
    field =
        protobuf_c_message_descriptor_get_field(&vtmh__envelope__descriptor, (unsigned)(tag >> 3));
    if (field == NULL || field->type != PROTOBUF_C_TYPE_MESSAGE)
        return false;
    /* All bodies are messages, in one union of pointers. */
    message->hello =
        (Vtmh__Hello *)protobuf_c_message_unpack(field->descriptor, allocator, (size_t)size, at);
    message->body_case = (Vtmh__Envelope__BodyCase)field->id;
    return message->hello != NULL;
}

/*
 * What nearly every frame holds: the link's numbers and one body, in this order. Protobuf would
 * prepare for thirty bodies to find the one. NULL: anything else, right or wrong, which is
 * protobuf's.
 */
static vtmh_envelope *unpack_usual(ProtobufCAllocator *allocator, const uint8_t *packed,
                                   size_t size)
{
    vtmh_envelope *message = take(allocator->allocator_data, sizeof(*message));
    uint64_t *const numbers[] = {&message->session, &message->sequence, &message->ack};
    const uint8_t *at = packed, *end = packed + size;

    vtmh__envelope__init(message);
    for (unsigned i = 0; i < G_N_ELEMENTS(numbers); i++) {
        if (at < end && *at == (i + 1) << 3)
            at = read_varint(at + 1, end, numbers[i]);
        if (at == NULL)
            return NULL;
    }
    return at == end || unpack_body(message, allocator, at, end) ? message : NULL;
}

vtmh_envelope *message_unpack(const uint8_t *packed, size_t size)
{
    struct piece *first = piece_new(STRUCTURES + size, NULL);
    ProtobufCAllocator allocator = {allocate, leave, first};
    vtmh_envelope *message = unpack_usual(&allocator, packed, size);

    if (message == NULL) {
        first->used = 0;
        message = vtmh__envelope__unpack(&allocator, size, packed);
    }
    if (message == NULL)
        pieces_free(first);
    else
        g_assert(first_of(message) == first);
    return message;
}

char *message_add_text(vtmh_envelope *message, const char *text)
{
    size_t size = strlen(text) + 1;

    return memcpy(take(first_of(message), size), text, size);
}

void vtmh_envelope_free(vtmh_envelope *message)
{
    if (message != NULL)
        pieces_free(first_of(message));
}
