#include "cfg/lexer.h"

#include <string.h>

/* Of ASCII, those that identifiers are made of. */
static const bool ident_chars[0x80] = {
    ['0' ... '9'] = true, ['A' ... 'Z'] = true, ['a' ... 'z'] = true, ['_'] = true, ['-'] = true,
};

static bool is_ident(const char *c, const char *end, unsigned int *bytes)
{
    if ((unsigned char)*c < 0x80) {
        *bytes = 1;
        return ident_chars[(unsigned char)*c];
    }
    return text_is_alnum(text_decode(c, end, bytes));
}

static size_t ident_size(const char *c, const char *end)
{
    const char *start = c;
    unsigned int bytes;

    while (c < end && is_ident(c, end, &bytes))
        c += bytes;
    return (size_t)(c - start);
}

static size_t space_size(const char *c, const char *end)
{
    const char *start = c;
    unsigned int bytes;

    while (c < end && !text_is_plain(*c) && text_is_space(text_decode(c, end, &bytes)))
        c += bytes;
    return (size_t)(c - start);
}

/* Size of the operator at C: an optional ~ + < ? ?+ ?< and =; 0 if there is none. */
static size_t operator_size(const char *c, const char *end)
{
    size_t room = (size_t)(end - c);
    size_t n = 0;

    if (room > 2 && c[0] == '?' && (c[1] == '+' || c[1] == '<'))
        n = 2;
    else if (*c != '=')
        n = 1;
    return n < room && c[n] == '=' ? n + 1 : 0;
}

static int set_token(struct lexer *lx, int kind, size_t offset, size_t size)
{
    lx->token.kind = kind;
    lx->token.offset = offset;
    lx->token.text = (struct slice){lx->in->line.text.text + offset, size};
    lx->position = offset + size;
    return 0;
}

static int read_string(struct lexer *lx, size_t at, const char *end, GError **err)
{
    const char *c = lx->in->line.text.text + at;
    const char *close = memchr(c + 1, '"', (size_t)(end - c - 1));

    if (!close)
        return lines_error(lx->in, at, CFG_ERROR_SYNTAX, err, "this quote is not closed");
    set_token(lx, TOKEN_STRING, at, (size_t)(close - c) + 1);
    lx->quoted = lx->token.text = (struct slice){c + 1, (size_t)(close - c) - 1};
    return 0;
}

/* The identifier behind a string. */
static int repeat_string(struct lexer *lx)
{
    const char *start = lx->in->line.text.text;
    const char *rest = start + lx->position;
    size_t size = ident_size(rest, start + lx->in->line.text.size);
    struct slice ident = lx->quoted;

    lx->quoted = SLICE("");
    if (size) {
        char *text = arena_alloc(lx->in->arena, ident.size + size);

        memcpy(mempcpy(text, ident.text, ident.size), rest, size);
        ident = (struct slice){text, ident.size + size};
    }
    set_token(lx, TOKEN_IDENT, lx->position, size);
    lx->token.text = ident;
    return 0;
}

int lexer_next(struct lexer *lx, GError **err)
{
    const char *start = lx->in->line.text.text;
    const char *end = start + lx->in->line.text.size;
    unsigned int bytes;

    if (lx->quoted.size)
        return repeat_string(lx);
    for (size_t at = lx->position; start + at < end; at++) {
        const char *c = start + at;
        size_t size;

        if (*c == '-' && at == 0)
            return set_token(lx, '-', at, 1);
        size = ident_size(c, end);
        if (size)
            return set_token(lx, TOKEN_IDENT, at, size);
        size = space_size(c, end);
        if (size)
            return set_token(lx, TOKEN_SPACE, at, size);
        switch (*c) {
        case '.':
        case ':':
        case '@':
        case ',':
        case '[':
        case ']':
        case '(':
        case ')':
        case '!':
            return set_token(lx, *c, at, 1);
        case '#':
            return set_token(lx, TOKEN_END, at, 0);
        case '"':
            return read_string(lx, at, end, err);
        case '=':
        case '~':
        case '+':
        case '<':
        case '?':
            size = operator_size(c, end);
            if (size)
                return set_token(lx, *c == '=' ? TOKEN_EQUALS : TOKEN_OPERATOR, at, size);
            continue; /* such a character alone only separates */
        default:
            text_decode(c, end, &bytes);
            return lines_error(lx->in, at, CFG_ERROR_LEX, err,
                               "unexpected character '%.*s'; special characters can stand only in "
                               "the value of an assignment",
                               (int)bytes, c);
        }
    }
    return set_token(lx, TOKEN_END, (size_t)(end - start), 0);
}

int lexer_init(struct lexer *lx, const struct lines *in, size_t offset, GError **err)
{
    *lx = (struct lexer){.in = in, .position = offset};
    return lexer_next(lx, err);
}

int lexer_next_solid(struct lexer *lx, GError **err)
{
    if (lexer_next(lx, err) < 0)
        return -1;
    return lexer_skip_space(lx, err);
}

int lexer_skip_space(struct lexer *lx, GError **err)
{
    while (lx->token.kind == TOKEN_SPACE)
        if (lexer_next(lx, err) < 0)
            return -1;
    return 0;
}

int lexer_expected(const struct lexer *lx, const char *expected, GError **err)
{
    const struct token *t = &lx->token;

    if (t->kind == TOKEN_END)
        return lines_error(lx->in, t->offset, CFG_ERROR_SYNTAX, err,
                           "expected %s, found the end of the line", expected);
    if (t->kind == TOKEN_SPACE)
        return lines_error(lx->in, t->offset, CFG_ERROR_SYNTAX, err, "expected %s, found a blank",
                           expected);
    return lines_error(lx->in, t->offset, CFG_ERROR_SYNTAX, err, "expected %s, found '%.*s'",
                       expected, (int)t->text.size, t->text.text);
}
