#include "cfg/match.h"

static bool label_is(const struct label *label, uint32_t atom)
{
    return label->plain == atom || label->full == atom;
}

/* The first N atoms of the run are the last N labels. */
static bool run_begun(const struct run *run, uint32_t n, const struct labels *labels)
{
    const struct label *tail;

    if (n > labels->n)
        return false;
    tail = labels->list + (labels->n - n);
    for (uint32_t i = n; i-- > 0;)
        if (!label_is(&tail[i], run->atoms[i]))
            return false;
    return true;
}

static bool run_occurs(const struct run *run, const struct labels *labels)
{
    for (uint32_t i = 0; i < run->n; i++)
        if (!labels_test(labels->have, run->atoms[i]))
            return false;
    if (run->n == 1)
        return true;
    for (uint32_t at = 0; at + run->n <= labels->n; at++) {
        uint32_t i = 0;

        while (i < run->n && label_is(&labels->list[at + i], run->atoms[i]))
            i++;
        if (i == run->n)
            return true;
    }
    return false;
}

/* The run does not occur yet: can it, wholly in what comes or begun at the end of what is there? */
static bool run_can_come(const struct run *run, const struct labels *labels)
{
    uint32_t begun = run->n;

    /* All atoms from position `begun` on can still come; the last one must. */
    while (begun > 0 && labels_test(labels->reach, run->atoms[begun - 1]))
        begun--;
    if (begun == 0)
        return true;
    for (; begun < run->n; begun++)
        if (run_begun(run, begun, labels))
            return true;
    return false;
}

static enum match run_match(const struct run *run, const struct labels *labels)
{
    if (run_occurs(run, labels))
        return MATCH_YES;
    if (!labels->reach || !run_can_come(run, labels))
        return MATCH_NEVER;
    return MATCH_MAYBE;
}

static bool run_is_live(const struct run *run)
{
    for (uint32_t i = 0; i < run->n; i++)
        if (run->atoms[i] == ATOM_NONE)
            return false;
    return true;
}

static enum match live_word_match(const struct word *word, const struct labels *labels)
{
    enum match match = MATCH_YES;

    for (uint32_t i = 0; i < word->n && match != MATCH_NEVER; i++)
        match = MIN(match, run_match(&word->runs[i], labels));
    return match;
}

enum match word_match(const struct word *word, const struct labels *labels)
{
    for (uint32_t i = 0; i < word->n; i++)
        if (!run_is_live(&word->runs[i]))
            return MATCH_NEVER;
    return live_word_match(word, labels);
}

static enum match simple_match(const struct filter *f, const struct labels *labels)
{
    for (uint32_t i = 0; i < f->n_live; i++)
        if (labels_test(labels->have, f->simple[i]))
            return MATCH_YES;
    if (labels->reach)
        for (uint32_t i = 0; i < f->n_live; i++)
            if (labels_test(labels->reach, f->simple[i]))
                return MATCH_MAYBE;
    return MATCH_NEVER;
}

enum match filter_match(const struct filter *f, const struct labels *labels)
{
    enum match best = MATCH_NEVER;

    if (f->simple)
        return simple_match(f, labels);
    for (uint32_t i = 0; i < f->n_live && best != MATCH_YES; i++)
        best = MAX(best, live_word_match(&f->words[i], labels));
    return best;
}

enum match condition_match(const struct condition *c, const struct labels *labels)
{
    enum match all = MATCH_YES;

    for (; c && all != MATCH_NEVER; c = c->outer) {
        enum match match = filter_match(c->filter, labels);

        all = MIN(all, c->negated ? MATCH_YES - match : match);
    }
    return all;
}

enum rule_verdict rule_judge(const struct rule *rule, const struct labels *labels)
{
    enum match applies = condition_match(rule->condition, labels);
    enum match match;

    if (applies == MATCH_NEVER)
        return RULE_KEEPS;
    if (rule->kind == RULE_JOIN)
        return applies == MATCH_YES ? RULE_FAILS : RULE_OPEN;
    match = filter_match(rule->filter, labels);
    if (rule->kind == RULE_NO)
        match = MATCH_YES - match;
    if (match == MATCH_YES)
        return RULE_KEEPS;
    return match == MATCH_NEVER && applies == MATCH_YES ? RULE_DROPS : RULE_OPEN;
}

static void filter_state(const struct filter *f, const struct labels *labels, GArray *out)
{
    uint64_t bits = 1;

    for (uint32_t w = 0; w < f->n_live; w++)
        for (uint32_t r = 0; r < f->words[w].n; r++) {
            const struct run *run = &f->words[w].runs[r];

            for (uint32_t begun = 1; begun <= run->n; begun++) {
                bool bit = begun < run->n ? run_begun(run, begun, labels) : run_occurs(run, labels);

                /* The leading one tells how many bits there are. */
                if (bits >> 63) {
                    g_array_append_val(out, bits);
                    bits = 1;
                }
                bits = bits << 1 | bit;
            }
        }
    g_array_append_val(out, bits);
}

void rule_state(const struct rule *rule, const struct labels *labels, GArray *out)
{
    if (rule->filter && !rule->filter->simple)
        filter_state(rule->filter, labels, out);
    /* An open rule without a condition has a filter that does not match yet; with one it may. */
    else if (rule->filter && rule->condition) {
        uint64_t bits = filter_match(rule->filter, labels) == MATCH_YES;

        g_array_append_val(out, bits);
    }
    for (const struct condition *c = rule->condition; c; c = c->outer)
        filter_state(c->filter, labels, out);
}
