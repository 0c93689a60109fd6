/*
 * The canonical line of the current test. Most of it is as in the line before: members
 * `"key":"value",` that stand next to each other there and keep their values are copied together.
 */
#include <string.h>

#include "cfg/cfg-internal.h"
#include "cfg/jsonl.h"

struct member {
    const struct value *value; /* NULL if it does not live on */
    uint32_t number;           /* of the key */
    uint32_t size;             /* in the line, in bytes */
};

/* Keys that are gone mostly come back soon, so they are kept as empty members, up to this share. */
#define GONE_SHARE 8

struct writer {
    GString *out;
    char *at;
    char *end;
    const char *last; /* the line before; of it the run up to RUN_END is still to be copied */
    size_t run;
    size_t run_end;
};

static void last_line_init(struct last_line *l)
{
    l->text = g_string_new("{");
    l->members = g_array_new(FALSE, FALSE, sizeof(struct member));
    l->listed = g_byte_array_new();
}

void last_line_clear(struct last_line *l)
{
    if (!l->text)
        return;
    g_string_free(g_steal_pointer(&l->text), TRUE);
    g_clear_pointer(&l->members, g_array_unref);
    g_clear_pointer(&l->listed, g_byte_array_unref);
}

static int compare_members(const void *a, const void *b, void *user)
{
    const struct tree *t = user;

    return key_compare(t->keys[((const struct member *)a)->number],
                       t->keys[((const struct member *)b)->number]);
}

/* The keys of the dictionary that the last line does not have, sorted. */
static GArray *find_new(struct last_line *l, const struct dict *d)
{
    GArray *new = NULL;
    guint before = l->listed->len;
    size_t n = dict_n_arrivals(d);
    const uint32_t *arrivals = d->arrivals;
    uint8_t *listed;

    if (before < d->n_slots) {
        g_byte_array_set_size(l->listed, d->n_slots);
        memset(l->listed->data + before, 0, d->n_slots - before);
    }
    listed = l->listed->data;
    for (size_t i = 0; i < n; i++) {
        if (G_LIKELY(listed[arrivals[i]]) || !dict_is_current(d, i))
            continue;
        if (!new)
            new = g_array_new(FALSE, TRUE, sizeof(struct member));
        g_array_set_size(new, new->len + 1);
        g_array_index(new, struct member, new->len - 1).number = arrivals[i];
        listed[arrivals[i]] = 1;
    }
    if (new)
        g_array_sort_with_data(new, compare_members, d->tree);
    return new;
}

/* The first of the N members that comes behind this one. */
static guint find_place(struct tree *t, const struct member *members, guint n,
                        const struct member *wanted)
{
    guint low = 0;

    while (low < n) {
        guint middle = low + (n - low) / 2;

        if (compare_members(&members[middle], wanted, t) < 0)
            low = middle + 1;
        else
            n = middle;
    }
    return low;
}

/* Puts the keys that the last line did not have in their places, as members without a value. */
static void add_new(struct last_line *l, const struct dict *d)
{
    g_autoptr(GArray) new = find_new(l, d);
    guint end = l->members->len;
    struct member *members;

    if (!new)
        return;
    g_array_set_size(l->members, end + new->len);
    members = (struct member *)(void *)l->members->data;
    for (guint i = new->len; i-- > 0;) {
        const struct member *member = &g_array_index(new, struct member, i);
        guint place = find_place(d->tree, members, end, member);

        memmove(&members[place + i + 1], &members[place], (end - place) * sizeof *members);
        members[place + i] = *member;
        end = place;
    }
}

static void take_room(struct writer *w)
{
    /* All that is allocated may be used: the true size is set when the line is complete. */
    w->end = w->out->str + w->out->allocated_len - 1;
}

static void grow(struct writer *w, size_t size)
{
    size_t used = (size_t)(w->at - w->out->str);

    g_string_set_size(w->out, used + size + used / 2);
    w->at = w->out->str + used;
    take_room(w);
}

static inline void reserve(struct writer *w, size_t size)
{
    if (G_UNLIKELY((size_t)(w->end - w->at) < size))
        grow(w, size);
}

static void copy_run(struct writer *w)
{
    size_t size = w->run_end - w->run;

    reserve(w, size);
    w->at = mempcpy(w->at, w->last + w->run, size);
    w->run = w->run_end;
}

/* A member of the last line is not copied. */
static void skip_member(struct writer *w, const struct member *member)
{
    copy_run(w);
    w->run += member->size;
    w->run_end = w->run;
}

static void write_string(struct writer *w, const char *text, size_t size)
{
    reserve(w, JSONL_ESCAPED_MAX(size) + 1);
    w->at += jsonl_escape(w->at, text, size);
    *w->at++ = ',';
}

static void write_dep(struct writer *w, const struct dict *d)
{
    reserve(w, 1);
    *w->at++ = '[';
    for (guint i = 0; i < d->deps->len; i++) {
        const char *dep = g_ptr_array_index(d->deps, i);

        write_string(w, dep, strlen(dep));
    }
    if (w->at[-1] == ',')
        w->at--;
    reserve(w, 2);
    *w->at++ = ']';
    *w->at++ = ',';
}

static void write_piece(struct writer *w, const struct piece *piece)
{
    reserve(w, piece->size);
    w->at = mempcpy(w->at, piece->text, piece->size);
}

static void keep_piece(const struct dict *d, const struct member *member, struct value *value,
                       const char *text)
{
    struct piece *piece = arena_alloc(&d->tree->arena, sizeof *piece + member->size);

    piece->number = member->number;
    piece->size = member->size;
    memcpy(piece->text, text, member->size);
    value->piece = piece;
}

static void write_member(struct writer *w, const struct dict *d, struct member *member,
                         struct value *value)
{
    const struct key *key = d->tree->keys[member->number];
    size_t before;

    skip_member(w, member);
    member->value = value->lasting ? value : NULL;
    if (value->piece && value->piece->number == member->number) {
        member->size = value->piece->size;
        write_piece(w, value->piece);
        return;
    }
    before = (size_t)(w->at - w->out->str);
    reserve(w, key->json_size);
    w->at = mempcpy(w->at, key->json, key->json_size);
    if (key == d->dep_key)
        write_dep(w, d);
    else
        write_string(w, value->text, value->size);
    member->size = (uint32_t)((size_t)(w->at - w->out->str) - before);
    if (value->lasting && !value->piece)
        keep_piece(d, member, value, w->out->str + before);
}

/* Forgets the members whose keys have gone from the dictionary. */
static void drop_gone(struct last_line *l, const struct dict *d)
{
    struct member *members = (struct member *)(void *)l->members->data;
    guint n = 0;

    for (guint i = 0; i < l->members->len; i++) {
        if (dict_at(d, members[i].number))
            members[n++] = members[i];
        else
            l->listed->data[members[i].number] = 0;
    }
    g_array_set_size(l->members, n);
}

/* The bytes of the members from *MEMBER on that are as in the last line; *MEMBER is then behind. */
static size_t skip_unchanged(const struct dict *d, struct member **member, const struct member *end)
{
    const struct slot *slots = d->slots;
    uint64_t birth = d->birth;
    struct member *m = *member;
    size_t size = 0;

    for (; m < end; m++) {
        const struct slot *slot = &slots[m->number];

        if (slot->value != m->value || slot->stamp <= birth)
            break;
        size += m->size;
    }
    *member = m;
    return size;
}

static void write_members(struct writer *w, struct last_line *l, const struct dict *d)
{
    struct member *member = (struct member *)(void *)l->members->data;
    const struct member *end = member + l->members->len;
    guint gone = 0;

    for (;;) {
        struct value *value;

        w->run_end += skip_unchanged(d, &member, end);
        if (member == end)
            break;
        value = dict_at(d, member->number);
        if (value) {
            write_member(w, d, member, value);
        } else {
            if (member->size)
                skip_member(w, member);
            *member = (struct member){.number = member->number};
            gone++;
        }
        member++;
    }
    copy_run(w);
    if (gone > l->members->len / GONE_SHARE)
        drop_gone(l, d);
}

int cfg_test_jsonl(struct cfg *c, GString *out, GError **err)
{
    struct last_line *l = &c->last_line;
    struct writer w = {.out = out, .run_end = 1};
    size_t start = out->len;

    if (cfg_compute(c, err) < 0)
        return -1;
    if (!l->text)
        last_line_init(l);
    w.last = l->text->str;
    w.at = out->str + out->len;
    take_room(&w);
    add_new(l, &c->dict);
    write_members(&w, l, &c->dict);
    reserve(&w, 1);
    g_string_truncate(l->text, 0);
    g_string_append_len(l->text, out->str + start, w.at - (out->str + start));
    w.at[-1] = '}';
    *w.at++ = '\n';
    g_string_set_size(out, (size_t)(w.at - out->str));
    return 0;
}
