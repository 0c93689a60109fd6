#include "cfg/symbols.h"

#include <glib.h>
#include <string.h>

/* Fewer than 8 bytes as a number; with the size, different texts have different numbers. */
static uint64_t load_rest(const char *text, size_t size)
{
    const unsigned char *u = (const unsigned char *)text;
    uint32_t first;
    uint32_t last;

    if (size < 4)
        return size ? u[0] | (uint64_t)u[size / 2] << 8 | (uint64_t)u[size - 1] << 16 : 0;
    memcpy(&first, text, 4);
    memcpy(&last, text + size - 4, 4);
    return first | (uint64_t)last << 32;
}

static uint32_t hash_text(const char *text, size_t size)
{
    uint64_t h = 0x9e3779b97f4a7c15u ^ size;
    uint64_t piece;

    for (; size >= 8; text += 8, size -= 8) {
        memcpy(&piece, text, 8);
        h = (h ^ piece) * 0xff51afd7ed558ccdu;
        h ^= h >> 32;
    }
    h = (h ^ load_rest(text, size)) * 0xff51afd7ed558ccdu;
    h ^= h >> 29;
    h *= 0xc4ceb9fe1a85ec53u;
    return (uint32_t)(h >> 32);
}

/* The slot that holds TEXT, or the free one where it belongs. The table is never full. */
static uint32_t *slot_for(const struct symbols *s, const char *text, size_t size, uint32_t hash)
{
    uint32_t i = hash & s->mask;

    while (s->slots[i]) {
        const struct symbol *known = &s->list[s->slots[i] - 1];

        if (known->hash == hash && known->size == size && memcmp(known->text, text, size) == 0)
            break;
        i = (i + 1) & s->mask;
    }
    return &s->slots[i];
}

static void grow(struct symbols *s)
{
    uint32_t room = s->mask ? (s->mask + 1) * 2 : 1024;

    g_free(s->slots);
    s->slots = g_new0(uint32_t, room);
    s->mask = room - 1;
    s->list = g_renew(struct symbol, s->list, room / 2);
    for (uint32_t i = 0; i < s->n; i++)
        *slot_for(s, s->list[i].text, s->list[i].size, s->list[i].hash) = i + 1;
}

uint32_t symbols_add(struct symbols *s, const char *text, size_t size)
{
    uint32_t hash = hash_text(text, size);
    uint32_t *slot;

    if (s->mask == 0 || s->n >= (s->mask + 1) / 2)
        grow(s);
    slot = slot_for(s, text, size, hash);
    if (!*slot) {
        s->list[s->n] = (struct symbol){.text = text, .size = (uint32_t)size, .hash = hash};
        *slot = ++s->n;
    }
    return *slot - 1;
}

uint32_t symbols_find(const struct symbols *s, const char *text, size_t size)
{
    uint32_t *slot;

    if (s->mask == 0)
        return SYMBOL_NONE;
    slot = slot_for(s, text, size, hash_text(text, size));
    return *slot ? *slot - 1 : SYMBOL_NONE;
}

void symbols_clear(struct symbols *s)
{
    g_free(s->list);
    g_free(s->slots);
    *s = (struct symbols){0};
}
