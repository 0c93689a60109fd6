/*
 * The end of suffixes. A suffixed key vanishes if the plain key has its value anyway, becomes the
 * plain key if all keys of this name agree, else becomes the name with its suffixes, the one
 * applied last first.
 */
#include <string.h>

#include "cfg/dict.h"

/* The keys of one name: do they agree, and is there one without suffix? */
struct family {
    const struct value *first;
    const struct value *plain;
    bool agree;
};

static bool values_equal(const struct value *a, const struct value *b)
{
    return text_equal((struct slice){a->text, a->size}, (struct slice){b->text, b->size});
}

static GHashTable *find_families(const GArray *entries)
{
    GHashTable *families = g_hash_table_new_full(NULL, NULL, NULL, g_free);

    for (guint i = 0; i < entries->len; i++) {
        const struct entry *entry = &g_array_index(entries, struct entry, i);
        struct family *family = g_hash_table_lookup(families, entry->key->base);

        if (!family) {
            family = g_new0(struct family, 1);
            family->first = entry->value;
            family->agree = true;
            g_hash_table_insert(families, entry->key->base, family);
        }
        family->agree = family->agree && values_equal(family->first, entry->value);
        if (!entry->key->parent)
            family->plain = entry->value;
    }
    return families;
}

/* What an entry is called in the end, in OUT; false if it vanishes. */
static bool final_name(const struct dict *d, GHashTable *families, const struct entry *entry,
                       GString *out)
{
    const struct key *key = entry->key;
    const struct family *family = g_hash_table_lookup(families, key->base);

    g_string_truncate(out, 0);
    g_string_append_len(out, key->base->text, key->base->size);
    if (!key->parent)
        return true;
    if (!d->keep_suffixes) {
        if (family->plain && values_equal(family->plain, entry->value))
            return false;
        if (family->agree)
            return true;
    }
    for (; key->parent; key = key->parent)
        g_string_append_len(out, key->suffix.text, (gssize)key->suffix.size);
    return true;
}

static void put_entries(struct dict *d, const GArray *entries)
{
    for (guint i = 0; i < entries->len; i++) {
        const struct entry *entry = &g_array_index(entries, struct entry, i);

        if (entry->key)
            dict_put(d, entry->key, entry->value);
    }
}

static void tell_final(struct dict *d, const struct key *key, const struct key *final)
{
    if (d->trace && !key->reserved)
        d->trace(d, &(struct dict_trace){.event = DICT_FINAL, .key = key, .final = final},
                 d->trace_user);
}

static void tell_plain(struct dict *d)
{
    g_autoptr(GArray) entries = NULL;

    if (!d->trace)
        return;
    entries = dict_entries(d, false);
    for (guint i = 0; i < entries->len; i++) {
        const struct key *key = g_array_index(entries, struct entry, i).key;

        if (!key->parent)
            tell_final(d, key, key);
    }
}

/* Where a suffixed key gets the name of a plain one it replaces it. */
void dict_flatten(struct dict *d)
{
    g_autoptr(GArray) entries = NULL;
    g_autoptr(GArray) plain = NULL;
    g_autoptr(GHashTable) families = NULL;
    g_autoptr(GString) name = NULL;

    tell_plain(d);
    if (!d->suffixed)
        return;
    entries = dict_entries(d, true);
    plain = g_array_new(FALSE, FALSE, sizeof(struct entry));
    families = find_families(entries);
    name = g_string_new(NULL);
    for (guint i = 0; i < entries->len; i++) {
        struct entry *entry = &g_array_index(entries, struct entry, i);
        const struct key *key = entry->key;
        struct slice text;

        if (!key->parent) {
            g_array_append_val(plain, *entry);
            entry->key = NULL;
            continue;
        }
        if (!final_name(d, families, entry, name)) {
            entry->key = NULL;
            tell_final(d, key, NULL);
            continue;
        }
        text = (struct slice){name->str, name->len};
        if (symbols_find(&d->tree->key_symbols, text.text, text.size) == SYMBOL_NONE)
            text.text = arena_text(&d->tree->arena, text.text, text.size);
        entry->key = tree_key(d->tree, text);
        tell_final(d, key, entry->key);
    }
    dict_empty(d);
    dict_add_slots(d);
    put_entries(d, plain);
    put_entries(d, entries);
}

const struct value *dict_lookup(struct dict *d, const struct key *key)
{
    g_autoptr(GArray) entries = NULL;
    g_autoptr(GHashTable) families = NULL;
    g_autoptr(GString) name = NULL;
    const struct value *found = NULL;

    if (!d->suffixed)
        return dict_get(d, key);
    entries = dict_entries(d, true);
    families = find_families(entries);
    name = g_string_new(NULL);
    for (guint i = 0; i < entries->len; i++) {
        const struct entry *entry = &g_array_index(entries, struct entry, i);

        if ((entry->key->parent || !found) && final_name(d, families, entry, name) &&
            text_equal((struct slice){name->str, name->len}, (struct slice){key->text, key->size}))
            found = entry->value;
    }
    return found;
}
