/*
 * The body of a message that goes out, packed, in one piece of memory that may be sent to many and
 * kept until all have it. References are counted on the loop's thread only: GBytes would take
 * another piece of memory, and count for all threads.
 */
#pragma once

#include "sync/autoptr.h"

#include <glib.h>
#include <stdint.h>

struct packed {
    size_t size;
    uint8_t data[];
};

/* Not initialised. Transfer full. */
static inline struct packed *packed_new(size_t size)
{
    struct packed *packed = g_rc_box_alloc(sizeof(*packed) + size);

    packed->size = size;
    return packed;
}

static inline struct packed *packed_ref(struct packed *packed)
{
    return g_rc_box_acquire(packed);
}

/* NULL is fine. */
static inline void packed_unref(struct packed *packed)
{
    if (packed != NULL)
        g_rc_box_release(packed);
}

AUTOPTR_STRUCT(packed, packed_unref);
