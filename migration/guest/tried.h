/* What was tried to come into a guest, by which ways and at which addresses, and what each of them
 * said last: for who gives up. */
#pragma once

#include "sync/autoptr.h"

#include <glib.h>
#include <stdint.h>

#define TRIED_MAX 8 /* places that are remembered; of more the first are forgotten */

struct tried;

/* Transfer full; free with tried_free(). */
struct tried *tried_new(void);
void tried_free(struct tried *tried);

/* One more try. address: NULL: the way needs none, or it is not known yet. why: what it said, which
 * begins with the place: "ssh root@10.0.0.7:22: Connection refused". */
void tried_note(struct tried *tried, const char *way, const char *address, uint16_t port,
                const char *why);

unsigned tried_places(const struct tried *tried);

/* "ssh root@10.0.0.7:22: Connection refused, 14 tries; serial root: …". Transfer full. */
char *tried_text(const struct tried *tried);

AUTOPTR_STRUCT(tried, tried_free);
