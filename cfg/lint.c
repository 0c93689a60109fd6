#include "cfg/lint.h"

#include <stdarg.h>
#include <string.h>

#include "cfg/lint-internal.h"

static const char *const kind_names[] = {
    [CFG_LINT_TAB] = "tab",
    [CFG_LINT_FILTER] = "filter",
    [CFG_LINT_UNREACHABLE] = "unreachable",
    [CFG_LINT_OVERRIDDEN] = "overridden",
    [CFG_LINT_REPEATED_NAME] = "repeated-name",
    [CFG_LINT_JOIN] = "join",
    [CFG_LINT_ODD] = "odd",
    [CFG_LINT_EMPTY] = "empty",
};

const char *cfg_lint_kind_name(enum cfg_lint_kind kind)
{
    return kind_names[kind];
}

void lint_report(const struct lint *l, enum cfg_lint_kind kind, struct place place,
                 const char *format, ...)
{
    g_autofree char *message = NULL;
    struct cfg_lint_finding finding = {.kind = kind, .line = place.line};
    va_list args;

    va_start(args, format);
    message = g_strdup_vprintf(format, args);
    va_end(args);
    finding.message = message;
    if (place.line)
        finding.file = sources_get(&l->tree->sources, place.source)->name;
    l->fn(&finding, l->user);
}

static void each_block(const struct lint *l, const struct block *block,
                       void (*fn)(const struct lint *l, const struct block *block, void *user),
                       void *user)
{
    fn(l, block, user);
    for (uint32_t i = 0; i < block->n_ops; i++)
        if (block->ops[i].kind == OP_CONDITION)
            each_block(l, &block->ops[i].u.condition->body, fn, user);
}

void lint_each_block(const struct lint *l,
                     void (*fn)(const struct lint *l, const struct block *block, void *user),
                     void *user)
{
    each_block(l, &l->tree->root, fn, user);
    for (guint i = 0; i < l->tree->vblocks->len; i++) {
        const struct vblock *block = g_ptr_array_index(l->tree->vblocks, i);

        for (uint32_t j = 0; j < block->n_variants; j++)
            each_block(l, &block->variants[j]->body, fn, user);
    }
}

static void find_tabs(const struct lint *l)
{
    for (uint32_t i = 0; i < l->tree->sources.list->len; i++) {
        const struct source *source = sources_get(&l->tree->sources, i);
        const char *line = source->data;
        const char *end = source->data + source->size;

        for (uint32_t number = 1; line < end && (source->traits & SOURCE_TABS); number++) {
            const char *line_end = memchr(line, '\n', (size_t)(end - line));
            struct slice text = text_strip_right(
                (struct slice){line, (size_t)((line_end ? line_end : end) - line)});

            if (text.size && memchr(text.text, '\t', text.size))
                lint_report(l, CFG_LINT_TAB, (struct place){i, number},
                            "there is a tab in this line; it counts as blanks up to a column that "
                            "is a multiple of 8, also in a value");
            line = line_end ? line_end + 1 : end;
        }
    }
}

/* Linking has put the words that some name can match first. */
static void find_dead_words(const struct lint *l)
{
    for (guint i = 0; i < l->tree->filters->len; i++) {
        const struct filter *f = g_ptr_array_index(l->tree->filters, i);

        for (uint32_t w = f->n_live; w < f->n; w++)
            lint_report(l, CFG_LINT_FILTER, f->place,
                        "'%.*s' matches nothing: there is no such variant",
                        (int)f->words[w].text.size, f->words[w].text.text);
    }
}

static void tell_oddities(const struct lint *l)
{
    static const char *const messages[][2] = {
        [ODDITY_HEADER] = {"this block of variants gets the name",
                           "; a name should be letters, digits, '_' and '-', without quotes"},
        [ODDITY_VARIANT] = {"the name", " is read with a dot between its parts"},
        [ODDITY_DOTS] = {"dots without a name,", ", say nothing"},
    };

    for (guint i = 0; i < l->tree->oddities->len; i++) {
        const struct oddity *oddity = &g_array_index(l->tree->oddities, struct oddity, i);

        lint_report(l, CFG_LINT_ODD, oddity->place, "%s '%.*s'%s", messages[oddity->kind][0],
                    (int)oddity->text.size, oddity->text.text, messages[oddity->kind][1]);
    }
}

int cfg_lint(struct cfg *c, uint64_t max_tests, cfg_lint_fn fn, void *user, GError **err)
{
    struct lint l = {.cfg = c, .tree = &c->tree, .fn = fn, .user = user};
    int status;

    if (cfg_link(c, err) < 0)
        return -1;
    find_tabs(&l);
    tell_oddities(&l);
    find_dead_words(&l);
    lint_joins(&l);
    lint_overridden(&l);
    cfg_rewind(c);
    status = lint_tests(&l, max_tests, err);
    cfg_rewind(c);
    return status;
}
