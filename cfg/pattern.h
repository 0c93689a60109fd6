/* The expressions of the ?-operators. */
#ifndef VTMH_CFG_PATTERN_H
#define VTMH_CFG_PATTERN_H

#include <glib.h>

#include "cfg/tree.h"

struct pattern;

/**
 * An expression is matched at the start of a key, with `$` glued to the end of its text: `a|b`
 * means "begins with a, or is b". Transfer full; NULL with CFG_ERROR_EXPAND if it is broken.
 */
struct pattern *pattern_new(const struct key *expression, GError **err);
void pattern_free(struct pattern *p);
typedef struct pattern *_GLIB_AUTOPTR_TYPENAME(pattern);
static inline void _GLIB_AUTOPTR_FUNC_NAME(pattern)(struct pattern **p)
{
    pattern_free(*p);
}

/* True if there are no special characters in it: then it matches the key of this name only. */
bool pattern_is_literal(const struct key *expression);

bool pattern_match(struct pattern *p, const struct key *key);

#endif
