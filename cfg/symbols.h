/* Numbers for texts: equal texts get equal numbers, counted from 0. */
#ifndef VTMH_CFG_SYMBOLS_H
#define VTMH_CFG_SYMBOLS_H

#include <stddef.h>
#include <stdint.h>

#define SYMBOL_NONE UINT32_MAX

struct symbol {
    const char *text; /* owned by whoever gave it */
    uint32_t size;
    uint32_t hash;
};

/* All zero is an empty table. */
struct symbols {
    struct symbol *list;
    uint32_t n;
    uint32_t *slots; /* number + 1, 0 is free */
    uint32_t mask;
};

/* The number of TEXT, which is added if it is new; it must then live as long as the table. */
uint32_t symbols_add(struct symbols *s, const char *text, size_t size);
/* SYMBOL_NONE if it is not there. */
uint32_t symbols_find(const struct symbols *s, const char *text, size_t size);
void symbols_clear(struct symbols *s);

#endif
