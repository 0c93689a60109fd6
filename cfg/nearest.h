/* The nearest known word, for messages about unknown ones. */
#ifndef VTMH_CFG_NEAREST_H
#define VTMH_CFG_NEAREST_H

#include <glib.h>

/* Single-character changes (insert, delete, replace, swap of neighbours) that make A into B, by
 * bytes; anything above LIMIT is LIMIT + 1, and so are words that differ over 256 bytes. */
unsigned int nearest_distance(const char *a, const char *b, unsigned int limit);

/* How many labels of two names, between what they begin and what they end with, differ. */
unsigned int nearest_labels(const char *a, const char *b);

/* How far away a word may be to be worth mentioning: a third of its length, 1 to 4. */
unsigned int nearest_limit(const char *word);

/* The nearest of KNOWN (NULL-terminated) within nearest_limit(), the first of equals; NULL if there
 * is none. */
const char *nearest_find(const char *word, const char *const *known);

#endif
