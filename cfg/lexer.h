/* Tokens of structural lines: everything but assignments and include paths. */
#ifndef VTMH_CFG_LEXER_H
#define VTMH_CFG_LEXER_H

#include "cfg/lines.h"

enum token_kind {
    TOKEN_END, /* end of the line, or a comment */
    TOKEN_SPACE,
    TOKEN_IDENT,
    TOKEN_STRING,   /* its text is without the quotes */
    TOKEN_OPERATOR, /* any but the plain `=` */
    TOKEN_EQUALS,
    /* single characters are their own kind: - . : @ , [ ] ( ) ! */
};

struct token {
    int kind; /* enum token_kind or a character */
    struct slice text;
    size_t offset; /* in the line's text */
};

/* As in the reference, the text of a string comes once more as an identifier behind it, together
 * with what would continue one: `"a b"c` is a string and the identifier `a bc`. So strings are of
 * no use but as the name of a variants block. */
struct lexer {
    const struct lines *in;
    size_t position;     /* of what follows the token */
    struct token token;  /* the current one */
    struct slice quoted; /* what is still to come as an identifier; else empty */
};

/* Positions at byte OFFSET of the current line and reads the first token; -1 with CFG_ERROR_LEX. */
int lexer_init(struct lexer *lx, const struct lines *in, size_t offset, GError **err);
/* Reads the next token. */
int lexer_next(struct lexer *lx, GError **err);
/* Reads the next token that is not white space. */
int lexer_next_solid(struct lexer *lx, GError **err);
/* Goes on to a solid token if the current one is white space. */
int lexer_skip_space(struct lexer *lx, GError **err);
/* A CFG_ERROR_SYNTAX at the current token: "expected EXPECTED, found ...". Returns -1. */
int lexer_expected(const struct lexer *lx, const char *expected, GError **err);

#endif
