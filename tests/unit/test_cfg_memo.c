/*
 * Pruning and the memo must not show: random configurations are expanded by the engine and by
 * plain enumeration of all leaves with all filters tried on complete names.
 */
#include "cfg_help.h"

#define LABELS 7
#define MAX_DEPTH 3

struct filter_model {
    bool only;
    int condition; /* a label, or -1 */
    int n_words;
    int words[3][2][2]; /* word: up to two runs of up to two labels; -1 ends */
};

struct block_model {
    int n_filters;
    struct filter_model filters[2];
    int n_blocks;
    struct {
        int n_variants;
        struct {
            int label;
            struct block_model *body;
        } variants[3];
    } blocks[2];
};

static unsigned int seed;

static int pick(int n)
{
    seed = seed * 1103515245u + 12345u;
    return (int)((seed >> 16) % (unsigned int)n);
}

static void make_filter(struct filter_model *f, GString *text, int indent)
{
    f->only = pick(2);
    f->condition = pick(4) ? -1 : pick(LABELS);
    f->n_words = 1 + pick(3);
    g_string_append_printf(text, "%*s", indent, "");
    if (f->condition >= 0)
        g_string_append_printf(text, "l%d: ", f->condition);
    g_string_append(text, f->only ? "only " : "no ");
    for (int w = 0; w < f->n_words; w++) {
        int runs = pick(4) ? 1 : 2;

        if (w)
            g_string_append(text, ", ");
        memset(f->words[w], -1, sizeof f->words[w]);
        for (int r = 0; r < runs; r++) {
            int n = pick(3) ? 1 : 2;

            g_string_append(text, r ? ".." : "");
            for (int i = 0; i < n; i++) {
                f->words[w][r][i] = pick(LABELS);
                g_string_append_printf(text, "%sl%d", i ? "." : "", f->words[w][r][i]);
            }
        }
    }
    g_string_append_c(text, '\n');
}

static struct block_model *make_block(int depth, GString *text, int indent)
{
    struct block_model *b = g_new0(struct block_model, 1);

    b->n_filters = pick(depth == 0 ? 3 : 5) / (depth == 0 ? 1 : 2);
    b->n_filters = MIN(b->n_filters, 2);
    b->n_blocks = depth == MAX_DEPTH ? 0 : depth == 0 ? 2 : pick(3);
    for (int i = 0; i < b->n_filters; i++)
        make_filter(&b->filters[i], text, indent);
    for (int i = 0; i < b->n_blocks; i++) {
        g_string_append_printf(text, "%*svariants:\n", indent, "");
        b->blocks[i].n_variants = 1 + pick(3);
        for (int j = 0; j < b->blocks[i].n_variants; j++) {
            b->blocks[i].variants[j].label = pick(LABELS);
            g_string_append_printf(text, "%*s- l%d:\n", indent + 1, "",
                                   b->blocks[i].variants[j].label);
            b->blocks[i].variants[j].body = make_block(depth + 1, text, indent + 2);
        }
    }
    return b;
}

static void free_block(struct block_model *b)
{
    for (int i = 0; i < b->n_blocks; i++)
        for (int j = 0; j < b->blocks[i].n_variants; j++)
            free_block(b->blocks[i].variants[j].body);
    g_free(b);
}

/* What is still to be expanded: the first N blocks of B, then the rest. */
struct pending {
    const struct block_model *block;
    int n;
    const struct pending *rest;
};

struct naive {
    int labels[64];
    int n;
    const struct block_model *taking_part[64];
    int n_parts;
    GString *out;
    int leaves;
};

static bool has_run(const struct naive *e, const int *run)
{
    int n = run[1] < 0 ? 1 : 2;

    for (int at = 0; at + n <= e->n; at++)
        if (e->labels[at] == run[0] && (n == 1 || e->labels[at + 1] == run[1]))
            return true;
    return false;
}

static bool keeps(const struct naive *e, const struct filter_model *f)
{
    bool matched = false;
    int condition[2] = {f->condition, -1};

    if (f->condition >= 0 && !has_run(e, condition))
        return true;
    for (int w = 0; w < f->n_words; w++) {
        bool all = has_run(e, f->words[w][0]);

        if (f->words[w][1][0] >= 0)
            all = all && has_run(e, f->words[w][1]);
        matched |= all;
    }
    return matched == f->only;
}

static void enumerate(struct naive *e, const struct pending *next)
{
    while (next && next->n == 0)
        next = next->rest;
    if (!next) {
        e->leaves++;
        for (int i = 0; i < e->n_parts; i++)
            for (int j = 0; j < e->taking_part[i]->n_filters; j++)
                if (!keeps(e, &e->taking_part[i]->filters[j]))
                    return;
        for (int i = 0; i < e->n; i++)
            g_string_append_printf(e->out, "%sl%d", i ? "." : "", e->labels[i]);
        g_string_append_c(e->out, ' ');
        return;
    }
    for (int j = 0; j < next->block->blocks[next->n - 1].n_variants; j++) {
        const struct block_model *body = next->block->blocks[next->n - 1].variants[j].body;
        struct pending after = {next->block, next->n - 1, next->rest};
        struct pending inside = {body, body->n_blocks, &after};

        e->labels[e->n++] = next->block->blocks[next->n - 1].variants[j].label;
        e->taking_part[e->n_parts++] = body;
        enumerate(e, &inside);
        e->n--;
        e->n_parts--;
    }
}

Test(cfg_memo, expansion_is_what_plain_enumeration_finds)
{
    unsigned int with_tests = 0;

    for (unsigned int round = 0; round < 400; round++) {
        g_autoptr(GString) text = g_string_new(NULL);
        struct naive e = {.out = g_string_new(NULL)};
        struct block_model *root;
        struct pending all;

        seed = round;
        root = make_block(0, text, 0);
        all = (struct pending){root, root->n_blocks, NULL};
        e.taking_part[e.n_parts++] = root;
        enumerate(&e, &all);
        if (e.out->len)
            g_string_truncate(e.out, e.out->len - 1);
        with_tests += e.out->len > 0;
        expect_names(text->str, e.out->str);
        g_string_free(e.out, TRUE);
        free_block(root);
    }
    cr_assert_gt(with_tests, 100, "the configurations leave nothing to compare");
}

Test(cfg_memo, what_a_later_rule_will_find_in_the_name_counts)
{
    expect_names("variants:\n  - p:\n      only x\n  - q:\n      no x\n"
                 "variants:\n  - x:\n  - y:\n  - z:\n",
                 "x.p y.q z.q");
    expect_names("variants:\n  - p:\n      only x.m\n  - q:\n"
                 "variants:\n  - m:\nvariants:\n  - x:\n  - y:\n",
                 "x.m.p x.m.q y.m.q");
}

Test(cfg_memo, names_are_put_together_where_pieces_are_empty)
{
    const char *text = "variants:\n  - @:\n  - @h:\nvariants:\n  - @:\n  - b:\n"
                       "variants:\n  - @:\n  - c:\n";

    expect_names(text, " h b b.h c c.h c.b c.b.h");
    cfg_help_expect(text, (struct cfg_options){0}, CFG_HELP_SHORTNAMES, "  b b c c c.b c.b");
}
