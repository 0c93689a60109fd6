/* The texts that a configuration is made of. */
#ifndef VTMH_CFG_SOURCE_H
#define VTMH_CFG_SOURCE_H

#include <glib.h>
#include <stddef.h>
#include <stdint.h>

#include "cfg/cfg.h"
#include "cfg/text.h"

/* What occurs in a text; lines.c takes short cuts when it does not. */
enum source_traits {
    SOURCE_WIDE = 1,   /* characters beyond ASCII */
    SOURCE_BREAKS = 2, /* line ends other than LF, also those beyond ASCII */
    SOURCE_TABS = 4,
    SOURCE_NUL = 8,
};

struct source {
    char *name; /* as opened, for messages */
    char *data;
    size_t size;
    unsigned int traits;
    bool is_file; /* not a text given by the caller */
};

/* A place in a source: the number of the source in the configuration, and the line from 1. */
struct place {
    uint32_t source;
    uint32_t line;
};

struct sources {
    GPtrArray *list; /* struct source, by number */
    size_t parsed_bytes;
};

void sources_init(struct sources *s);
void sources_clear(struct sources *s);
const struct source *sources_get(const struct sources *s, uint32_t number);

/* Reads PATH unless it has been read before; -1 with the reader's error, CFG_ERROR_OPEN for what is
 * no text, or CFG_ERROR_LIMIT. */
int sources_read(struct sources *s, const char *path, cfg_read_fn read, void *user,
                 uint32_t *number, GError **err);
/* Takes a copy of TEXT. */
int sources_add_text(struct sources *s, const char *name, struct slice text, uint32_t *number,
                     GError **err);

/**
 * Sets an error with the place, the line's text and a caret below its COLUMN (characters from 0).
 * LINE may be empty: then only the place and the sentence. Returns -1.
 */
int source_error(GError **err, enum cfg_error code, const char *file, uint32_t line,
                 struct slice line_text, size_t column, const char *format, ...)
    G_GNUC_PRINTF(7, 8);

#endif
