/* Characters as the language sees them. */
#ifndef VTMH_CFG_TEXT_H
#define VTMH_CFG_TEXT_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* A piece of text, not terminated, owned by someone else. */
struct slice {
    const char *text;
    size_t size;
};

#define SLICE(literal) ((struct slice){(literal), sizeof(literal) - 1})

/* One character of valid UTF-8 at C (before END): its code point and its number of bytes. */
uint32_t text_decode(const char *c, const char *end, unsigned int *bytes);

/* A visible character of ASCII; a byte of a longer character is none. */
static inline bool text_is_plain(char c)
{
    return c > ' ' && c < 0x7f;
}

/* White space of any script, as `str.isspace` of the reference's language has it. */
bool text_is_space(uint32_t code);
/* A letter or a number of any script. */
bool text_is_alnum(uint32_t code);

struct slice text_strip_left(struct slice s);
struct slice text_strip_right(struct slice s);
struct slice text_strip(struct slice s);
bool text_equal(struct slice a, struct slice b);

/* WITH is not empty. */
static inline bool text_begins(struct slice s, struct slice with)
{
    return s.size >= with.size && *s.text == *with.text &&
           memcmp(s.text, with.text, with.size) == 0;
}

/* Number of characters. */
size_t text_length(struct slice s);

#endif
