#include "cfg/cfg.h"

#include <string.h>

#include "cfg/cfg-internal.h"
#include "cfg/jsonl.h"
#include "cfg/parser.h"

struct cfg *cfg_new(const struct cfg_options *options)
{
    static const struct cfg_options none = {0};
    struct cfg *c = g_new0(struct cfg, 1);

    c->options = options ? *options : none;
    if (!c->options.read)
        c->options.read = cfg_read_file;
    c->expand = g_strdupv((char **)c->options.expand);
    c->options.expand = (const char *const *)c->expand;
    tree_init(&c->tree);
    return c;
}

void cfg_free(struct cfg *c)
{
    if (!c)
        return;
    walk_free(c->walk);
    if (c->linked)
        dict_clear(&c->dict);
    memo_clear(&c->tree);
    tree_clear(&c->tree);
    last_line_clear(&c->last_line);
    g_free(c->told.values);
    g_strfreev(c->expand);
    g_free(c);
}

static int refuse(GError **err, const char *what)
{
    g_set_error_literal(err, CFG_ERROR, CFG_ERROR_ARGUMENT, what);
    return -1;
}

static int parse_source(struct cfg *c, uint32_t source, GError **err)
{
    int status = parser_run(&c->tree, source, &c->options, err);

    c->broken = status < 0;
    return status;
}

static int check_open(const struct cfg *c, GError **err)
{
    if (c->linked || c->broken)
        return refuse(err, "the configuration cannot be added to any more");
    return 0;
}

int cfg_parse_file(struct cfg *c, const char *path, GError **err)
{
    uint32_t source;

    if (check_open(c, err) < 0)
        return -1;
    if (sources_read(&c->tree.sources, path, c->options.read, c->options.read_user, &source, err) <
        0)
        return -1;
    return parse_source(c, source, err);
}

int cfg_parse_text(struct cfg *c, const char *name, const char *text, GError **err)
{
    uint32_t source;

    if (check_open(c, err) < 0)
        return -1;
    if (sources_add_text(&c->tree.sources, name ? name : "<string>",
                         (struct slice){text, strlen(text)}, &source, err) < 0)
        return -1;
    return parse_source(c, source, err);
}

static int parse_line(struct cfg *c, const char *keyword, const char *operand, GError **err)
{
    g_autofree char *line = g_strdup_printf("%s %s", keyword, operand);

    if (strpbrk(operand, "\n\r"))
        return refuse(err, "a filter is one line");
    return cfg_parse_text(c, NULL, line, err);
}

int cfg_only(struct cfg *c, const char *filter, GError **err)
{
    return parse_line(c, "only", filter, err);
}

int cfg_no(struct cfg *c, const char *filter, GError **err)
{
    return parse_line(c, "no", filter, err);
}

int cfg_assign(struct cfg *c, const char *key, const char *value, GError **err)
{
    g_autofree char *line = g_strdup_printf("%s = %s", key, value);

    if (strpbrk(value, "\n\r") || strpbrk(key, "\n\r:=#") || !*key || *key == '-') {
        g_set_error(err, CFG_ERROR, CFG_ERROR_ARGUMENT, "'%s' cannot be an assignment", line);
        return -1;
    }
    return cfg_parse_text(c, NULL, line, err);
}

int cfg_link(struct cfg *c, GError **err)
{
    if (c->linked)
        return 0;
    if (c->broken)
        return refuse(err, "the configuration could not be read");
    if (tree_link(&c->tree, err) < 0) {
        c->broken = true;
        return -1;
    }
    walk_set_order(&c->tree, c->options.defaults, c->options.expand);
    dict_init(&c->dict, &c->tree, c->options.keep_suffixes);
    c->linked = true;
    return 0;
}

int cfg_next(struct cfg *c, GError **err)
{
    struct walk_options options = {
        .full_joins = c->options.full_joins,
        .max_steps = c->options.max_steps,
    };
    int status;

    c->computed = false;
    if (c->ended)
        return 0;
    if (cfg_link(c, err) < 0)
        return -1;
    if (!c->walk)
        c->walk = walk_new(&c->tree, &options);
    status = walk_next(c->walk, err);
    if (status > 0)
        c->number++;
    else
        c->ended = true;
    return status;
}

static const struct key *find_key(const struct cfg *c, const char *name, size_t size)
{
    uint32_t symbol = symbols_find(&c->tree.key_symbols, name, size);

    return symbol != SYMBOL_NONE ? c->tree.plain_keys[symbol] : NULL;
}

bool cfg_mentions(const struct cfg *c, const char *key)
{
    if (find_key(c, key, strlen(key)))
        return true;
    for (const char *cut = strchr(key, '_'); cut && c->tree.has_suffix; cut = strchr(cut + 1, '_'))
        if (find_key(c, key, (size_t)(cut - key)))
            return true;
    return false;
}

bool cfg_reads(const struct cfg *c, const char *name)
{
    const struct key *key = find_key(c, name, strlen(name));

    return key && key->referenced;
}

GStrv cfg_choices(const struct cfg *c, const char *name)
{
    return tree_choices(&c->tree, name);
}

bool cfg_has_chosen(const struct cfg *c, const char *name)
{
    return tree_has_chosen(&c->tree, name);
}

void cfg_rewind(struct cfg *c)
{
    g_clear_pointer(&c->walk, walk_free);
    c->number = 0;
    c->ended = false;
    c->computed = false;
}

const char *cfg_test_name(const struct cfg *c)
{
    return walk_name(c->walk).text;
}

const char *cfg_test_shortname(const struct cfg *c)
{
    return walk_shortname(c->walk).text;
}

uint64_t cfg_test_number(const struct cfg *c)
{
    return c->number;
}

int cfg_compute(struct cfg *c, GError **err)
{
    if (c->computed)
        return 0;
    dict_reset(&c->dict);
    if (walk_apply(c->walk, &c->dict, err) < 0)
        return -1;
    dict_flatten(&c->dict);
    c->computed = true;
    return 0;
}

struct params *cfg_test_params(struct cfg *c, GError **err)
{
    g_autoptr(params) p = NULL;
    g_autoptr(GArray) entries = NULL;
    g_autoptr(GString) value = g_string_new(NULL);
    g_autoptr(GString) key = g_string_new(NULL);
    g_autoptr(GString) origin = g_string_new(NULL);

    if (cfg_compute(c, err) < 0)
        return NULL;
    p = params_new();
    entries = dict_entries(&c->dict, true);
    for (guint i = 0; i < entries->len; i++) {
        const struct entry *entry = &g_array_index(entries, struct entry, i);
        struct place place = entry->value->place;

        if (entry->key == c->dict.dep_key)
            continue;
        g_string_truncate(key, 0);
        g_string_append_len(key, entry->key->text, entry->key->size);
        g_string_truncate(value, 0);
        g_string_append_len(value, entry->value->text, entry->value->size);
        if (place.line)
            g_string_printf(origin, "%s:%u", sources_get(&c->tree.sources, place.source)->name,
                            place.line);
        params_set(p, key->str, value->str, place.line ? origin->str : NULL);
    }
    g_ptr_array_add(c->dict.deps, NULL);
    params_set_dep(p, (const char *const *)(void *)c->dict.deps->pdata);
    g_ptr_array_set_size(c->dict.deps, (gint)c->dict.deps->len - 1);
    return g_steal_pointer(&p);
}
