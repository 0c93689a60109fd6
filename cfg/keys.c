/* The names of parameters, as objects shared by all statements that speak of them. */
#include <string.h>

#include "cfg/jsonl.h"
#include "cfg/tree.h"

static const struct slice reserved[] = {
    {"name", 4}, {"shortname", 9}, {"dep", 3}, {"_name_map_file", 14}, {"_short_name_map_file", 20},
};

static const struct {
    enum post post;
    struct slice ending;
} posts[] = {{POST_MAX, {"_max", 4}}, {POST_MIN, {"_min", 4}}, {POST_FIXED, {"_fixed", 6}}};

static void set_json(struct tree *t, struct key *key)
{
    char *json = arena_alloc(&t->arena, JSONL_ESCAPED_MAX((size_t)key->size) + 1);
    size_t size = jsonl_escape(json, key->text, key->size);

    json[size++] = ':';
    key->json = json;
    key->json_size = (uint32_t)size;
}

static struct key *new_key(struct tree *t, struct slice text)
{
    struct key *key = arena_alloc0(&t->arena, sizeof *key);

    if (t->n_keys == t->room_keys) {
        t->room_keys = MAX(256, t->room_keys * 2);
        t->keys = g_renew(struct key *, t->keys, t->room_keys);
    }
    key->text = text.text;
    key->size = (uint32_t)text.size;
    key->base = key;
    key->number = t->n_keys;
    t->keys[t->n_keys++] = key;
    return key;
}

/* `X_max` works on X: the text before the first `_max`, wherever that is. */
static void find_target(struct tree *t, struct key *key)
{
    struct slice text = {key->text, key->size};

    for (size_t i = 0; i < G_N_ELEMENTS(posts); i++) {
        struct slice ending = posts[i].ending;

        if (text.size < ending.size ||
            memcmp(text.text + text.size - ending.size, ending.text, ending.size) != 0)
            continue;
        text.size =
            (size_t)((char *)memmem(text.text, text.size, ending.text, ending.size) - text.text);
        key->post = (uint8_t)posts[i].post;
        key->target = tree_key(t, text);
        if (t->n_post_keys == t->room_post_keys) {
            t->room_post_keys = MAX(16, t->room_post_keys * 2);
            t->post_keys = g_renew(struct key *, t->post_keys, t->room_post_keys);
        }
        t->post_keys[t->n_post_keys++] = key;
        return;
    }
}

struct key *tree_key(struct tree *t, struct slice text)
{
    uint32_t known = t->key_symbols.n;
    uint32_t symbol = symbols_add(&t->key_symbols, text.text, text.size);
    struct key *key;

    if (symbol < known)
        return t->plain_keys[symbol];
    key = new_key(t, text);
    if (symbol >= t->room_plain_keys) {
        t->room_plain_keys = MAX(256, t->room_plain_keys * 2);
        t->plain_keys = g_renew(struct key *, t->plain_keys, t->room_plain_keys);
    }
    t->plain_keys[symbol] = key;
    for (size_t i = 0; i < G_N_ELEMENTS(reserved); i++)
        key->reserved |= text_equal(text, reserved[i]);
    set_json(t, key);
    find_target(t, key);
    return key;
}

struct key *tree_suffixed_key(struct tree *t, struct key *parent, struct slice suffix)
{
    struct key *key;
    char *glued;

    for (key = parent->children; key; key = key->sibling)
        if (text_equal(key->suffix, suffix))
            return key;
    glued = arena_alloc(&t->arena, parent->size + suffix.size + 1);
    memcpy(glued, parent->text, parent->size);
    memcpy(glued + parent->size, suffix.text, suffix.size);
    glued[parent->size + suffix.size] = '\0';
    key = new_key(t, (struct slice){glued, parent->size + suffix.size});
    key->base = parent->base;
    key->parent = parent;
    key->suffix = suffix;
    key->sibling = parent->children;
    parent->children = key;
    set_json(t, key);
    return key;
}

int key_compare(const struct key *a, const struct key *b)
{
    int order = memcmp(a->text, b->text, MIN(a->size, b->size));

    return order ? order : (a->size > b->size) - (a->size < b->size);
}

uint32_t tree_atom(struct tree *t, struct slice text)
{
    return symbols_add(&t->atoms, text.text, text.size);
}

uint32_t tree_full_atom(struct tree *t, struct slice var, struct slice value)
{
    GString *full = t->full;
    uint32_t known;

    g_string_truncate(full, 0);
    g_string_append_c(full, '(');
    g_string_append_len(full, var.text, (gssize)var.size);
    g_string_append_c(full, '=');
    g_string_append_len(full, value.text, (gssize)value.size);
    g_string_append_c(full, ')');
    known = symbols_find(&t->atoms, full->str, full->len);
    if (known != SYMBOL_NONE)
        return known;
    return symbols_add(&t->atoms, arena_text(&t->arena, full->str, full->len), full->len);
}
