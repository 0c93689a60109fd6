/* A queue of pointers in one piece of memory: nothing is allocated for an item. */
#pragma once

#include <glib.h>

/* Zeroed: empty. */
struct ring {
    void **slots;
    unsigned size; /* of slots: 0 or a power of two */
    unsigned first, length;
};

void ring_push(struct ring *ring, void *item);

/* The item n places behind the first; n < length. */
static inline void *ring_at(const struct ring *ring, unsigned n)
{
    return ring->slots[(ring->first + n) & (ring->size - 1)];
}

/* Takes the first item; NULL when there is none. */
void *ring_pop(struct ring *ring);

/* Frees the memory, not the items. */
void ring_clear(struct ring *ring);
