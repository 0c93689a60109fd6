/*
 * A message that came in. The envelope and all that it points to lie in one piece of memory, or a
 * few, and go together: a piece for each string and list would cost more than to read them, and
 * most messages are freed in the turn in which they came. So nothing in it may be freed or replaced
 * on its own, and vtmh__envelope__free_unpacked() is not for it.
 */
#pragma once

#include "proto/vtmh.pb-c.h"

#include <glib.h>

typedef Vtmh__Envelope vtmh_envelope;

/* NULL: it is none. Transfer full. */
vtmh_envelope *message_unpack(const uint8_t *packed, size_t size);

/* A copy of text that lives as long as the message, to stand in it. Transfer none. */
char *message_add_text(vtmh_envelope *message, const char *text);

/* NULL is fine. */
void vtmh_envelope_free(vtmh_envelope *message);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(vtmh_envelope, vtmh_envelope_free)
