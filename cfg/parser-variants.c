/* `variants` blocks: the header with its brackets, and the variants. */
#include <string.h>

#include "cfg/cfg.h"
#include "cfg/filter.h"
#include "cfg/parser.h"

/* A `[default=a.b]` that no variant has taken yet. */
struct wish {
    GArray *path;  /* struct slice */
    size_t column; /* byte offset in the header */
};

struct header {
    struct slice name;
    struct place place;
    GPtrArray *wishes; /* NULL if there was none */
    bool offers_choice;
};

static void wish_free(void *data)
{
    struct wish *wish = data;

    g_array_unref(wish->path);
    g_free(wish);
}

/* Behind `default`: the name of a variant, up to the bracket. */
static int parse_default(struct header *h, struct lexer *lx, GError **err)
{
    struct wish *wish = g_new0(struct wish, 1);

    wish->path = g_array_new(FALSE, FALSE, sizeof(struct slice));
    wish->column = lx->token.offset;
    if (!h->wishes)
        h->wishes = g_ptr_array_new_with_free_func(wish_free);
    g_ptr_array_add(h->wishes, wish);
    if (lx->token.kind != TOKEN_EQUALS)
        return lexer_expected(lx, "'=' and the name of a variant behind 'default'", err);
    do {
        if (lexer_next_solid(lx, err) < 0)
            return -1;
        if (lx->token.kind == TOKEN_IDENT)
            g_array_append_val(wish->path, lx->token.text);
    } while (lx->token.kind == TOKEN_IDENT || lx->token.kind == '.');
    if (wish->path->len == 0)
        return lexer_expected(lx, "the name of a variant", err);
    return 0;
}

/* Behind `[`: a word, maybe `=` and anything, `]`. All words but `default` and a bare `choice` say
 * nothing to us. */
static int parse_bracket(struct header *h, struct lexer *lx, GError **err)
{
    bool is_default, is_choice;

    if (lexer_next_solid(lx, err) < 0)
        return -1;
    if (lx->token.kind != TOKEN_IDENT)
        return lexer_expected(lx, "a word such as 'default' behind '['", err);
    is_default = text_equal(lx->token.text, SLICE("default"));
    is_choice = text_equal(lx->token.text, SLICE("choice"));
    if (lexer_next_solid(lx, err) < 0)
        return -1;
    h->offers_choice |= is_choice && lx->token.kind == ']';
    if (is_default && parse_default(h, lx, err) < 0)
        return -1;
    if (!is_default && lx->token.kind == TOKEN_EQUALS)
        while (lx->token.kind != ']' && lx->token.kind != TOKEN_END)
            if (lexer_next_solid(lx, err) < 0)
                return -1;
    if (lx->token.kind != ']')
        return lexer_expected(lx, "']'", err);
    return lexer_next_solid(lx, err);
}

/*
 * The first token is the name, whatever it is: as in the reference, `variants @mode:` makes a block
 * that is called `@`. What follows such a name is dropped, up to the first identifier.
 */
static int parse_header_name(struct parser *p, struct header *h, struct lexer *lx, GError **err)
{
    bool odd = lx->token.kind != TOKEN_IDENT;

    if (lx->token.kind == '[' || lx->token.kind == ':' || lx->token.kind == TOKEN_END)
        return 0;
    h->name = lx->token.text;
    if (odd)
        tree_add_oddity(p->tree, h->name, ODDITY_HEADER, h->place);
    if (lexer_next_solid(lx, err) < 0)
        return -1;
    while (odd && lx->token.kind != '[' && lx->token.kind != ':' && lx->token.kind != TOKEN_END) {
        odd = lx->token.kind != TOKEN_IDENT;
        if (lexer_next_solid(lx, err) < 0)
            return -1;
    }
    return 0;
}

static int parse_header(struct parser *p, struct header *h, GError **err)
{
    struct lexer lx;

    if (lexer_init(&lx, p->in, strlen("variants"), err) < 0 || lexer_skip_space(&lx, err) < 0 ||
        parse_header_name(p, h, &lx, err) < 0)
        return -1;
    while (lx.token.kind == '[')
        if (parse_bracket(h, &lx, err) < 0)
            return -1;
    if (lx.token.kind != ':')
        return lexer_expected(&lx, h->name.size || h->wishes ? "'[' or ':'" : "a name, '[' or ':'",
                              err);
    if (lexer_next_solid(&lx, err) < 0)
        return -1;
    if (lx.token.kind != TOKEN_END)
        return lexer_expected(&lx, "the end of the line behind ':'", err);
    return 0;
}

/* One identifier of a variant's name becomes a label. */
static void add_label(struct tree *t, const struct header *h, struct slice ident)
{
    struct label label = {.plain = tree_atom(t, ident), .full = ATOM_NONE};

    if (t->shortname->len) {
        g_string_append_c(t->name, '.');
        g_string_append_c(t->shortname, '.');
    }
    g_string_append_len(t->shortname, ident.text, (gssize)ident.size);
    if (h->name.size) {
        label.full = tree_full_atom(t, h->name, ident);
        g_string_append_len(t->name, t->full->str, (gssize)t->full->len);
    } else {
        g_string_append_len(t->name, ident.text, (gssize)ident.size);
    }
    g_array_append_val(t->labels, label);
}

static struct slice keep_text(struct tree *t, const GString *text)
{
    return (struct slice){arena_text(&t->arena, text->str, text->len), text->len};
}

/* The names and labels of a variant; the lexer is at its first identifier or dot. Where a character
 * that only separates stands between two identifiers (`a+b`), it is as good as a dot. */
static int parse_name(struct parser *p, const struct header *h, struct lexer *lx, struct variant *v,
                      GError **err)
{
    struct tree *t = p->tree;
    const char *start = lx->token.text.text;
    bool after_ident = false;
    bool odd = false;

    g_array_set_size(t->labels, 0);
    g_string_truncate(t->name, 0);
    g_string_truncate(t->shortname, 0);
    while (lx->token.kind != ':') {
        if (lx->token.kind == TOKEN_IDENT) {
            odd |= after_ident;
            add_label(t, h, lx->token.text);
        } else if (lx->token.kind != '.')
            return lexer_expected(lx,
                                  after_ident ? "'.' or ':' behind the name of the variant"
                                              : "the name of the variant",
                                  err);
        after_ident = lx->token.kind == TOKEN_IDENT;
        if (lexer_next(lx, err) < 0)
            return -1;
    }
    if (odd)
        tree_add_oddity(t, (struct slice){start, (size_t)(lx->token.text.text - start)},
                        ODDITY_VARIANT, v->place);
    v->n_labels = t->labels->len;
    v->labels = arena_copy(&t->arena, t->labels->data, v->n_labels * sizeof(struct label));
    v->shortname = keep_text(t, t->shortname);
    v->name = h->name.size ? keep_text(t, t->name) : v->shortname;
    return 0;
}

static int parse_deps(struct parser *p, struct lexer *lx, struct variant *v, GError **err)
{
    const struct filter *deps;
    uint32_t n = 0;

    if (lexer_next(lx, err) < 0)
        return -1;
    deps = filter_parse(p->tree, lx, FILTER_DEPS, v->place, err);
    if (!deps)
        return -1;
    for (uint32_t i = 0; i < deps->n; i++)
        v->n_deps += deps->words[i].n;
    v->deps = arena_alloc(&p->tree->arena, (v->n_deps + 1) * sizeof *v->deps);
    for (uint32_t i = 0; i < deps->n; i++)
        for (uint32_t j = 0; j < deps->words[i].n; j++)
            v->deps[n++] = &deps->words[i].runs[j];
    return 0;
}

/* A wish and a name agree if they do so up to the end of the shorter one. */
static bool take_wish(struct header *h, const struct variant *v)
{
    g_autofree char *name = NULL;
    g_auto(GStrv) idents = NULL;

    if (!h->wishes)
        return false;
    name = g_strndup(v->shortname.text, v->shortname.size);
    idents = g_strsplit(name, ".", -1);
    for (guint i = 0; i < h->wishes->len; i++) {
        const struct wish *wish = g_ptr_array_index(h->wishes, i);
        guint n = MIN(wish->path->len, g_strv_length(idents));
        guint j = 0;

        while (j < n) {
            struct slice wanted = g_array_index(wish->path, struct slice, j);

            if (!text_equal(wanted, (struct slice){idents[j], strlen(idents[j])}))
                break;
            j++;
        }
        if (j < n)
            continue;
        g_ptr_array_remove_index(h->wishes, i);
        return true;
    }
    return false;
}

/* NAME = value, before everything the variant says itself. */
static void set_name(struct parser *p, const struct header *h, const struct variant *v)
{
    struct key *key;
    struct op *op;

    if (!h->name.size)
        return;
    key = tree_key(p->tree, h->name);
    if (key->reserved)
        return;
    op = parser_add_key_op(p, OP_SET, key);
    op->from_header = true;
    op->value.text = v->shortname.text;
    op->value.size = (uint32_t)v->shortname.size;
    op->value.place = v->place;
}

static int parse_variant(struct parser *p, struct header *h, int32_t limit, struct vblock *owner,
                         GError **err)
{
    struct variant *v = arena_alloc0(&p->tree->arena, sizeof *v);
    struct lexer lx;
    uint32_t header_ops = 0;
    guint start = p->ops->len;

    v->owner = owner;
    v->place = parser_place(p);
    if (parser_count(p, err) < 0 || lexer_init(&lx, p->in, 0, err) < 0 ||
        lexer_next_solid(&lx, err) < 0)
        return -1;
    if (lx.token.kind == '@') {
        v->hidden = true;
        if (lexer_next(&lx, err) < 0)
            return -1;
    } else if (lx.token.kind != TOKEN_IDENT) {
        return lexer_expected(&lx, "the name of the variant or '@' behind '-'", err);
    }
    if (parse_name(p, h, &lx, v, err) < 0 || parse_deps(p, &lx, v, err) < 0)
        return -1;
    v->hidden |= take_wish(h, v);
    set_name(p, h, v);
    header_ops = p->ops->len - start;
    if (lines_advance(p->in, err) < 0)
        return -1;
    g_array_append_val(p->variants, v);
    return parse_block(p, limit, &v->body, header_ops, err);
}

static void end_vblock(struct parser *p, struct vblock *block, guint start)
{
    block->n_variants = p->variants->len - start;
    block->variants =
        arena_copy(&p->tree->arena, &g_array_index(p->variants, struct variant *, start),
                   block->n_variants * sizeof(struct variant *));
    g_array_set_size(p->variants, start);
    while (block->first_default < block->n_variants &&
           !block->variants[block->first_default]->hidden)
        block->first_default++;
    block->previous = p->last;
    p->last = block;
    g_ptr_array_add(p->tree->vblocks, block);
    parser_add_op(p, OP_VARIANTS)->u.variants = block;
}

/* A default that no variant has. The reference notices it in the line behind the block. */
static int report_wish(const struct parser *p, const struct header *h, struct slice line,
                       uint32_t column, GError **err)
{
    const struct wish *wish = g_ptr_array_index(h->wishes, 0);
    g_autoptr(GString) name = g_string_new(NULL);
    g_autofree char *end = p->in->have ? g_strdup_printf("line %u", p->in->line.number)
                                       : g_strdup("the end of the file");

    for (guint i = 0; i < wish->path->len; i++) {
        struct slice ident = g_array_index(wish->path, struct slice, i);

        g_string_append_printf(name, "%s%.*s", i ? "." : "", (int)ident.size, ident.text);
    }
    return source_error(
        err, CFG_ERROR_SYNTAX, p->in->source->name, h->place.line, line, column + wish->column,
        "the default variant '%s' is missing from this block, which ends at %s", name->str, end);
}

static int parse_variant_list(struct parser *p, struct header *h, int32_t column, GError **err)
{
    struct vblock *block = arena_alloc0(&p->tree->arena, sizeof *block);
    guint start = p->variants->len;
    int32_t first = p->in->line.indent;

    block->name = h->name;
    block->place = h->place;
    block->offers_choice = h->offers_choice;
    parser_end_join(p);
    while (p->in->have) {
        bool is_first = p->variants->len == start;

        /* The first one may stand anywhere in the enclosing block, the others not. */
        if (!is_first && p->in->line.indent <= column)
            break;
        if (p->in->line.text.text[0] != '-')
            return lines_error(p->in, 0, CFG_ERROR_SYNTAX, err,
                               "expected a variant ('- NAME:') of the block that begins in line "
                               "%u; what a variant contains must be further right than column %d",
                               h->place.line, first + 1);
        if (parse_variant(p, h, first, block, err) < 0)
            return -1;
    }
    end_vblock(p, block, start);
    return 0;
}

int parse_variants(struct parser *p, GError **err)
{
    struct header h = {.place = parser_place(p)};
    int32_t column = p->in->line.indent;
    struct slice line = p->in->line.full;
    uint32_t line_column = p->in->line.column;
    int status;

    if (p->in_condition)
        return lines_error(p->in, 0, CFG_ERROR_SYNTAX, err,
                           "variants cannot stand under a condition");
    if (parser_enter(p, err) < 0)
        return -1;
    status = parse_header(p, &h, err);
    if (status == 0)
        status = lines_advance(p->in, err);
    /* A header with nothing in it has no effect at all. */
    if (status == 0 && p->in->have && p->in->line.indent > p->limit) {
        status = parse_variant_list(p, &h, column, err);
        if (status == 0 && h.wishes && h.wishes->len)
            status = report_wish(p, &h, line, line_column, err);
    }
    g_clear_pointer(&h.wishes, g_ptr_array_unref);
    p->nesting--;
    return status;
}
