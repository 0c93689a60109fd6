#include "page.h"

static uint32_t pattern_of(uint32_t index)
{
    return (index * 0x9e3779b1u) ^ 0x5bd1e995u;
}

void page_fill(struct page *page, uint32_t index, uint32_t round)
{
    uint32_t pattern = pattern_of(index);

    page->round = round;
    page->index = index;
    for (uint32_t i = 0; i < PAGE_WORDS - 2; i++)
        page->rest[i] = pattern;
}

static bool word_is(uint32_t have, uint32_t want, struct page_fault *fault)
{
    if (have == want)
        return true;
    *fault = (struct page_fault){.have = have, .want = want};
    return false;
}

bool page_check(const struct page *page, uint32_t index, uint32_t round, struct page_fault *fault)
{
    uint32_t pattern = pattern_of(index);
    uint32_t difference = 0;

    if (!word_is(page->round, round, fault) || !word_is(page->index, index, fault))
        return false;
    for (uint32_t i = 0; i < PAGE_WORDS - 2; i++)
        difference |= page->rest[i] ^ pattern;
    if (difference == 0)
        return true;
    for (uint32_t i = 0; i < PAGE_WORDS - 2; i++)
        if (!word_is(page->rest[i], pattern, fault))
            return false;
    return true;
}
