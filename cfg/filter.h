/* Reading filters: `only F`, `no F`, `join F`, conditions and the dependencies of a variant. */
#ifndef VTMH_CFG_FILTER_H
#define VTMH_CFG_FILTER_H

#include "cfg/lexer.h"
#include "cfg/tree.h"

enum filter_use {
    FILTER_LINE,      /* to the end of the line; words may be separated by blanks alone */
    FILTER_CONDITION, /* to the colon, which is then the current token; blanks do not count */
    FILTER_DEPS,      /* as FILTER_LINE, but the runs are only texts and no labels to look for */
};

/* Reads a filter from the current token on. Belongs to the tree. NULL with CFG_ERROR_SYNTAX or
 * CFG_ERROR_LEX. */
struct filter *filter_parse(struct tree *t, struct lexer *lx, enum filter_use use,
                            struct place place, GError **err);

#endif
