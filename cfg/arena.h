/* Memory that is freed all at once: the parsed tree, and the values of one test. */
#ifndef VTMH_CFG_ARENA_H
#define VTMH_CFG_ARENA_H

#include <glib.h>
#include <stddef.h>

struct arena_chunk;

/* All zero is an empty arena. */
struct arena {
    struct arena_chunk *chunk; /* the one in use; older ones are linked behind it */
    char *next;
    char *end;
    size_t total; /* bytes handed out since the last reset */
};

/* SIZE bytes aligned for any of our structures, not initialised. Never NULL. */
void *arena_alloc(struct arena *a, size_t size);
/* As arena_alloc(), filled with zeros. */
void *arena_alloc0(struct arena *a, size_t size);
/* A copy of SIZE bytes; NULL for SIZE 0. */
void *arena_copy(struct arena *a, const void *data, size_t size);
/* A copy of a text with a NUL behind it. */
char *arena_text(struct arena *a, const char *text, size_t size);
/* Everything handed out is gone; one chunk is kept for the next round. */
void arena_reset(struct arena *a);
void arena_clear(struct arena *a);

#endif
