/* Assignments: `KEY OPERATOR VALUE`. */
#include <string.h>

#include "cfg/cfg.h"
#include "cfg/parser.h"
#include "cfg/pattern.h"

static const struct {
    struct slice text;
    enum op_kind kind;
} operators[] = {
    {{"=", 1}, OP_SET},
    {{"+=", 2}, OP_APPEND},
    {{"<=", 2}, OP_PREPEND},
    {{"~=", 2}, OP_LAZY},
    {{"?=", 2}, OP_MATCH_SET},
    {{"?+=", 3}, OP_MATCH_APPEND},
    {{"?<=", 3}, OP_MATCH_PREPEND},
};

static enum op_kind find_kind(struct slice text)
{
    for (size_t i = 0; i < G_N_ELEMENTS(operators); i++)
        if (text_equal(operators[i].text, text))
            return operators[i].kind;
    g_assert_not_reached();
}

void parser_end_run(struct parser *p)
{
    p->tree->run++;
    if (p->collected->len)
        g_ptr_array_set_size(p->collected, 0);
}

static struct slice unquote(struct slice value)
{
    char quote;

    if (value.size == 0)
        return value;
    quote = value.text[0];
    if ((quote != '"' && quote != '\'') || value.text[value.size - 1] != quote)
        return value;
    if (value.size == 1)
        return (struct slice){value.text, 0};
    return (struct slice){value.text + 1, value.size - 2};
}

/* The references `${key}`: the key is the shortest text, of one character at least, up to `}`. */
static const struct reference_list *parse_references(struct parser *p, struct slice value)
{
    g_autoptr(GArray) found = NULL;
    struct reference_list *list;
    const char *end = value.text + value.size;
    const char *c = value.text;

    while ((c = memmem(c, (size_t)(end - c), "${", 2))) {
        const char *close = c + 3 < end ? memchr(c + 3, '}', (size_t)(end - c - 3)) : NULL;
        struct reference reference;

        if (!close)
            break;
        reference.start = (uint32_t)(c - value.text);
        reference.end = (uint32_t)(close + 1 - value.text);
        reference.key = tree_key(p->tree, (struct slice){c + 2, (size_t)(close - c - 2)});
        reference.key->referenced = true;
        if (!found)
            found = g_array_new(FALSE, FALSE, sizeof(struct reference));
        g_array_append_val(found, reference);
        c = close + 1;
    }
    if (!found)
        return NULL;
    list = arena_alloc(&p->tree->arena, sizeof *list + found->len * sizeof(struct reference));
    list->n = found->len;
    memcpy(list->references, found->data, found->len * sizeof(struct reference));
    return list;
}

static void add_assignment(struct parser *p, enum op_kind kind, struct key *key, struct slice value,
                           const struct reference_list *list)
{
    struct op *op = parser_add_key_op(p, kind, key);

    op->value.text = value.text;
    op->value.size = (uint32_t)value.size;
    op->u.list = list;
}

/*
 * The reference collects plain assignments without `$`, and applies an operator without `$` on a
 * key that is literally one of the collected to the collection alone. This can be seen only of the
 * ?-operators: their expression is then not tried on keys from elsewhere. So here it is resolved at
 * once into one assignment for each collected key that matches.
 */
static int match_collected(struct parser *p, enum op_kind kind, struct key *expression,
                           struct slice value, GError **err)
{
    static const enum op_kind plain[] = {
        [OP_MATCH_SET] = OP_SET,
        [OP_MATCH_APPEND] = OP_APPEND,
        [OP_MATCH_PREPEND] = OP_PREPEND,
    };
    g_autoptr(GError) broken = NULL;
    g_autoptr(pattern) pattern = pattern_new(expression, &broken);

    if (!pattern)
        return lines_error(p->in, 0, CFG_ERROR_SYNTAX, err, "%s", broken->message);
    tree_add_resolved_match(p->tree, parser_place(p), kind, expression);
    for (guint i = 0; i < p->collected->len; i++) {
        struct key *key = g_ptr_array_index(p->collected, i);

        if (pattern_match(pattern, key))
            add_assignment(p, plain[kind], key, value, NULL);
    }
    return 0;
}

int parse_assignment(struct parser *p, size_t at, size_t size, GError **err)
{
    struct slice line = p->in->line.text;
    struct slice name = text_strip_right((struct slice){line.text, at});
    struct slice value =
        unquote(text_strip_left((struct slice){line.text + at + size, line.size - at - size}));
    enum op_kind kind = find_kind((struct slice){line.text + at, size});
    struct key *key = tree_key(p->tree, name);
    bool computed = value.size && memchr(value.text, '$', value.size);
    bool collected = key->collected == p->tree->run;

    if (key->reserved)
        return lines_advance(p->in, err);
    if (kind == OP_SET && !computed) {
        if (!collected) {
            key->collected = p->tree->run;
            g_ptr_array_add(p->collected, key);
        }
        add_assignment(p, kind, key, value, NULL);
        return lines_advance(p->in, err);
    }
    if (computed || !collected) {
        parser_end_run(p);
        add_assignment(p, kind, key, value, computed ? parse_references(p, value) : NULL);
        return lines_advance(p->in, err);
    }
    if (kind < OP_MATCH_SET)
        add_assignment(p, kind, key, value, NULL);
    else if (match_collected(p, kind, key, value, err) < 0)
        return -1;
    return lines_advance(p->in, err);
}
