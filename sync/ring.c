#include "sync/ring.h"

#define FIRST_SIZE 8
#define KEPT_SIZE 1024 /* slots: what a crowd needed is given back when it has gone */

static void resize(struct ring *ring, unsigned size)
{
    void **slots = g_new(void *, size);

    for (unsigned i = 0; i < ring->length; i++)
        slots[i] = ring_at(ring, i);
    g_free(ring->slots);
    ring->slots = slots;
    ring->size = size;
    ring->first = 0;
}

void ring_push(struct ring *ring, void *item)
{
    if (ring->length == ring->size)
        resize(ring, MAX(2 * ring->size, FIRST_SIZE));
    ring->length++;
    ring->slots[(ring->first + ring->length - 1) & (ring->size - 1)] = item;
}

void *ring_pop(struct ring *ring)
{
    void *item;

    if (ring->length == 0)
        return NULL;
    item = ring->slots[ring->first];
    ring->first = (ring->first + 1) & (ring->size - 1);
    if (--ring->length == 0 && ring->size > KEPT_SIZE)
        ring_clear(ring);
    return item;
}

void ring_clear(struct ring *ring)
{
    g_free(ring->slots);
    *ring = (struct ring){0};
}
