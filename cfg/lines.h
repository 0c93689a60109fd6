/* A source as the logical lines of the language: stripped, tabs expanded, comments dropped. */
#ifndef VTMH_CFG_LINES_H
#define VTMH_CFG_LINES_H

#include "cfg/arena.h"
#include "cfg/source.h"

struct line {
    struct slice text; /* what is to be parsed, without indentation; never empty */
    int32_t indent;    /* columns before it, as the block structure counts them */
    uint32_t number;   /* in the source, from 1 */
    struct slice full; /* the line for messages */
    uint32_t column;   /* where TEXT begins in FULL, in characters from 0 */
};

struct lines {
    const struct source *source;
    struct arena *arena; /* holds lines that had tabs */
    const char *next;
    const char *end;
    uint32_t number;
    struct line line; /* the current one, if there is one */
    bool have;
};

/* Positions before the first line: call lines_advance() next. */
void lines_init(struct lines *in, const struct source *source, struct arena *arena);

/* Goes on to the next line that is not empty and no comment; in->have says whether there is one.
 * -1 with CFG_ERROR_LIMIT for a line that is too long. */
int lines_advance(struct lines *in, GError **err);

/* Makes the rest of the current line, from byte FROM of its text on, a line by itself in the next
 * column after INDENT. False if nothing is left: then the current line is unchanged. */
bool lines_split(struct lines *in, size_t from, int32_t indent);

/* An error at byte OFFSET of the current line's text. Returns -1. */
int lines_error(const struct lines *in, size_t offset, enum cfg_error code, GError **err,
                const char *format, ...) G_GNUC_PRINTF(5, 6);

#endif
