#include "cfg/arena.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define CHUNK_SIZE ((size_t)64 * 1024)
/* An arena that has become large goes on in chunks that are huge pages: to get memory page by page
 * would cost a tenth of the time of parsing. */
#define LARGE_TOTAL ((size_t)1024 * 1024)
#define HUGE_SIZE ((size_t)2 * 1024 * 1024)
#define ALIGNMENT 8

struct arena_chunk {
    struct arena_chunk *older;
    size_t size;
    char data[];
};

static struct arena_chunk *huge_chunk(void)
{
    void *chunk = NULL;

    if (posix_memalign(&chunk, HUGE_SIZE, HUGE_SIZE) != 0)
        g_error("no memory for %zu bytes", HUGE_SIZE);
    /* Where there are no huge pages the chunk is as good as any other. */
    madvise(chunk, HUGE_SIZE, MADV_HUGEPAGE);
    return chunk;
}

static struct arena_chunk *new_chunk(const struct arena *a, size_t size)
{
    bool huge = a->total > LARGE_TOTAL && size <= CHUNK_SIZE / 4;
    size_t total = MAX(huge ? HUGE_SIZE : CHUNK_SIZE, sizeof(struct arena_chunk) + size);
    struct arena_chunk *chunk = huge ? huge_chunk() : malloc(total);

    if (!chunk)
        g_error("no memory for %zu bytes", total);
    chunk->size = total - sizeof *chunk;
    return chunk;
}

static void *chunk_alloc(struct arena *a, size_t size)
{
    struct arena_chunk *chunk = new_chunk(a, size);

    /* A large piece gets a chunk of its own behind the current one, whose rest stays usable. */
    if (size > CHUNK_SIZE / 4 && a->chunk) {
        chunk->older = a->chunk->older;
        a->chunk->older = chunk;
        return chunk->data;
    }
    chunk->older = a->chunk;
    a->chunk = chunk;
    a->next = chunk->data + size;
    a->end = chunk->data + chunk->size;
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

        free(chunk);
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
