#include "proto/message.h"

#include <string.h>

/* What the structures of nearly every message take beside its strings. */
#define STRUCTURES 512
#define ALIGNMENT 16

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

vtmh_envelope *message_unpack(const uint8_t *packed, size_t size)
{
    struct piece *first = piece_new(STRUCTURES + size, NULL);
    ProtobufCAllocator allocator = {allocate, leave, first};
    vtmh_envelope *message = vtmh__envelope__unpack(&allocator, size, packed);

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
