/* Parameters: values that nobody sees. */
#include "cfg/lint-internal.h"

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
