#include "cfg/text.h"

uint32_t text_decode(const char *c, const char *end, unsigned int *bytes)
{
    const unsigned char *u = (const unsigned char *)c;
    size_t room = (size_t)(end - c);

    if (u[0] < 0x80 || room < 2) {
        *bytes = 1;
        return u[0];
    }
    if (u[0] < 0xe0 || room < 3) {
        *bytes = 2;
        return ((u[0] & 0x1fu) << 6) | (u[1] & 0x3fu);
    }
    if (u[0] < 0xf0 || room < 4) {
        *bytes = 3;
        return ((u[0] & 0x0fu) << 12) | ((u[1] & 0x3fu) << 6) | (u[2] & 0x3fu);
    }
    *bytes = 4;
    return ((u[0] & 0x07u) << 18) | ((u[1] & 0x3fu) << 12) | ((u[2] & 0x3fu) << 6) | (u[3] & 0x3fu);
}

bool text_is_space(uint32_t code)
{
    if (code <= 0x20)
        return code == 0x20 || (code >= 0x09 && code <= 0x0d) || (code >= 0x1c && code <= 0x1f);
    if (code < 0x85)
        return false;
    return code == 0x85 || code == 0xa0 || code == 0x1680 || (code >= 0x2000 && code <= 0x200a) ||
           code == 0x2028 || code == 0x2029 || code == 0x202f || code == 0x205f || code == 0x3000;
}

bool text_is_alnum(uint32_t code)
{
    return code < 0x80 ? g_ascii_isalnum((char)code) : g_unichar_isalnum(code);
}

struct slice text_strip_left(struct slice s)
{
    const char *end = s.text + s.size;
    unsigned int bytes;

    while (s.size && *s.text == ' ') {
        s.text++;
        s.size--;
    }
    if (s.size && text_is_plain(*s.text))
        return s;
    while (s.size && text_is_space(text_decode(s.text, end, &bytes))) {
        s.text += bytes;
        s.size -= bytes;
    }
    return s;
}

struct slice text_strip_right(struct slice s)
{
    unsigned int bytes;

    while (s.size) {
        size_t start = s.size - 1;

        if (text_is_plain(s.text[start]))
            break;
        while (start > 0 && ((unsigned char)s.text[start] & 0xc0) == 0x80)
            start--;
        if (!text_is_space(text_decode(s.text + start, s.text + s.size, &bytes)))
            break;
        s.size = start;
    }
    return s;
}

struct slice text_strip(struct slice s)
{
    return text_strip_left(text_strip_right(s));
}

bool text_equal(struct slice a, struct slice b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.text, b.text, a.size) == 0);
}

size_t text_length(struct slice s)
{
    size_t n = 0;

    for (size_t i = 0; i < s.size; i++)
        n += ((unsigned char)s.text[i] & 0xc0) != 0x80;
    return n;
}
