/*
 * filter := [word {separator word} [","]]      separator: "," or, on a line, blanks
 * word   := run {".." run} [dots], or dots alone at the end, which are nothing
 * run    := atom {"." atom}
 * atom   := ident | "(" ident ")" | "(" ident "=" ident ")"
 */
#include "cfg/filter.h"

struct reading {
    struct tree *tree;
    struct lexer *lx;
    enum filter_use use;
    struct place place;
    GArray *words; /* struct word */
    GArray *runs;  /* struct run, of the current word */
    GArray *atoms; /* uint32_t, of the current run */
    GString *text; /* of the current run, for dependencies */
};

static int next(struct reading *r, GError **err)
{
    return r->use == FILTER_CONDITION ? lexer_next_solid(r->lx, err) : lexer_next(r->lx, err);
}

static bool at_end(const struct reading *r)
{
    int kind = r->lx->token.kind;

    return kind == TOKEN_END || (r->use == FILTER_CONDITION && kind == ':');
}

static bool at_atom(const struct reading *r)
{
    return r->lx->token.kind == TOKEN_IDENT || r->lx->token.kind == '(';
}

static void add_atom(struct reading *r, struct slice text, uint32_t atom)
{
    if (r->use == FILTER_DEPS) {
        if (r->text->len)
            g_string_append_c(r->text, '.');
        g_string_append_len(r->text, text.text, (gssize)text.size);
    }
    g_array_append_val(r->atoms, atom);
}

static void add_ident(struct reading *r, struct slice ident)
{
    add_atom(r, ident, r->use == FILTER_DEPS ? ATOM_NONE : tree_atom(r->tree, ident));
}

/* A block can have an odd name of one character; see parse_header_name(). */
static int parse_parenthesis(struct reading *r, GError **err)
{
    struct lexer *lx = r->lx;
    struct slice name;
    uint32_t atom;
    bool is_ident;

    if (lexer_next_solid(lx, err) < 0)
        return -1;
    is_ident = lx->token.kind == TOKEN_IDENT;
    if (!is_ident && lx->token.kind != '@' && lx->token.kind != '!' && lx->token.kind != '.')
        return lexer_expected(lx, "the name of a variants block behind '('", err);
    name = lx->token.text;
    if (lexer_next_solid(lx, err) < 0)
        return -1;
    if (lx->token.kind == ')' && is_ident) {
        add_ident(r, name);
        return next(r, err);
    }
    if (lx->token.kind != TOKEN_EQUALS)
        return lexer_expected(lx, "'=' or ')'", err);
    if (lexer_next_solid(lx, err) < 0)
        return -1;
    if (lx->token.kind != TOKEN_IDENT)
        return lexer_expected(lx, "the name of a variant behind '='", err);
    atom = tree_full_atom(r->tree, name, lx->token.text);
    if (lexer_next_solid(lx, err) < 0)
        return -1;
    if (lx->token.kind != ')')
        return lexer_expected(lx, "')'", err);
    add_atom(r, (struct slice){r->tree->full->str, r->tree->full->len}, atom);
    return next(r, err);
}

static int parse_atom(struct reading *r, GError **err)
{
    if (r->lx->token.kind == '(')
        return parse_parenthesis(r, err);
    if (r->lx->token.kind != TOKEN_IDENT)
        return lexer_expected(r->lx, "the name of a variant or '('", err);
    add_ident(r, r->lx->token.text);
    return next(r, err);
}

static void end_run(struct reading *r)
{
    struct arena *arena = &r->tree->arena;
    struct run run = {.n = r->atoms->len};

    if (r->use != FILTER_DEPS)
        run.atoms = arena_copy(arena, r->atoms->data, r->atoms->len * sizeof(uint32_t));
    else
        run.text = (struct slice){arena_text(arena, r->text->str, r->text->len), r->text->len};
    g_array_append_val(r->runs, run);
    g_array_set_size(r->atoms, 0);
    g_string_truncate(r->text, 0);
}

/* Behind an atom: how many dots (0 to 2) lead on to another one. */
static int parse_dots(struct reading *r, int *dots, GError **err)
{
    struct lexer third = {0};

    *dots = 0;
    while (r->lx->token.kind == '.') {
        if (++*dots == 3)
            third = *r->lx;
        if (next(r, err) < 0)
            return -1;
    }
    if (*dots && at_end(r))
        *dots = 0;
    else if (*dots > 2)
        return lexer_expected(&third, "the name of a variant behind '..'", err);
    else if (*dots && !at_atom(r))
        return lexer_expected(r->lx, "the name of a variant behind a dot", err);
    return 0;
}

/* Dots in place of a word, behind a separator: the reference overlooks them at the end. */
static int skip_dots(struct reading *r, GError **err)
{
    struct lexer first = *r->lx;

    while (r->lx->token.kind == '.')
        if (next(r, err) < 0)
            return -1;
    if (!at_end(r))
        return lexer_expected(&first, "a name", err);
    tree_add_oddity(r->tree, first.token.text, ODDITY_DOTS, r->place);
    return 0;
}

static int parse_word(struct reading *r, GError **err)
{
    struct word word = {.column = (uint32_t)r->lx->token.offset};
    const char *start = r->lx->token.text.text;
    int dots;

    g_array_set_size(r->runs, 0);
    do {
        if (parse_atom(r, err) < 0 || parse_dots(r, &dots, err) < 0)
            return -1;
        if (dots != 1)
            end_run(r);
    } while (dots);
    word.n = r->runs->len;
    word.runs = arena_copy(&r->tree->arena, r->runs->data, word.n * sizeof(struct run));
    word.text = text_strip_right((struct slice){start, (size_t)(r->lx->token.text.text - start)});
    g_array_append_val(r->words, word);
    return 0;
}

/* Behind a word: goes on to the next one, or to the end. */
static int parse_separator(struct reading *r, GError **err)
{
    struct lexer *lx = r->lx;

    if (at_end(r))
        return 0;
    if (lx->token.kind == ',') {
        if (lexer_next_solid(lx, err) < 0)
            return -1;
        if (lx->token.kind == '.')
            return skip_dots(r, err);
        return at_end(r) || at_atom(r) ? 0 : lexer_expected(lx, "a name behind ','", err);
    }
    if (lx->token.kind == TOKEN_SPACE) {
        if (lexer_skip_space(lx, err) < 0)
            return -1;
        if (lx->token.kind == ',')
            return lexer_expected(lx, "a name (no blank may stand before ',')", err);
        if (lx->token.kind == '.')
            return skip_dots(r, err);
        return at_end(r) || at_atom(r) ? 0 : lexer_expected(lx, "a name", err);
    }
    if (r->use == FILTER_CONDITION)
        return lexer_expected(lx, "':', '.', ',' or an operator such as '='", err);
    return lexer_expected(lx, "'.', ',', a blank or the end of the line", err);
}

static int parse_words(struct reading *r, GError **err)
{
    if (lexer_skip_space(r->lx, err) < 0)
        return -1;
    while (!at_end(r))
        if (parse_word(r, err) < 0 || parse_separator(r, err) < 0)
            return -1;
    return 0;
}

struct filter *filter_parse(struct tree *t, struct lexer *lx, enum filter_use use,
                            struct place place, GError **err)
{
    struct filter *filter = NULL;
    const char *start = lx->token.text.text;
    struct reading r = {
        .tree = t,
        .lx = lx,
        .use = use,
        .place = place,
        .words = t->filter_words,
        .runs = t->filter_runs,
        .atoms = t->filter_atoms,
        .text = t->filter_text,
    };

    g_array_set_size(r.words, 0);
    g_array_set_size(r.atoms, 0);
    g_string_truncate(r.text, 0);

    if (parse_words(&r, err) == 0) {
        filter = arena_alloc0(&t->arena, sizeof *filter);
        filter->n = r.words->len;
        filter->words = arena_copy(&t->arena, r.words->data, filter->n * sizeof(struct word));
        filter->text = text_strip((struct slice){start, (size_t)(lx->token.text.text - start)});
        filter->place = place;
        if (use != FILTER_DEPS)
            g_ptr_array_add(t->filters, filter);
    }
    return filter;
}
