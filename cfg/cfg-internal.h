/* The object behind cfg.h, for the files that implement its face. */
#ifndef VTMH_CFG_CFG_INTERNAL_H
#define VTMH_CFG_CFG_INTERNAL_H

#include "cfg/cfg.h"
#include "cfg/dict.h"
#include "cfg/walk-internal.h"

/* The canonical line that was written last, from which the next one is made; see cfg-write.c. */
struct last_line {
    GString *text;      /* up to the comma behind the last member; NULL before the first line */
    GArray *members;    /* struct member, as they stand in it */
    GByteArray *listed; /* by number of key: 1 if it is among them */
};

void last_line_clear(struct last_line *l);

/* What cfg_test_changes() has told, by number of key. */
struct told {
    const struct value **values; /* NULL: the key is not there */
    uint32_t n;
};

struct cfg {
    struct cfg_options options;
    char **expand; /* the copy that options.expand points to */
    struct tree tree;
    bool broken; /* parsing has failed */
    bool linked; /* parsing has ended; dict is there */
    struct dict dict;
    struct walk *walk; /* NULL before the first test */
    uint64_t number;
    bool ended;
    bool computed; /* dict holds the current test, flattened */
    struct last_line last_line;
    struct told told;
};

/* Ends parsing. */
int cfg_link(struct cfg *c, GError **err);
/* Makes dict hold the current test. */
int cfg_compute(struct cfg *c, GError **err);

#endif
