#include "cfg/jsonl.h"

#include <stdlib.h>
#include <string.h>

/* What a byte becomes in a string: 0 itself, 1 \u00xx, else a backslash and this character. */
static const char escapes[256] = {
    [0 ... 7] = 1, ['\b'] = 'b', ['\t'] = 't',        ['\n'] = 'n', [0x0b] = 1,
    ['\f'] = 'f',  ['\r'] = 'r', [0x0e ... 0x1f] = 1, ['"'] = '"',  ['\\'] = '\\',
};

typedef unsigned char lanes __attribute__((vector_size(16)));

/* Those of the 16 bytes that need an escape are not 0 in the result. */
static inline lanes find_dirty(const char *text)
{
    lanes bytes;

    memcpy(&bytes, text, sizeof bytes);
    return (lanes)((bytes < 0x20) | (bytes == '"') | (bytes == '\\'));
}

static inline bool is_clean(lanes dirty)
{
    uint64_t halves[2];

    memcpy(halves, &dirty, sizeof halves);
    return (halves[0] | halves[1]) == 0;
}

/* Copies pieces that need no escapes as long as there are any; returns their bytes. */
static size_t copy_clean(char *out, const char *text, size_t size)
{
    const size_t small = sizeof(lanes), large = 4 * small;
    size_t i = 0;

    while (i + large <= size &&
           is_clean(find_dirty(text + i) | find_dirty(text + i + small) |
                    find_dirty(text + i + 2 * small) | find_dirty(text + i + 3 * small))) {
        memcpy(out + i, text + i, large);
        i += large;
    }
    while (i + small <= size && is_clean(find_dirty(text + i))) {
        memcpy(out + i, text + i, small);
        i += small;
    }
    /* What is left is shorter: the last piece begins in what is copied already. */
    if (i && size - i < small && is_clean(find_dirty(text + size - small))) {
        memcpy(out + size - small, text + size - small, small);
        return size;
    }
    return i;
}

size_t jsonl_escape(char *out, const char *text, size_t size)
{
    static const char hex[] = "0123456789abcdef";
    char *start = out;

    *out++ = '"';
    for (size_t i = 0; i < size; i++) {
        unsigned char byte;
        char escape;

        if (size - i >= sizeof(lanes)) {
            size_t clean = copy_clean(out, text + i, size - i);

            out += clean;
            i += clean;
            if (i == size)
                break;
        }
        byte = (unsigned char)text[i];
        escape = escapes[byte];

        if (G_LIKELY(!escape)) {
            *out++ = (char)byte;
            continue;
        }
        *out++ = '\\';
        if (escape != 1) {
            *out++ = escape;
            continue;
        }
        *out++ = 'u';
        *out++ = '0';
        *out++ = '0';
        *out++ = hex[byte >> 4];
        *out++ = hex[byte & 15];
    }
    *out++ = '"';
    return (size_t)(out - start);
}

void jsonl_append_string(GString *out, const char *text)
{
    size_t size = strlen(text);
    gsize used = out->len;

    g_string_set_size(out, used + JSONL_ESCAPED_MAX(size));
    g_string_set_size(out, used + jsonl_escape(out->str + used, text, size));
}

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void append_dep(GString *out, const char *const *dep)
{
    g_string_append_c(out, '[');
    for (size_t i = 0; dep[i]; i++) {
        if (i)
            g_string_append_c(out, ',');
        jsonl_append_string(out, dep[i]);
    }
    g_string_append_c(out, ']');
}

void jsonl_append_params(GString *out, const struct params *p)
{
    g_autofree const char **keys = g_new(const char *, params_count(p) + 3);
    size_t n = 0;
    struct params_iter it;

    params_iter_init(&it, p);
    while (params_iter_next(&it))
        if (strcmp(it.key, "dep") != 0)
            keys[n++] = it.key;
    keys[n++] = "dep";
    if (!params_get(p, "name"))
        keys[n++] = "name";
    if (!params_get(p, "shortname"))
        keys[n++] = "shortname";
    qsort(keys, n, sizeof *keys, compare_texts);
    for (size_t i = 0; i < n; i++) {
        g_string_append_c(out, i ? ',' : '{');
        jsonl_append_string(out, keys[i]);
        g_string_append_c(out, ':');
        if (strcmp(keys[i], "dep") == 0)
            append_dep(out, params_dep(p));
        else
            jsonl_append_string(out, params_get_or(p, keys[i], ""));
    }
    g_string_append(out, "}\n");
}
