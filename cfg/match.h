/* Filters against names: complete ones, and those that are only begun. */
#ifndef VTMH_CFG_MATCH_H
#define VTMH_CFG_MATCH_H

#include "cfg/tree.h"

/* The labels chosen so far, in the order of the name, and those that can still come. */
struct labels {
    const struct label *list;
    uint32_t n;
    const uint64_t *have;  /* set of the atoms in the list */
    const uint64_t *reach; /* set of the atoms to come; NULL: the name is complete */
};

/* A matching filter goes on matching, whatever labels come; one that cannot match never will. */
enum match { MATCH_NEVER, MATCH_MAYBE, MATCH_YES };

static inline bool labels_test(const uint64_t *set, uint32_t atom)
{
    return (set[atom / 64] >> (atom % 64)) & 1;
}

static inline void labels_add(uint64_t *set, uint32_t atom)
{
    set[atom / 64] |= UINT64_C(1) << (atom % 64);
}

enum match filter_match(const struct filter *f, const struct labels *labels);
/* Of a single word, for explaining. */
enum match word_match(const struct word *word, const struct labels *labels);
/* The condition and all it stands in. */
enum match condition_match(const struct condition *c, const struct labels *labels);

/* What a rule says about the name. RULE_DROPS is final; RULE_KEEPS too. */
enum rule_verdict { RULE_DROPS, RULE_OPEN, RULE_KEEPS, RULE_FAILS /* a join under a condition */ };
enum rule_verdict rule_judge(const struct rule *rule, const struct labels *labels);

/* What else than the labels to come decides an open rule: which of its runs occur already, and
 * which are begun at the end of the name. Equal states have equal futures. Appends to OUT. */
void rule_state(const struct rule *rule, const struct labels *labels, GArray *out);

#endif
