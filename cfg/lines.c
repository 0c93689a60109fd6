#include "cfg/lines.h"

#include <stdarg.h>
#include <string.h>

#include "cfg/limits.h"

#define TAB_WIDTH 8

void lines_init(struct lines *in, const struct source *source, struct arena *arena)
{
    *in = (struct lines){
        .source = source,
        .arena = arena,
        .next = source->data,
        .end = source->data + source->size,
    };
}

/* Bytes of the line break at C; 0 if there is none. CR LF is one. */
static size_t break_size(const char *c, const char *end)
{
    const unsigned char *u = (const unsigned char *)c;
    size_t room = (size_t)(end - c);

    if (*u == '\r')
        return room > 1 && u[1] == '\n' ? 2 : 1;
    if ((*u >= 0x0a && *u <= 0x0c) || (*u >= 0x1c && *u <= 0x1e))
        return 1;
    if (*u == 0xc2 && room > 1 && u[1] == 0x85)
        return 2;
    if (*u == 0xe2 && room > 2 && u[1] == 0x80 && (u[2] == 0xa8 || u[2] == 0xa9))
        return 3;
    return 0;
}

/* Cuts the next physical line off the source. */
static struct slice cut_line(struct lines *in)
{
    const char *start = in->next;
    const char *c;
    size_t bytes = 0;

    in->number++;
    if (!(in->source->traits & SOURCE_BREAKS)) {
        c = memchr(start, '\n', (size_t)(in->end - start));
        in->next = c ? c + 1 : in->end;
        return (struct slice){start, (size_t)((c ? c : in->end) - start)};
    }
    for (c = start; c < in->end && (bytes = break_size(c, in->end)) == 0; c++)
        ;
    in->next = c + bytes;
    return (struct slice){start, (size_t)(c - start)};
}

static struct slice expand_tabs(struct lines *in, struct slice raw)
{
    size_t room = raw.size;
    size_t column = 0;
    char *copy;
    char *out;

    for (size_t i = 0; i < raw.size; i++)
        room += raw.text[i] == '\t' ? TAB_WIDTH : 0;
    out = copy = arena_alloc(in->arena, room);
    for (size_t i = 0; i < raw.size; i++) {
        if (raw.text[i] == '\t') {
            do
                *out++ = ' ';
            while (++column % TAB_WIDTH);
            continue;
        }
        /* Columns count characters: bytes that continue one do not move on. */
        column += ((unsigned char)raw.text[i] & 0xc0) != 0x80;
        *out++ = raw.text[i];
    }
    return (struct slice){copy, (size_t)(out - copy)};
}

/* Without the indentation, whose width in characters is set. */
static struct slice strip_indent(struct slice full, uint32_t *width)
{
    static const char eight[8] = {' ', ' ', ' ', ' ', ' ', ' ', ' ', ' '};
    size_t blanks = 0;
    struct slice text;

    while (blanks + 8 <= full.size && memcmp(full.text + blanks, eight, 8) == 0)
        blanks += 8;
    while (blanks < full.size && full.text[blanks] == ' ')
        blanks++;
    if (blanks < full.size && text_is_plain(full.text[blanks])) {
        *width = (uint32_t)blanks;
        return (struct slice){full.text + blanks, full.size - blanks};
    }
    text = text_strip_left((struct slice){full.text + blanks, full.size - blanks});
    *width = (uint32_t)(blanks + text_length((struct slice){full.text + blanks,
                                                            full.size - blanks - text.size}));
    return text;
}

static bool is_comment(struct slice s)
{
    return s.text[0] == '#' || (s.size > 1 && s.text[0] == '/' && s.text[1] == '/');
}

int lines_advance(struct lines *in, GError **err)
{
    in->have = false;
    while (in->next < in->end) {
        struct slice full = text_strip_right(cut_line(in));
        struct slice text;
        uint32_t width;

        if (full.size > LIMIT_LINE_BYTES) {
            return source_error(err, CFG_ERROR_LIMIT, in->source->name, in->number, SLICE(""), 0,
                                "this line has %zu bytes, %u are allowed", full.size,
                                LIMIT_LINE_BYTES);
        }
        text = strip_indent(full, &width);
        if (text.size == 0 || is_comment(text))
            continue;
        if ((in->source->traits & SOURCE_TABS) && memchr(full.text, '\t', full.size)) {
            full = expand_tabs(in, full);
            text = strip_indent(full, &width);
        }
        in->line.text = text;
        in->line.full = full;
        in->line.number = in->number;
        in->line.indent = (int32_t)width;
        in->line.column = width;
        in->have = true;
        return 0;
    }
    return 0;
}

bool lines_split(struct lines *in, size_t from, int32_t indent)
{
    struct slice rest = {in->line.text.text + from, in->line.text.size - from};

    rest = text_strip_left(rest);
    if (rest.size == 0)
        return false;
    in->line.column += (uint32_t)text_length(
        (struct slice){in->line.text.text, (size_t)(rest.text - in->line.text.text)});
    in->line.text = rest;
    in->line.indent = indent + 1;
    return true;
}

int lines_error(const struct lines *in, size_t offset, enum cfg_error code, GError **err,
                const char *format, ...)
{
    struct slice before = {in->line.text.text, MIN(offset, in->line.text.size)};
    g_autofree char *what = NULL;
    va_list args;

    va_start(args, format);
    what = g_strdup_vprintf(format, args);
    va_end(args);
    return source_error(err, code, in->source->name, in->line.number, in->line.full,
                        in->line.column + text_length(before), "%s", what);
}
