/* What a tested page holds: the round that wrote it, its own index, and a pattern made of the index
 * in all other words. The guest `tick` fills its pages the same way. */
#ifndef VTMH_JEOS_PAGE_H
#define VTMH_JEOS_PAGE_H

#include <stdbool.h>
#include <stdint.h>

#define PAGE_BYTES 4096
#define PAGE_WORDS (PAGE_BYTES / sizeof(uint32_t))

struct page {
    uint32_t round;
    uint32_t index;
    uint32_t rest[PAGE_WORDS - 2];
};

/* The first word that is not what it must be. */
struct page_fault {
    uint32_t have;
    uint32_t want;
};

void page_fill(struct page *page, uint32_t index, uint32_t round);

/* True when the page is whole; else FAULT says what was found. */
bool page_check(const struct page *page, uint32_t index, uint32_t round, struct page_fault *fault);

#endif
