#include "cfg/params.h"

#include <string.h>

/* Strings are reference-counted and shared by copies: an object's view of a test with hundreds of
 * keys costs two pointers a key. */
struct entry {
    char *key;    /* GRefString, also the key in the index */
    char *value;  /* GRefString */
    char *origin; /* GRefString or NULL */
};

struct params {
    gatomicrefcount refs;
    GArray *entries;   /* struct entry, in order */
    GHashTable *index; /* entry.key -> position + 1 */
    GStrv dep;
};

static void entry_clear(void *data)
{
    struct entry *e = data;

    g_ref_string_release(e->key);
    g_ref_string_release(e->value);
    if (e->origin)
        g_ref_string_release(e->origin);
}

struct params *params_new(void)
{
    struct params *p = g_new0(struct params, 1);

    g_atomic_ref_count_init(&p->refs);
    p->entries = g_array_new(FALSE, FALSE, sizeof(struct entry));
    g_array_set_clear_func(p->entries, entry_clear);
    p->index = g_hash_table_new(g_str_hash, g_str_equal);
    p->dep = g_new0(char *, 1);
    return p;
}

struct params *params_ref(struct params *p)
{
    g_atomic_ref_count_inc(&p->refs);
    return p;
}

void params_unref(struct params *p)
{
    if (!p || !g_atomic_ref_count_dec(&p->refs))
        return;
    g_hash_table_unref(p->index);
    g_array_unref(p->entries);
    g_strfreev(p->dep);
    g_free(p);
}

static struct entry *entry_at(const struct params *p, size_t i)
{
    return &g_array_index(p->entries, struct entry, i);
}

static struct entry *entry_find(const struct params *p, const char *key)
{
    size_t position = GPOINTER_TO_SIZE(g_hash_table_lookup(p->index, key));

    return position ? entry_at(p, position - 1) : NULL;
}

/* Takes over the three references. */
static void entry_put(struct params *p, char *key, char *value, char *origin)
{
    struct entry *old = entry_find(p, key);
    struct entry e = {key, value, origin};

    if (old) {
        g_ref_string_release(key);
        g_ref_string_release(old->value);
        if (old->origin)
            g_ref_string_release(old->origin);
        old->value = value;
        old->origin = origin;
        return;
    }
    g_array_append_val(p->entries, e);
    g_hash_table_insert(p->index, key, GSIZE_TO_POINTER(p->entries->len));
}

static void entry_share(struct params *p, const char *key, const struct entry *from)
{
    entry_put(p, key == from->key ? g_ref_string_acquire(from->key) : g_ref_string_new(key),
              g_ref_string_acquire(from->value),
              from->origin ? g_ref_string_acquire(from->origin) : NULL);
}

struct params *params_copy(const struct params *p)
{
    struct params *copy = params_new();

    params_update(copy, p);
    params_set_dep(copy, (const char *const *)p->dep);
    return copy;
}

void params_set(struct params *p, const char *key, const char *value, const char *origin)
{
    entry_put(p, g_ref_string_new(key), g_ref_string_new(value),
              origin ? g_ref_string_new(origin) : NULL);
}

bool params_delete(struct params *p, const char *key)
{
    size_t position = GPOINTER_TO_SIZE(g_hash_table_lookup(p->index, key));

    if (!position)
        return false;
    g_hash_table_remove(p->index, key);
    g_array_remove_index(p->entries, position - 1);
    for (size_t i = position - 1; i < p->entries->len; i++)
        g_hash_table_insert(p->index, entry_at(p, i)->key, GSIZE_TO_POINTER(i + 1));
    return true;
}

void params_update(struct params *p, const struct params *over)
{
    if (p == over)
        return;
    for (size_t i = 0; i < over->entries->len; i++) {
        const struct entry *e = entry_at(over, i);

        entry_share(p, e->key, e);
    }
}

const char *params_get(const struct params *p, const char *key)
{
    return params_get_or(p, key, NULL);
}

const char *params_get_or(const struct params *p, const char *key, const char *fallback)
{
    const struct entry *e = entry_find(p, key);

    return e ? e->value : fallback;
}

const char *params_require(const struct params *p, const char *key, GError **err)
{
    const char *value = params_get(p, key);

    if (!value)
        g_set_error(err, CFG_ERROR, CFG_ERROR_PARAM_MISSING,
                    "parameter '%s' is missing from the configuration", key);
    return value;
}

const char *params_origin(const struct params *p, const char *key)
{
    const struct entry *e = entry_find(p, key);

    return e ? e->origin : NULL;
}

GStrv params_objects(const struct params *p, const char *key)
{
    GPtrArray *list = g_ptr_array_new();
    g_auto(GStrv) words = params_list(p, key, " \t\n\v\f\r");

    for (char **word = words; *word; word++)
        if (!g_ptr_array_find_with_equal_func(list, *word, g_str_equal, NULL))
            g_ptr_array_add(list, g_strdup(*word));
    g_ptr_array_add(list, NULL);
    return (GStrv)g_ptr_array_free(list, FALSE);
}

GStrv params_list(const struct params *p, const char *key, const char *delimiters)
{
    GPtrArray *list = g_ptr_array_new();
    g_auto(GStrv) items = g_strsplit_set(params_get_or(p, key, ""), delimiters, -1);

    for (char **item = items; *item; item++)
        if (*g_strstrip(*item))
            g_ptr_array_add(list, g_strdup(*item));
    g_ptr_array_add(list, NULL);
    return (GStrv)g_ptr_array_free(list, FALSE);
}

struct params *params_object_params(const struct params *p, const char *obj)
{
    struct params *view = params_copy(p);
    size_t cut = strlen(obj) + 1;

    for (size_t i = 0; i < p->entries->len; i++) {
        const struct entry *e = entry_at(p, i);
        size_t length = strlen(e->key);
        g_autofree char *general = NULL;

        if (length <= cut || e->key[length - cut] != '_' ||
            strcmp(e->key + length - cut + 1, obj) != 0)
            continue;
        general = g_strndup(e->key, length - cut);
        entry_share(view, general, e);
    }
    return view;
}

size_t params_count(const struct params *p)
{
    return p->entries->len;
}

void params_iter_init(struct params_iter *it, const struct params *p)
{
    *it = (struct params_iter){.p = p};
}

bool params_iter_next(struct params_iter *it)
{
    const struct entry *e;

    if (it->next >= it->p->entries->len)
        return false;
    e = entry_at(it->p, it->next++);
    it->key = e->key;
    it->value = e->value;
    it->origin = e->origin;
    return true;
}

void params_foreach(const struct params *p, params_foreach_fn fn, void *data)
{
    struct params_iter it;

    params_iter_init(&it, p);
    while (params_iter_next(&it))
        if (!fn(it.key, it.value, it.origin, data))
            return;
}

const char *params_name(const struct params *p)
{
    return params_get_or(p, "name", "");
}

const char *params_shortname(const struct params *p)
{
    return params_get_or(p, "shortname", "");
}

const char *const *params_dep(const struct params *p)
{
    return (const char *const *)p->dep;
}

void params_set_dep(struct params *p, const char *const *dep)
{
    GStrv copy = dep ? g_strdupv((char **)dep) : g_new0(char *, 1);

    g_strfreev(p->dep);
    p->dep = copy;
}
