/* Sealing for tests, that keep what they sealed: into bytes of its own. */
#pragma once

#include "proto/seal.h"

#include <string.h>

/* Transfer full. */
static inline GBytes *seal_bytes(struct seal *seal, uint64_t session, const void *data, size_t size)
{
    uint8_t *frame = g_malloc(size + SEAL_OVERHEAD);

    if (size > 0)
        memcpy(frame + SEAL_HEAD, data, size);
    seal_frame(seal, session, frame, size);
    return g_bytes_new_take(frame, size + SEAL_OVERHEAD);
}

/* NULL when it does not open. Transfer full. */
static inline GBytes *open_bytes(struct seal *seal, const void *frame, size_t size,
                                 uint64_t *session_out)
{
    g_autofree uint8_t *copy = g_memdup2(frame, size);
    const uint8_t *data = seal_open(seal, copy, size, session_out);

    return data != NULL ? g_bytes_new(data, size - SEAL_OVERHEAD) : NULL;
}
