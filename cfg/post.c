/*
 * `X_max`, `X_min`, `X_fixed`: after all statements they bound X, create it, or replace it. All
 * comparisons see the values as they were before; of several for one X the last one in the order of
 * insertion wins.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cfg/dict.h"

struct change {
    struct key *target;
    const struct key *cause;
};

static int bad_number(const struct dict *d, const struct key *key, const char *what, GError **err)
{
    const struct value *value = dict_get(d, key);

    g_set_error(err, CFG_ERROR, CFG_ERROR_EXPAND,
                "%s:%u: '%.*s' is '%.*s': expected %s, because it is compared with its _min or "
                "_max",
                sources_get(&d->tree->sources, value->place.source)->name, value->place.line,
                (int)key->size, key->text, (int)value->size, value->text, what);
    return -1;
}

static bool has_unit(const struct value *value)
{
    for (uint32_t i = 0; i < value->size; i++)
        if (strchr("bBkKmMgGtT", value->text[i]) && value->text[i])
            return true;
    return false;
}

/* A size in bytes without its fraction: a decimal number and a unit, M if there is none. */
static int parse_bytes(const struct dict *d, const struct key *key, double *bytes, GError **err)
{
    static const char units[] = "BKMGT";
    const struct value *value = dict_get(d, key);
    g_autofree char *text = g_strndup(value->text, value->size);
    size_t size = strlen(g_strstrip(text));
    const char *unit = size ? strchr(units, g_ascii_toupper(text[size - 1])) : NULL;
    char *end = NULL;

    if (unit)
        text[--size] = '\0';
    g_strchomp(text);
    *bytes = g_ascii_strtod(text, &end);
    if (end == text || *end || !isfinite(*bytes) || strpbrk(text, "xX"))
        return bad_number(d, key, "a size such as 512M", err);
    *bytes = trunc(ldexp(*bytes, 10 * (int)((unit ? unit : strchr(units, 'M')) - units)));
    return 0;
}

/* The digits of a decimal integer of any length, without leading zeros; NULL if it is none. */
static char *parse_digits(const struct value *value, bool *negative)
{
    g_autofree char *text = g_strndup(value->text, value->size);
    const char *c = g_strstrip(text);
    g_autoptr(GString) digits = g_string_new(NULL);

    *negative = *c == '-';
    if (*c == '-' || *c == '+')
        c++;
    if (!g_ascii_isdigit(*c))
        return NULL;
    for (; *c; c++) {
        if (*c == '_' && g_ascii_isdigit(c[1]))
            continue;
        if (!g_ascii_isdigit(*c))
            return NULL;
        if (digits->len || *c != '0')
            g_string_append_c(digits, *c);
    }
    if (!digits->len)
        *negative = false;
    return g_string_free(g_steal_pointer(&digits), FALSE);
}

static int compare_integers(const struct dict *d, const struct key *a, const struct key *b,
                            int *order, GError **err)
{
    bool a_negative;
    bool b_negative;
    g_autofree char *x = parse_digits(dict_get(d, a), &a_negative);
    g_autofree char *y = parse_digits(dict_get(d, b), &b_negative);
    int magnitude;

    if (!x || !y)
        return bad_number(d, x ? b : a, "a whole number, or a size with a unit", err);
    magnitude = strlen(x) != strlen(y) ? (strlen(x) > strlen(y) ? 1 : -1) : strcmp(x, y);
    if (a_negative != b_negative)
        *order = a_negative ? -1 : 1;
    else
        *order = a_negative ? -magnitude : magnitude;
    return 0;
}

static int compare(const struct dict *d, const struct key *a, const struct key *b, int *order,
                   GError **err)
{
    double x;
    double y;

    if (!has_unit(dict_get(d, a)) && !has_unit(dict_get(d, b)))
        return compare_integers(d, a, b, order, err);
    if (parse_bytes(d, a, &x, err) < 0 || parse_bytes(d, b, &y, err) < 0)
        return -1;
    *order = (x > y) - (x < y);
    return 0;
}

static int judge(const struct dict *d, const struct key *key, bool *change, GError **err)
{
    int order = 0;

    *change = true;
    if (key->post == POST_FIXED || !dict_has(d, key->target))
        return 0;
    if (compare(d, key->target, key, &order, err) < 0)
        return -1;
    *change = key->post == POST_MAX ? order > 0 : order < 0;
    return 0;
}

static int compare_stamps(const void *a, const void *b, void *user)
{
    const struct dict *d = user;
    uint64_t x = d->slots[(*(struct key *const *)a)->number].stamp;
    uint64_t y = d->slots[(*(struct key *const *)b)->number].stamp;

    return (x > y) - (x < y);
}

static void apply_change(struct dict *d, const struct change *change)
{
    static const char *const names[] = {
        [POST_MIN] = "_min", [POST_MAX] = "_max", [POST_FIXED] = "_fixed"};
    struct value *value = dict_get(d, change->cause);

    dict_put(d, change->target, value);
    if (d->trace)
        d->trace(d,
                 &(struct dict_trace){
                     .event = DICT_STEP,
                     .op = names[change->cause->post],
                     .left = {change->cause->text, change->cause->size},
                     .text = {value->text, value->size},
                     .key = change->target,
                     .value = value,
                     .place = value->place,
                     .changed = true,
                 },
                 d->trace_user);
}

int dict_post(struct dict *d, GError **err)
{
    struct key **posts = d->tree->post_keys;
    uint32_t n = 0;
    struct change *changes;
    uint32_t n_changes = 0;

    if (!d->tree->n_post_keys)
        return 0;
    changes = arena_alloc(&d->scratch, d->tree->n_post_keys * sizeof *changes);
    /* The keys that are there, moved to the front of the list. */
    for (uint32_t i = 0; i < d->tree->n_post_keys; i++)
        if (dict_has(d, posts[i])) {
            struct key *key = posts[i];

            posts[i] = posts[n];
            posts[n++] = key;
        }
    qsort_r(posts, n, sizeof *posts, compare_stamps, d);
    for (uint32_t i = 0; i < n; i++) {
        bool change;

        if (judge(d, posts[i], &change, err) < 0)
            return -1;
        if (change && !posts[i]->target->reserved)
            changes[n_changes++] = (struct change){posts[i]->target, posts[i]};
    }
    for (uint32_t i = 0; i < n_changes; i++)
        apply_change(d, &changes[i]);
    return 0;
}
