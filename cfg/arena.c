#include "cfg/arena.h"

#include <string.h>

#define CHUNK_SIZE (64 * 1024)
#define ALIGNMENT 8

struct arena_chunk {
    struct arena_chunk *older;
    size_t size;
    char data[];
};

static void *chunk_alloc(struct arena *a, size_t size)
{
    size_t room = MAX(size, CHUNK_SIZE - sizeof(struct arena_chunk));
    struct arena_chunk *chunk = g_malloc(sizeof *chunk + room);

    chunk->size = room;
    /* A large piece gets a chunk of its own behind the current one, whose rest stays usable. */
    if (size > CHUNK_SIZE / 4 && a->chunk) {
        chunk->older = a->chunk->older;
        a->chunk->older = chunk;
        return chunk->data;
    }
    chunk->older = a->chunk;
    a->chunk = chunk;
    a->next = chunk->data + size;
    a->end = chunk->data + room;
    return chunk->data;
}

void *arena_alloc(struct arena *a, size_t size)
{
    void *piece = a->next;

    size = (size + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
    a->total += size;
    if (size > (size_t)(a->end - a->next))
        return chunk_alloc(a, size);
    a->next += size;
    return piece;
}

void *arena_alloc0(struct arena *a, size_t size)
{
    return memset(arena_alloc(a, size), 0, size);
}

void *arena_copy(struct arena *a, const void *data, size_t size)
{
    return size ? memcpy(arena_alloc(a, size), data, size) : NULL;
}

char *arena_text(struct arena *a, const char *text, size_t size)
{
    char *copy = arena_alloc(a, size + 1);

    if (size)
        memcpy(copy, text, size);
    copy[size] = '\0';
    return copy;
}

static void free_chunks(struct arena_chunk *chunk)
{
    while (chunk) {
        struct arena_chunk *older = chunk->older;

        g_free(chunk);
        chunk = older;
    }
}

void arena_reset(struct arena *a)
{
    a->total = 0;
    if (!a->chunk)
        return;
    free_chunks(a->chunk->older);
    a->chunk->older = NULL;
    a->next = a->chunk->data;
    a->end = a->chunk->data + a->chunk->size;
}

void arena_clear(struct arena *a)
{
    free_chunks(a->chunk);
    *a = (struct arena){0};
}
