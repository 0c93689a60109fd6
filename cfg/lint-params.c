/* Parameters: values that nobody sees, names that nobody knows. */
#include <string.h>

#include "cfg/lint-internal.h"
#include "cfg/nearest.h"

static void forget_references(GHashTable *unused, const struct op *op)
{
    for (uint32_t i = 0; op->u.list && i < op->u.list->n; i++)
        g_hash_table_remove(unused, op->u.list->references[i].key);
}

/* UNUSED: key -> the assignment whose value nothing has used yet. Whatever is not a plain
 * assignment may use any of them. An included file is there to be overridden by the file that
 * includes it, so both must stand in one file. */
static void find_overridden(const struct lint *l, const struct block *block, void *user)
{
    g_autoptr(GHashTable) unused = g_hash_table_new(NULL, NULL);

    (void)user;
    for (uint32_t i = 0; i < block->n_ops; i++) {
        const struct op *op = &block->ops[i];
        const struct op *earlier;

        if (op->kind > OP_LAZY) {
            g_hash_table_remove_all(unused);
            continue;
        }
        forget_references(unused, op);
        if (op->kind != OP_SET) {
            g_hash_table_remove(unused, op->key);
            continue;
        }
        earlier = g_hash_table_lookup(unused, op->key);
        if (earlier && earlier->value.place.source == op->value.place.source)
            lint_report(l, CFG_LINT_OVERRIDDEN, earlier->value.place,
                        "'%.*s' gets another value in line %u before anything uses this one",
                        (int)op->key->size, op->key->text, op->value.place.line);
        if (!op->from_header)
            g_hash_table_insert(unused, op->key, (void *)op);
    }
}

void lint_overridden(const struct lint *l)
{
    lint_each_block(l, find_overridden, NULL);
}

struct naming {
    GHashTable *assigned; /* struct key -> struct op, the first assignment */
    GPtrArray *order;     /* struct key, as first assigned */
    GHashTable *used;     /* struct key: in `${}`, or the name of a variants block */
    GHashTable *words;    /* all words of values: what may be the name of an object */
    GHashTable *known;
};

static void add_words(GHashTable *words, const struct value *value)
{
    g_autofree char *text = g_strndup(value->text, value->size);
    g_auto(GStrv) list = g_strsplit_set(text, " ,", -1);

    for (char **word = list; *word; word++)
        if (**word)
            g_hash_table_add(words, g_strdup(*word));
}

static void collect_names(const struct lint *l, const struct block *block, void *user)
{
    struct naming *n = user;

    (void)l;
    for (uint32_t i = 0; i < block->n_ops; i++) {
        const struct op *op = &block->ops[i];

        if (op->kind > OP_MATCH_PREPEND)
            continue;
        for (uint32_t j = 0; op->u.list && j < op->u.list->n; j++)
            g_hash_table_add(n->used, op->u.list->references[j].key);
        add_words(n->words, &op->value);
        if (op->kind > OP_LAZY)
            continue;
        if (op->from_header)
            g_hash_table_add(n->used, op->key);
        else if (!g_hash_table_contains(n->assigned, op->key)) {
            g_hash_table_insert(n->assigned, op->key, (void *)op);
            g_ptr_array_add(n->order, op->key);
        }
    }
}

/* Endings that make a parameter one of an object or of a situation. */
static bool is_ending(const struct naming *n, const char *ending)
{
    static const char *const kinds[] = {"vm", "host", "image", "nic", "cdrom", "disk", "error"};

    if (g_hash_table_contains(n->words, ending))
        return true;
    for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
        size_t size = strlen(kinds[i]);

        if (strncmp(ending, kinds[i], size) == 0 &&
            strspn(ending + size, "0123456789") == strlen(ending + size))
            return true;
    }
    return false;
}

static bool is_known(const struct naming *n, const char *name)
{
    static const char *const endings[] = {"_on_error", "_min", "_max", "_fixed"};
    g_autofree char *rest = g_strdup(name);
    char *cut;

    for (;;) {
        if (g_hash_table_contains(n->known, rest))
            return true;
        for (size_t i = 0; i < G_N_ELEMENTS(endings); i++)
            if (g_str_has_suffix(rest, endings[i])) {
                g_autofree char *shorter = g_strndup(rest, strlen(rest) - strlen(endings[i]));

                if (is_known(n, shorter))
                    return true;
            }
        cut = strrchr(rest, '_');
        if (!cut || cut == rest || !is_ending(n, cut + 1))
            return false;
        *cut = '\0';
    }
}

static void report_unknown(const struct lint *l, const struct naming *n, const struct key *key,
                           const char *const *known)
{
    const struct op *op = g_hash_table_lookup(n->assigned, key);
    g_autofree char *name = g_strndup(key->text, key->size);
    const char *nearest;

    if (*name == '_' || key->reserved || g_hash_table_contains(n->used, key) || is_known(n, name))
        return;
    nearest = nearest_find(name, known);
    lint_report(l, CFG_LINT_UNKNOWN, op->value.place, "nobody knows the parameter '%s'%s%s%s", name,
                nearest ? "; did you mean '" : "", nearest ? nearest : "", nearest ? "'?" : "");
}

void lint_unknown(const struct lint *l, const char *const *known)
{
    struct naming n = {
        .assigned = g_hash_table_new(NULL, NULL),
        .order = g_ptr_array_new(),
        .used = g_hash_table_new(NULL, NULL),
        .words = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
        .known = g_hash_table_new(g_str_hash, g_str_equal),
    };

    for (const char *const *name = known; *name; name++)
        g_hash_table_add(n.known, (char *)*name);
    lint_each_block(l, collect_names, &n);
    for (guint i = 0; i < n.order->len; i++)
        report_unknown(l, &n, g_ptr_array_index(n.order, i), known);
    g_hash_table_unref(n.assigned);
    g_ptr_array_unref(n.order);
    g_hash_table_unref(n.used);
    g_hash_table_unref(n.words);
    g_hash_table_unref(n.known);
}
