/*
 * The canonical line of the current test. Constant values carry their piece of the line,
 * `"key":"value",`, from the first time they were written, so a line is mostly copied pieces.
 */
#include <string.h>

#include "cfg/cfg-internal.h"
#include "cfg/jsonl.h"

struct writer {
    GString *out;
    char *at;
    char *end;
};

/* Pieces are copied in blocks of this size; what is copied too much is overwritten by the next
 * piece. So pieces and the buffer have room for a block more behind their end. */
#define BLOCK 32

static void grow(struct writer *w, size_t size)
{
    size_t used;

    /* All that is allocated may be used: the true size is set when the line is complete. */
    used = (size_t)(w->at - w->out->str);
    g_string_set_size(w->out, used + size + used / 2);
    w->at = w->out->str + used;
    w->end = w->out->str + w->out->allocated_len - 1;
}

/* Makes room for SIZE bytes and a block more. */
static inline void reserve(struct writer *w, size_t size)
{
    if (G_UNLIKELY((size_t)(w->end - w->at) < size + BLOCK))
        grow(w, size + BLOCK);
}

static void write_value(struct writer *w, struct dict *d, const struct key *key,
                        struct value *value)
{
    size_t room = key->json_size + JSONL_ESCAPED_MAX((size_t)value->size) + 1;
    char *start;
    char *json;

    reserve(w, room);
    start = w->at;
    memcpy(w->at, key->json, key->json_size);
    w->at += key->json_size;
    w->at += jsonl_escape(w->at, value->text, value->size);
    *w->at++ = ',';
    if (!value->lasting)
        return;
    value->json_size = (uint32_t)(w->at - start);
    json = arena_alloc(&d->tree->arena, value->json_size + BLOCK);
    value->json = memcpy(json, start, value->json_size);
}

static void write_dep(struct writer *w, const struct dict *d)
{
    reserve(w, sizeof "\"dep\":[");
    w->at = (char *)mempcpy(w->at, "\"dep\":[", strlen("\"dep\":["));
    for (guint i = 0; i < d->deps->len; i++) {
        const char *dep = g_ptr_array_index(d->deps, i);
        size_t size = strlen(dep);

        reserve(w, JSONL_ESCAPED_MAX(size) + 1);
        w->at += jsonl_escape(w->at, dep, size);
        *w->at++ = ',';
    }
    if (w->at[-1] == ',')
        w->at--;
    reserve(w, 2);
    *w->at++ = ']';
    *w->at++ = ',';
}

static inline void write_key(struct writer *w, struct dict *d, struct key *key)
{
    struct value *value = key->value;

    if (G_LIKELY(value->json != NULL)) {
        reserve(w, value->json_size);
        for (uint32_t i = 0; i < value->json_size; i += BLOCK)
            memcpy(w->at + i, value->json + i, BLOCK);
        w->at += value->json_size;
    } else if (key == d->dep_key) {
        write_dep(w, d);
    } else {
        write_value(w, d, key, value);
    }
}

int cfg_test_jsonl(struct cfg *c, GString *out, GError **err)
{
    struct dict *d = &c->dict;
    struct writer w = {.out = out};

    if (cfg_compute(c, err) < 0)
        return -1;
    w.at = out->str + out->len;
    w.end = out->str + out->allocated_len - 1;
    reserve(&w, 1);
    *w.at++ = '{';
    for (uint32_t i = 0; i <= d->ranked / 64; i++)
        for (uint64_t bits = d->present[i]; bits; bits &= bits - 1)
            write_key(&w, d, d->order[i * 64 + (uint32_t)__builtin_ctzll(bits)]);
    reserve(&w, 1);
    w.at[-1] = '}';
    *w.at++ = '\n';
    g_string_set_size(out, (size_t)(w.at - out->str));
    return 0;
}
