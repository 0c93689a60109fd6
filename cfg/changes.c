/* From test to test: which values are not those of the test before. */
#include <string.h>

#include "cfg/cfg-internal.h"

/* Stands for a value that lives only as long as its test: it is told anew each time. */
static const struct value passing;

static void make_room(struct told *told, uint32_t n)
{
    if (told->n >= n)
        return;
    told->values = g_renew(const struct value *, told->values, n);
    memset(told->values + told->n, 0, (n - told->n) * sizeof *told->values);
    told->n = n;
}

static struct cfg_change describe(const struct cfg *c, const struct key *key,
                                  const struct value *value)
{
    struct cfg_change change = {.key = key->text, .key_size = key->size, .number = key->number};

    if (value) {
        change.value = value->text;
        change.value_size = value->size;
        change.line = value->place.line;
        if (change.line)
            change.file = sources_get(&c->tree.sources, value->place.source)->name;
    }
    return change;
}

int cfg_test_changes(struct cfg *c, cfg_change_fn fn, void *user, GError **err)
{
    if (cfg_compute(c, err) < 0)
        return -1;
    make_room(&c->told, c->dict.n_slots);
    for (uint32_t i = 0; i < c->dict.n_slots; i++) {
        const struct value *value = dict_at(&c->dict, i);
        struct cfg_change change;

        if (G_LIKELY(value == c->told.values[i]) || c->tree.keys[i]->reserved)
            continue;
        c->told.values[i] = value && !value->lasting ? &passing : value;
        change = describe(c, c->tree.keys[i], value);
        fn(&change, user);
    }
    return 0;
}

int cfg_test_value(struct cfg *c, const char *key, struct cfg_change *value, GError **err)
{
    size_t size = strlen(key);
    uint32_t symbol;

    if (cfg_compute(c, err) < 0)
        return -1;
    symbol = symbols_find(&c->tree.key_symbols, key, size);
    if (symbol == SYMBOL_NONE)
        *value = (struct cfg_change){.key = key, .key_size = size};
    else
        *value =
            describe(c, c->tree.plain_keys[symbol], dict_get(&c->dict, c->tree.plain_keys[symbol]));
    return 0;
}
