/*
 * Blocks, conditions, filters, includes. Lines are taken one by one; a block is all lines that are
 * further right than its limit. The parser recurses only with the nesting of blocks, which is
 * limited.
 */
#include "cfg/parser.h"

#include <string.h>

#include "cfg/filter.h"
#include "cfg/limits.h"

struct place parser_place(const struct parser *p)
{
    return (struct place){p->source, p->in->line.number};
}

int parser_count(struct parser *p, GError **err)
{
    if (p->tree->n_statements++ < LIMIT_STATEMENTS)
        return 0;
    return lines_error(p->in, 0, CFG_ERROR_LIMIT, err,
                       "the configuration has more than %u statements", LIMIT_STATEMENTS);
}

int parser_enter(struct parser *p, GError **err)
{
    if (p->nesting < LIMIT_NESTING) {
        p->nesting++;
        return 0;
    }
    return lines_error(p->in, 0, CFG_ERROR_LIMIT, err, "blocks are nested more than %u levels deep",
                       LIMIT_NESTING);
}

struct op *parser_add_op(struct parser *p, enum op_kind kind)
{
    struct op *op;

    g_array_set_size(p->ops, p->ops->len + 1);
    op = &g_array_index(p->ops, struct op, p->ops->len - 1);
    memset(op, 0, sizeof *op);
    op->kind = (uint8_t)kind;
    op->value.place = parser_place(p);
    op->value.lasting = true;
    return op;
}

struct op *parser_add_key_op(struct parser *p, enum op_kind kind, struct key *key)
{
    struct op *op = parser_add_op(p, kind);

    op->key = key;
    op->number = key->number;
    return op;
}

static void add_rule(struct parser *p, enum rule_kind kind, const struct filter *filter)
{
    struct rule rule = {.kind = (uint8_t)kind,
                        .filter = filter,
                        .condition = p->condition,
                        .place = parser_place(p)};

    g_array_append_val(p->rules, rule);
}

/* What stands behind a keyword and its blank: the first solid token. */
static int lex_operand(struct parser *p, struct lexer *lx, size_t keyword, GError **err)
{
    if (lexer_init(lx, p->in, keyword, err) < 0)
        return -1;
    return lexer_skip_space(lx, err);
}

static int parse_filter_line(struct parser *p, size_t keyword, enum rule_kind kind, GError **err)
{
    struct lexer lx;
    const struct filter *filter;

    if (lex_operand(p, &lx, keyword, err) < 0)
        return -1;
    filter = filter_parse(p->tree, &lx, FILTER_LINE, parser_place(p), err);
    if (!filter)
        return -1;
    add_rule(p, kind, filter);
    return lines_advance(p->in, err);
}

static int parse_only(struct parser *p, GError **err)
{
    return parse_filter_line(p, strlen("only"), RULE_ONLY, err);
}

static int parse_no(struct parser *p, GError **err)
{
    return parse_filter_line(p, strlen("no"), RULE_NO, err);
}

/* Each word is a factor of its own, an `only` for the dictionaries of this factor. */
static int parse_join(struct parser *p, GError **err)
{
    struct lexer lx;
    const struct filter *all;

    if (lex_operand(p, &lx, strlen("join"), err) < 0)
        return -1;
    all = filter_parse(p->tree, &lx, FILTER_LINE, parser_place(p), err);
    if (!all)
        return -1;
    /* The words go to the factors, which are filters of their own. */
    g_ptr_array_set_size(p->tree->filters, (gint)p->tree->filters->len - 1);
    if (p->condition) {
        add_rule(p, RULE_JOIN, NULL);
        return lines_advance(p->in, err);
    }
    for (uint32_t i = 0; i < all->n; i++) {
        struct filter *filter = arena_alloc0(&p->tree->arena, sizeof *filter);
        struct rule *factor = arena_alloc0(&p->tree->arena, sizeof *factor);

        filter->n = 1;
        filter->words = &all->words[i];
        filter->text = all->words[i].text;
        filter->place = all->place;
        factor->kind = RULE_ONLY;
        factor->filter = filter;
        factor->place = filter->place;
        g_ptr_array_add(p->tree->filters, filter);
        g_array_append_val(p->factors, factor);
    }
    return lines_advance(p->in, err);
}

static int parse_delete(struct parser *p, GError **err)
{
    struct lexer lx;
    struct slice name;

    if (lex_operand(p, &lx, strlen("del"), err) < 0)
        return -1;
    if (lx.token.kind != TOKEN_IDENT)
        return lexer_expected(&lx, "the name of a parameter", err);
    name = lx.token.text;
    if (lexer_next_solid(&lx, err) < 0)
        return -1;
    if (lx.token.kind != TOKEN_END)
        return lexer_expected(&lx, "the end of the line", err);
    parser_add_key_op(p, OP_DELETE, tree_key(p->tree, name));
    return lines_advance(p->in, err);
}

/* Reads what is included: beside the including file, or out of the library. *path: where it was, or
 * was to be; transfer full. */
static int read_included(struct parser *p, const char *written, char **path, uint32_t *number,
                         GError **err)
{
    const struct cfg_options *options = p->options;
    g_autofree char *folder = g_path_get_dirname(p->in->source->name);

    if (g_path_is_absolute(written) || written[0] == '~' || strcmp(folder, ".") == 0)
        *path = g_strdup(written);
    else
        *path = g_build_filename(folder, written, NULL);
    if (sources_read(&p->tree->sources, *path, options->read, options->read_user, number, err) == 0)
        return 0;
    if (options->library == NULL || strchr(written, '/') != NULL || written[0] == '~')
        return -1;
    g_autofree char *in_library = g_build_filename(options->library, written, NULL);
    if (sources_read(&p->tree->sources, in_library, options->read, options->read_user, number,
                     NULL) < 0)
        return -1;
    g_clear_error(err);
    g_free(*path);
    *path = g_steal_pointer(&in_library);
    return 0;
}

static int parse_include(struct parser *p, GError **err)
{
    struct slice path = text_strip((struct slice){p->in->line.text.text + strlen("include"),
                                                  p->in->line.text.size - strlen("include")});
    g_autofree char *written = g_strndup(path.text, path.size);
    g_autofree char *joined = NULL;
    g_autoptr(GError) cause = NULL;
    struct lines included;
    struct lines *outer = p->in;
    uint32_t outer_source = p->source;
    uint32_t number;
    int status;

    if (read_included(p, written, &joined, &number, &cause) < 0)
        return lines_error(p->in, 0, CFG_ERROR_INCLUDE, err, "cannot include %s", cause->message);
    for (guint i = 0; i < p->including->len; i++)
        if (g_array_index(p->including, uint32_t, i) == number)
            return lines_error(p->in, 0, CFG_ERROR_INCLUDE, err,
                               "cannot include %s: it is being read already, so it includes itself",
                               joined);
    if (p->including->len >= LIMIT_INCLUDE_DEPTH)
        return lines_error(p->in, 0, CFG_ERROR_LIMIT, err,
                           "files include each other more than %d levels deep",
                           LIMIT_INCLUDE_DEPTH);
    if (parser_enter(p, err) < 0)
        return -1;
    g_array_append_val(p->including, number);
    lines_init(&included, sources_get(&p->tree->sources, number), &p->tree->arena);
    p->in = &included;
    p->source = number;
    status = lines_advance(&included, err);
    if (status == 0)
        status = parse_statements(p, -1, err);
    p->in = outer;
    p->source = outer_source;
    g_array_set_size(p->including, p->including->len - 1);
    p->nesting--;
    return status < 0 ? -1 : lines_advance(p->in, err);
}

/* Moves what lies above START on a stack into the arena. */
static void *take(struct parser *p, GArray *stack, guint start, uint32_t *n)
{
    guint size = g_array_get_element_size(stack);
    void *taken;

    *n = stack->len - start;
    if (*n == 0)
        return NULL;
    taken = arena_copy(&p->tree->arena, stack->data + (size_t)start * size, (size_t)*n * size);
    g_array_set_size(stack, start);
    return taken;
}

/* The statements of the condition end up in CONDITION; its rules stay with the enclosing block. */
static int parse_condition_body(struct parser *p, struct condition *condition, int32_t indent,
                                GError **err)
{
    struct condition *outer = p->condition;
    bool was_in_condition = p->in_condition;
    guint start = p->ops->len;

    if (parser_enter(p, err) < 0)
        return -1;
    condition->outer = outer;
    p->condition = condition;
    p->in_condition = true;
    if (parse_statements(p, indent, err) < 0)
        return -1;
    p->condition = outer;
    p->in_condition = was_in_condition;
    p->nesting--;
    condition->body.ops = take(p, p->ops, start, &condition->body.n_ops);
    return 0;
}

static int parse_condition(struct parser *p, GError **err)
{
    struct lexer lx;
    struct condition *condition = arena_alloc0(&p->tree->arena, sizeof *condition);
    struct place place = parser_place(p);
    int32_t indent = p->in->line.indent;
    struct op *op;

    if (lexer_init(&lx, p->in, 0, err) < 0)
        return -1;
    if (lx.token.kind == '!') {
        condition->negated = true;
        if (lexer_next_solid(&lx, err) < 0)
            return -1;
    } else if (lx.token.kind != TOKEN_IDENT) {
        return lexer_expected(&lx,
                              "a statement (an assignment, a condition, only, no, variants, "
                              "include, del, suffix, join)",
                              err);
    }
    if (lx.token.kind != TOKEN_IDENT && lx.token.kind != '(')
        return lexer_expected(&lx, "the name of a variant", err);
    condition->filter = filter_parse(p->tree, &lx, FILTER_CONDITION, place, err);
    if (!condition->filter)
        return -1;
    if (lx.token.kind != ':' && condition->negated)
        return lines_error(
            p->in, lx.token.offset, CFG_ERROR_SYNTAX, err,
            "expected ':' behind a condition; without it line %u cannot belong to it",
            p->in->line.number + 1);
    if (lx.token.kind != ':')
        return lexer_expected(&lx, "':' or an operator such as '='", err);
    g_ptr_array_add(p->tree->conditions, condition);
    if (!lines_split(p->in, lx.position, indent) && lines_advance(p->in, err) < 0)
        return -1;
    if (p->in->have && p->in->line.text.text[0] == '#')
        return lines_error(p->in, 0, CFG_ERROR_SYNTAX, err,
                           "expected a statement or the end of the line behind the condition; a "
                           "comment must have a line of its own");
    if (parse_condition_body(p, condition, indent, err) < 0)
        return -1;
    op = parser_add_op(p, OP_CONDITION);
    op->u.condition = condition;
    op->value.place = place;
    return 0;
}

/* Finds the leftmost operator; 0 if the line is no assignment. */
static size_t find_operator(struct slice line, size_t *at)
{
    const char *equals = memchr(line.text, '=', line.size);
    const char *colon;
    const char *start = equals;

    if (!equals)
        return 0;
    colon = memchr(line.text, ':', (size_t)(equals - line.text) + 1);
    if (colon || (equals + 1 < line.text + line.size && equals[1] == ':'))
        return 0;
    if (start > line.text && strchr("+<~?", start[-1])) {
        start--;
        if ((*start == '+' || *start == '<') && start > line.text && start[-1] == '?')
            start--;
    }
    *at = (size_t)(start - line.text);
    return (size_t)(equals - start) + 1;
}

static int parse_suffix(struct parser *p, struct slice *suffix, struct place *place, GError **err)
{
    struct lexer lx;

    if (lex_operand(p, &lx, strlen("suffix"), err) < 0)
        return -1;
    if (lx.token.kind != TOKEN_IDENT)
        return lexer_expected(&lx, "a suffix", err);
    *suffix = lx.token.text;
    *place = parser_place(p);
    if (lx.position != p->in->line.text.size)
        return lines_error(p->in, lx.position, CFG_ERROR_SYNTAX, err,
                           "expected the end of the line behind the suffix");
    return lines_advance(p->in, err);
}

static int parse_dash(struct parser *p, GError **err)
{
    return lines_error(p->in, 0, CFG_ERROR_SYNTAX, err,
                       "expected a statement, found '-': this is no place for a variant (its "
                       "column decides: see the first variant of the block)");
}

static const struct keyword {
    struct slice text;
    int (*parse)(struct parser *p, GError **err);
} keywords[] = {
    {{"only ", 5}, parse_only},         {{"no ", 3}, parse_no},
    {{"include ", 8}, parse_include},   {{"del ", 4}, parse_delete},
    {{"join ", 5}, parse_join},         {{"variants ", 9}, parse_variants},
    {{"variants:", 9}, parse_variants}, {{"-", 1}, parse_dash},
};

static const struct keyword *find_keyword(struct slice line)
{
    for (size_t i = 0; i < G_N_ELEMENTS(keywords); i++)
        if (text_begins(line, keywords[i].text))
            return &keywords[i];
    return NULL;
}

int parse_statements(struct parser *p, int32_t limit, GError **err)
{
    struct slice suffix = {0};
    struct place suffix_place = {0};
    int32_t outer_limit = p->limit;

    p->limit = limit;
    parser_end_run(p);
    while (p->in->have && p->in->line.indent > limit) {
        struct slice line = p->in->line.text;
        const struct keyword *keyword = find_keyword(line);
        size_t at = 0;
        size_t size = keyword ? 0 : find_operator(line, &at);
        int status;

        if (parser_count(p, err) < 0)
            return -1;
        if (size && !text_begins(line, SLICE("suffix "))) {
            if (parse_assignment(p, at, size, err) < 0)
                return -1;
            continue;
        }
        parser_end_run(p);
        if (keyword)
            status = keyword->parse(p, err);
        else if (text_begins(line, SLICE("suffix ")))
            status = parse_suffix(p, &suffix, &suffix_place, err);
        else
            status = parse_condition(p, err);
        if (status < 0)
            return -1;
    }
    parser_end_run(p);
    p->limit = outer_limit;
    if (suffix.size) {
        struct op *op = parser_add_op(p, OP_SUFFIX);

        p->tree->has_suffix = true;
        op->value.text = suffix.text;
        op->value.size = (uint32_t)suffix.size;
        op->value.place = suffix_place;
    }
    return 0;
}

void parser_end_join(struct parser *p)
{
    struct vblock *block;
    struct block body = {0};

    if (p->factors->len == p->factors_start)
        return;
    body.factors = take(p, p->factors, p->factors_start, &body.n_factors);
    block = arena_alloc0(&p->tree->arena, sizeof *block);
    block->is_join = true;
    block->place = body.factors[0]->place;
    tree_single(p->tree, block, &body)->place = block->place;
    block->previous = p->last;
    p->last = block;
    g_ptr_array_add(p->tree->vblocks, block);
}

/* The root block grows with every text that is parsed. */
static void reopen_root(struct parser *p)
{
    struct block *root = &p->tree->root;

    g_array_append_vals(p->ops, root->ops, root->n_ops);
    g_array_append_vals(p->rules, root->rules, root->n_rules);
    p->last = root->last;
    if (p->last && p->last->is_join) {
        const struct block *join = &p->last->variants[0]->body;

        g_array_append_vals(p->factors, join->factors, join->n_factors);
        g_ptr_array_set_size(p->tree->vblocks, (gint)p->tree->vblocks->len - 1);
        p->last = p->last->previous;
    }
}

int parse_block(struct parser *p, int32_t limit, struct block *block, guint n_ops, GError **err)
{
    guint ops = p->ops->len - n_ops;
    guint rules = p->rules->len;
    guint factors_start = p->factors_start;
    struct vblock *last = p->last;

    p->last = NULL;
    p->factors_start = p->factors->len;
    if (block == &p->tree->root)
        reopen_root(p);
    if (parse_statements(p, limit, err) < 0)
        return -1;
    parser_end_join(p);
    block->last = p->last;
    p->last = last;
    p->factors_start = factors_start;
    block->ops = take(p, p->ops, ops, &block->n_ops);
    block->rules = take(p, p->rules, rules, &block->n_rules);
    return 0;
}

int parser_run(struct tree *t, uint32_t source, const struct cfg_options *options, GError **err)
{
    struct lines in;
    struct parser p = {
        .tree = t,
        .options = options,
        .in = &in,
        .source = source,
        .including = g_array_new(FALSE, FALSE, sizeof(uint32_t)),
        .ops = g_array_new(FALSE, FALSE, sizeof(struct op)),
        .rules = g_array_new(FALSE, FALSE, sizeof(struct rule)),
        .factors = g_array_new(FALSE, FALSE, sizeof(struct rule *)),
        .variants = g_array_new(FALSE, FALSE, sizeof(struct variant *)),
        .collected = g_ptr_array_new(),
    };
    int status;

    g_array_append_val(p.including, source);
    lines_init(&in, sources_get(&t->sources, source), &t->arena);
    status = lines_advance(&in, err);
    if (status == 0)
        status = parse_block(&p, -1, &t->root, 0, err);
    g_array_unref(p.including);
    g_array_unref(p.ops);
    g_array_unref(p.rules);
    g_array_unref(p.factors);
    g_array_unref(p.variants);
    g_ptr_array_unref(p.collected);
    return status;
}
