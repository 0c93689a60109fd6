#include "cfg/dict.h"

#include <stdlib.h>
#include <string.h>

#include "cfg/limits.h"
#include "cfg/match.h"
#include "cfg/pattern.h"

static const char *const op_names[] = {
    [OP_SET] = "=",
    [OP_APPEND] = "+=",
    [OP_PREPEND] = "<=",
    [OP_LAZY] = "~=",
    [OP_MATCH_SET] = "?=",
    [OP_MATCH_APPEND] = "?+=",
    [OP_MATCH_PREPEND] = "?<=",
    [OP_DELETE] = "del",
    [OP_SUFFIX] = "suffix",
};

void dict_init(struct dict *d, struct tree *t, bool keep_suffixes)
{
    *d = (struct dict){.tree = t, .keep_suffixes = keep_suffixes};
    d->patterns = g_hash_table_new_full(NULL, NULL, NULL, (GDestroyNotify)pattern_free);
    d->labels = g_array_new(FALSE, FALSE, sizeof(struct label));
    d->have = g_new0(uint64_t, t->set_words);
    d->deps = g_ptr_array_new();
    d->name_key = tree_key(t, SLICE("name"));
    d->shortname_key = tree_key(t, SLICE("shortname"));
    d->dep_key = tree_key(t, SLICE("dep"));
    dict_add_slots(d);
}

void dict_clear(struct dict *d)
{
    g_clear_pointer(&d->patterns, g_hash_table_unref);
    g_clear_pointer(&d->labels, g_array_unref);
    g_clear_pointer(&d->have, g_free);
    g_clear_pointer(&d->deps, g_ptr_array_unref);
    g_clear_pointer(&d->slots, g_free);
    g_clear_pointer(&d->arrivals, g_free);
    arena_clear(&d->scratch);
}

void dict_add_slots(struct dict *d)
{
    uint32_t n = d->tree->n_keys;

    if (d->n_slots == n)
        return;
    d->slots = g_renew(struct slot, d->slots, n);
    memset(d->slots + d->n_slots, 0, (n - d->n_slots) * sizeof *d->slots);
    d->n_slots = n;
}

void dict_grow_arrivals(struct dict *d, size_t n)
{
    d->room_arrivals = MAX(dict_n_arrivals(d) + n, d->room_arrivals * 2);
    d->arrivals = g_renew(uint32_t, d->arrivals, d->room_arrivals);
}

void dict_put(struct dict *d, const struct key *key, struct value *value)
{
    struct slot *slot = &d->slots[key->number];

    slot->value = value;
    if (slot->stamp > d->birth)
        return;
    dict_expect(d, 1);
    d->arrivals[d->stamp - d->birth] = key->number;
    slot->stamp = ++d->stamp;
}

void dict_empty(struct dict *d)
{
    d->birth = d->stamp;
    d->suffixed = false;
}

void dict_reset(struct dict *d)
{
    arena_reset(&d->scratch);
    dict_empty(d);
}

GArray *dict_entries(const struct dict *d, bool reserved)
{
    GArray *entries = g_array_new(FALSE, FALSE, sizeof(struct entry));

    for (size_t i = 0; i < dict_n_arrivals(d); i++) {
        struct key *key = d->tree->keys[d->arrivals[i]];
        struct entry entry = {key, d->slots[key->number].value};

        if (dict_is_current(d, i) && (reserved || !key->reserved))
            g_array_append_val(entries, entry);
    }
    return entries;
}

struct value *dict_value(struct dict *d, const char *text, size_t size, struct place place)
{
    struct value *value = arena_alloc(&d->scratch, sizeof *value);

    *value = (struct value){.text = text, .size = (uint32_t)size, .place = place};
    return value;
}

static void trace(struct dict *d, const struct op *op, const struct key *key,
                  const struct value *value, bool changed)
{
    struct dict_trace event = {
        .event = DICT_STEP,
        .op = op->from_header ? "variants" : op_names[op->kind],
        .text = {op->value.text, op->value.size},
        .key = key,
        .value = value,
        .place = op->value.place,
        .changed = changed,
    };
    const struct resolved_match *match = tree_resolved_match(d->tree, op->value.place);

    if (op->key)
        event.left = (struct slice){op->key->text, op->key->size};
    if (match && op->kind <= OP_PREPEND) {
        event.op = op_names[match->kind];
        event.left = (struct slice){match->expression->text, match->expression->size};
    }
    d->trace(d, &event, d->trace_user);
}

void dict_tell(struct dict *d, enum dict_event event)
{
    if (d->trace)
        d->trace(d, &(struct dict_trace){.event = event}, d->trace_user);
}

static int too_large(const struct dict *d, const struct op *op, GError **err)
{
    g_set_error(err, CFG_ERROR, CFG_ERROR_LIMIT, "%s:%u: the value becomes larger than %u MiB",
                sources_get(&d->tree->sources, op->value.place.source)->name, op->value.place.line,
                LIMIT_VALUE_BYTES >> 20);
    return -1;
}

/* Two texts one behind the other; NULL with an error. */
static struct value *glue(struct dict *d, const struct op *op, const struct value *first,
                          const struct value *second, GError **err)
{
    size_t size = (size_t)first->size + second->size;
    char *text;

    if (size > LIMIT_VALUE_BYTES || d->scratch.total > LIMIT_TEST_BYTES) {
        too_large(d, op, err);
        return NULL;
    }
    text = arena_alloc(&d->scratch, size + 1);
    if (first->size)
        memcpy(text, first->text, first->size);
    if (second->size)
        memcpy(text + first->size, second->text, second->size);
    return dict_value(d, text, size, op->value.place);
}

/* The right-hand side with its references replaced. The first one that is undefined ends it: what
 * follows stays as written. NULL with an error. */
static struct value *substitute(struct dict *d, const struct op *op, GError **err)
{
    const struct reference_list *list = op->u.list;
    const struct value **values = arena_alloc(&d->scratch, list->n * sizeof *values);
    size_t size = op->value.size;
    uint32_t copied = 0;
    uint32_t n = 0;
    char *text;
    char *out;

    for (; n < list->n; n++) {
        const struct reference *reference = &list->references[n];

        values[n] = dict_lookup(d, reference->key);
        if (!values[n])
            break;
        size += values[n]->size - (size_t)(reference->end - reference->start);
    }
    if (size > LIMIT_VALUE_BYTES || d->scratch.total > LIMIT_TEST_BYTES) {
        too_large(d, op, err);
        return NULL;
    }
    text = out = arena_alloc(&d->scratch, size + 1);
    for (uint32_t i = 0; i < n; i++) {
        const struct reference *reference = &list->references[i];

        out = mempcpy(out, op->value.text + copied, reference->start - copied);
        out = mempcpy(out, values[i]->text, values[i]->size);
        copied = reference->end;
    }
    memcpy(out, op->value.text + copied, op->value.size - copied);
    return dict_value(d, text, size, op->value.place);
}

/* Applies =, +=, <= (or the ?-operator of the same kind) to one key. */
static int assign(struct dict *d, const struct op *op, enum op_kind kind, struct key *key,
                  struct value *value, GError **err)
{
    const struct value *before = kind == OP_SET ? NULL : dict_get(d, key);

    if (before)
        value =
            kind == OP_APPEND ? glue(d, op, before, value, err) : glue(d, op, value, before, err);
    if (!value)
        return -1;
    dict_put(d, key, value);
    if (d->trace)
        trace(d, op, key, value, true);
    return 0;
}

static struct pattern *find_pattern(struct dict *d, const struct op *op, GError **err)
{
    struct pattern *pattern = g_hash_table_lookup(d->patterns, op->key);
    const struct source *source = sources_get(&d->tree->sources, op->value.place.source);

    if (pattern)
        return pattern;
    pattern = pattern_new(op->key, err);
    if (pattern)
        g_hash_table_insert(d->patterns, op->key, pattern);
    else
        g_prefix_error(err, "%s:%u: ", source->name, op->value.place.line);
    return pattern;
}

static int apply_match(struct dict *d, const struct op *op, GError **err)
{
    static const enum op_kind plain[] = {
        [OP_MATCH_SET] = OP_SET,
        [OP_MATCH_APPEND] = OP_APPEND,
        [OP_MATCH_PREPEND] = OP_PREPEND,
    };
    struct value *value = (struct value *)&op->value;
    struct pattern *pattern = find_pattern(d, op, err);
    g_autoptr(GArray) entries = NULL;

    if (!pattern)
        return -1;
    if (op->u.list && !(value = substitute(d, op, err)))
        return -1;
    if (!d->suffixed && pattern_is_literal(op->key)) {
        if (!dict_has(d, op->key))
            return 0;
        return assign(d, op, plain[op->kind], op->key, value, err);
    }
    entries = dict_entries(d, false);
    for (guint i = 0; i < entries->len; i++) {
        struct key *key = g_array_index(entries, struct entry, i).key;

        if (pattern_match(pattern, key) && assign(d, op, plain[op->kind], key, value, err) < 0)
            return -1;
    }
    return 0;
}

static void delete_key(struct dict *d, const struct op *op, struct key *key)
{
    if (!dict_has(d, key) || key->reserved)
        return;
    dict_remove(d, key);
    if (d->trace)
        trace(d, op, key, NULL, true);
}

static void apply_delete(struct dict *d, const struct op *op)
{
    g_autoptr(GArray) entries = NULL;

    if (!d->suffixed) {
        delete_key(d, op, op->key);
        return;
    }
    entries = dict_entries(d, false);
    for (guint i = 0; i < entries->len; i++) {
        struct key *key = g_array_index(entries, struct entry, i).key;

        if (text_equal((struct slice){key->text, key->size},
                       (struct slice){op->key->text, op->key->size}))
            delete_key(d, op, key);
    }
}

/* Renames all parameters; they come last in the order of insertion, in their own order. */
static void apply_suffix(struct dict *d, const struct op *op)
{
    struct slice suffix = {op->value.text, op->value.size};
    g_autoptr(GArray) entries = dict_entries(d, true);

    dict_empty(d);
    dict_tell(d, DICT_RENAMES);
    for (guint i = 0; i < entries->len; i++) {
        struct entry *entry = &g_array_index(entries, struct entry, i);

        if (!entry->key->reserved)
            entry->key = tree_suffixed_key(d->tree, entry->key, suffix);
    }
    dict_add_slots(d);
    for (guint i = 0; i < entries->len; i++) {
        const struct entry *entry = &g_array_index(entries, struct entry, i);

        dict_put(d, entry->key, entry->value);
        if (d->trace && !entry->key->reserved)
            trace(d, op, entry->key, entry->value, true);
    }
    d->suffixed = true;
}

/* Constant assignments are by far the most statements. Applies those from OP on up to END or to
 * something else, which is returned. */
static const struct op *put_constants(struct dict *d, const struct op *op, const struct op *end)
{
    struct slot *slots = d->slots;
    uint64_t birth = d->birth;
    uint64_t stamp = d->stamp;
    uint32_t *arrival;

    dict_expect(d, (size_t)(end - op));
    arrival = d->arrivals + dict_n_arrivals(d);
    for (; op < end && op->kind == OP_SET && !op->u.list; op++) {
        struct slot *slot = &slots[op->number];

        slot->value = (struct value *)&op->value;
        if (slot->stamp > birth)
            continue;
        *arrival++ = op->number;
        slot->stamp = ++stamp;
    }
    d->stamp = stamp;
    return op;
}

static bool holds(const struct dict *d, const struct condition *c, const struct labels *labels)
{
    bool match = (c->filter->bloom & d->bloom) && filter_match(c->filter, labels) == MATCH_YES;

    return match != c->negated;
}

static int apply_ops(struct dict *d, const struct block *block, const struct labels *labels,
                     GError **err)
{
    const struct op *end;

    if (!block->n_ops)
        return 0;
    end = block->ops + block->n_ops;
    for (const struct op *op = block->ops; op < end; op++) {
        struct value *value;
        int status = 0;

        if (!d->trace && (op = put_constants(d, op, end)) == end)
            break;
        value = (struct value *)&op->value;
        switch ((enum op_kind)op->kind) {
        case OP_SET:
            if (op->u.list && !(value = substitute(d, op, err)))
                return -1;
            dict_put(d, op->key, value);
            if (d->trace)
                trace(d, op, op->key, value, true);
            break;
        case OP_APPEND:
        case OP_PREPEND:
            if (op->u.list && !(value = substitute(d, op, err)))
                return -1;
            status = assign(d, op, op->kind, op->key, value, err);
            break;
        case OP_LAZY:
            if (dict_has(d, op->key)) {
                if (d->trace)
                    trace(d, op, op->key, dict_get(d, op->key), false);
                break;
            }
            if (op->u.list && !(value = substitute(d, op, err)))
                return -1;
            status = assign(d, op, OP_SET, op->key, value, err);
            break;
        case OP_MATCH_SET:
        case OP_MATCH_APPEND:
        case OP_MATCH_PREPEND:
            status = apply_match(d, op, err);
            break;
        case OP_DELETE:
            apply_delete(d, op);
            break;
        case OP_SUFFIX:
            apply_suffix(d, op);
            break;
        case OP_CONDITION: {
            const struct condition *c = op->u.condition;

            if (holds(d, c, labels))
                status = apply_ops(d, &c->body, labels, err);
            break;
        }
        case OP_VARIANTS:
            status = apply_ops(d, &op->u.variants->chosen->body, labels, err);
            break;
        }
        if (status < 0)
            return -1;
    }
    return 0;
}

static void collect_labels(struct dict *d, struct variant *const *choices, uint32_t n)
{
    struct label *next;
    uint32_t total = 0;

    for (uint32_t i = 0; i < n; i++)
        total += choices[i]->n_labels;
    g_array_set_size(d->labels, total);
    next = (struct label *)(void *)d->labels->data;
    memset(d->have, 0, d->tree->set_words * sizeof(uint64_t));
    for (uint32_t i = 0; i < n; i++) {
        const struct variant *v = choices[i];

        for (uint32_t j = 0; j < v->n_labels; j++) {
            *next++ = v->labels[j];
            if (v->labels[j].plain != ATOM_NONE)
                labels_add(d->have, v->labels[j].plain);
            if (v->labels[j].full != ATOM_NONE)
                labels_add(d->have, v->labels[j].full);
        }
    }
    d->bloom = 0;
    for (uint32_t i = 0; i < d->tree->set_words; i++)
        d->bloom |= d->have[i];
}

/* The dependencies: the part of the name before the variant, and what the variant says. */
static void collect_deps(struct dict *d, struct variant *const *choices, uint32_t n,
                         struct slice name)
{
    size_t before = 0;

    g_ptr_array_set_size(d->deps, 0);
    for (uint32_t i = 0; i < n; i++) {
        const struct variant *v = choices[i];

        for (uint32_t j = 0; j < v->n_deps; j++) {
            struct slice own = v->deps[j]->text;
            char *text = arena_alloc(&d->scratch, before + own.size + 2);
            size_t size = 0;

            if (before) {
                memcpy(text, name.text, before);
                text[before] = '.';
                size = before + 1;
            }
            memcpy(text + size, own.text, own.size);
            text[size + own.size] = '\0';
            g_ptr_array_add(d->deps, text);
        }
        if (v->name.size)
            before += v->name.size + (before ? 1 : 0);
    }
}

/* As the reference prints a list. It is long, so it is made only if some `${dep}` asks for it; the
 * list itself is in d->deps. */
static struct value *dep_value(struct dict *d)
{
    static const struct place nowhere = {0};
    g_autoptr(GString) text = NULL;

    if (!d->deps->len || !d->dep_key->referenced)
        return dict_value(d, "[]", 2, nowhere);
    text = g_string_new("[");
    for (guint i = 0; i < d->deps->len; i++) {
        g_string_append(text, i ? ", '" : "'");
        g_string_append(text, g_ptr_array_index(d->deps, i));
        g_string_append_c(text, '\'');
    }
    g_string_append_c(text, ']');
    return dict_value(d, arena_text(&d->scratch, text->str, text->len), text->len, nowhere);
}

int dict_apply(struct dict *d, struct variant *const *choices, uint32_t n, struct slice name,
               struct slice shortname, GError **err)
{
    static const struct place nowhere = {0};
    struct labels labels;

    dict_empty(d);
    dict_tell(d, DICT_BEGINS);
    for (uint32_t i = 0; i < n; i++)
        choices[i]->owner->chosen = choices[i];
    collect_labels(d, choices, n);
    collect_deps(d, choices, n, name);
    labels = (struct labels){.list = (const struct label *)(void *)d->labels->data,
                             .n = d->labels->len,
                             .have = d->have};
    dict_put(d, d->name_key, dict_value(d, name.text, name.size, nowhere));
    dict_put(d, d->dep_key, dep_value(d));
    dict_put(d, d->shortname_key, dict_value(d, shortname.text, shortname.size, nowhere));
    if (apply_ops(d, &d->tree->root, &labels, err) < 0)
        return -1;
    return dict_post(d, err);
}
