/*
 * Values as numbers, sizes and times. Each type is one parser of (text) -> value or a phrase that
 * says what was expected; the getters and the public parsers wrap it with their own messages.
 */
#include <math.h>
#include <string.h>

#include "cfg/params.h"

/* A parser: NULL on success, else what would have been right. */
struct value {
    int64_t number;
    uint64_t bytes;
    uint64_t unit;
    double real;
};
typedef const char *(*parse_fn)(const char *text, struct value *v);

#define FRACTION_DIGITS 9
#define FRACTION_ONE 1000000000u

static const char *parse_int(const char *text, struct value *v)
{
    static const char expected[] = "expected a whole number";
    static const char too_large[] = "expected a whole number of at most 63 bits";
    const char *digits = text;
    bool negative = *text == '-';
    unsigned int base = 10;
    uint64_t number = 0;
    uint64_t limit = negative ? (uint64_t)INT64_MAX + 1 : (uint64_t)INT64_MAX;

    if (*digits == '-' || *digits == '+')
        digits++;
    if (*digits == '0' && digits[1] && strchr("xXoObB", digits[1])) {
        base = strchr("xX", digits[1]) ? 16 : strchr("oO", digits[1]) ? 8 : 2;
        digits += 2;
    }
    if (!*digits)
        return expected;
    for (; *digits; digits++) {
        int digit = g_ascii_xdigit_value(*digits);

        if (digit < 0 || (unsigned int)digit >= base)
            return expected;
        if (number > (limit - (unsigned int)digit) / base)
            return too_large;
        number = number * base + (unsigned int)digit;
    }
    v->number = (int64_t)(negative ? -number : number);
    return NULL;
}

static const char *parse_double(const char *text, struct value *v)
{
    const char *c = text + (*text == '-' || *text == '+');
    char *end = NULL;
    double number;

    if ((!g_ascii_isdigit(*c) && *c != '.') || strpbrk(c, "xX"))
        return "expected a decimal number";
    number = g_ascii_strtod(text, &end);
    if (end == text || *end || !isfinite(number))
        return "expected a decimal number";
    v->real = number;
    return NULL;
}

static const char *parse_bool(const char *text, struct value *v)
{
    static const char *const words[2][4] = {{"no", "off", "false", "0"},
                                            {"yes", "on", "true", "1"}};

    for (int truth = 0; truth < 2; truth++)
        for (size_t i = 0; i < G_N_ELEMENTS(words[truth]); i++)
            if (g_ascii_strcasecmp(text, words[truth][i]) == 0) {
                v->number = truth;
                return NULL;
            }
    return "expected yes or no (or on, off, true, false, 1, 0)";
}

/* "12", "12.5", ".5": the whole part and nine digits of the rest, so that large sizes stay exact.
 * Returns what follows the number, NULL if there is none or it does not fit. */
static const char *parse_decimal(const char *text, uint64_t *whole, uint32_t *fraction)
{
    const char *c = text;
    uint32_t weight = FRACTION_ONE / 10;

    *whole = 0;
    *fraction = 0;
    for (; g_ascii_isdigit(*c); c++) {
        if (*whole > (UINT64_MAX - 9) / 10)
            return NULL;
        *whole = *whole * 10 + (uint64_t)(*c - '0');
    }
    if (*c != '.')
        return c == text ? NULL : c;
    if (c == text && !g_ascii_isdigit(c[1]))
        return NULL;
    for (c++; g_ascii_isdigit(*c); c++) {
        *fraction += weight * (uint32_t)(*c - '0');
        weight /= 10;
    }
    return c;
}

static bool scale(uint64_t whole, uint32_t fraction, uint64_t unit, uint64_t limit, uint64_t *out)
{
    unsigned __int128 total =
        (unsigned __int128)whole * unit + (unsigned __int128)fraction * unit / FRACTION_ONE;

    if (total > limit)
        return false;
    *out = (uint64_t)total;
    return true;
}

static const char *parse_size(const char *text, struct value *v)
{
    static const char units[] = "BKMGT";
    uint64_t whole;
    uint32_t fraction;
    uint64_t unit = v->unit;
    const char *suffix = parse_decimal(text, &whole, &fraction);

    if (!suffix)
        return "expected a size such as 512M or 1.5G";
    if (*suffix) {
        const char *letter = strchr(units, g_ascii_toupper(*suffix));

        if (!letter || suffix[1])
            return "expected a size with the unit B, K, M, G or T";
        unit = (uint64_t)1 << (10 * (letter - units));
    }
    if (!scale(whole, fraction, unit, UINT64_MAX, &v->bytes))
        return "expected a size below 16 EiB";
    return NULL;
}

static const char *parse_duration(const char *text, struct value *v)
{
    static const struct {
        const char *suffix;
        uint64_t ms;
    } units[] = {{"", 1000}, {"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000}};
    uint64_t whole;
    uint64_t ms;
    uint32_t fraction;
    const char *suffix = parse_decimal(text, &whole, &fraction);

    if (!suffix)
        return "expected a time such as 30 (seconds), 250ms, 1.5m or 2h";
    for (size_t i = 0; i < G_N_ELEMENTS(units); i++) {
        if (strcmp(suffix, units[i].suffix) != 0)
            continue;
        if (!scale(whole, fraction, units[i].ms, INT64_MAX, &ms))
            return "expected a time that fits 63 bits of milliseconds";
        v->number = (int64_t)ms;
        return NULL;
    }
    return "expected a time with the unit ms, s, m, h or d";
}

static char *stripped(const char *text)
{
    return g_strstrip(g_strdup(text));
}

/* 1 if *v was set, 0 if the key is absent or blank, -1 with an error. */
static int get_typed(const struct params *p, const char *key, parse_fn parse, struct value *v,
                     GError **err)
{
    const char *value = params_get(p, key);
    const char *origin = params_origin(p, key);
    const char *expected;
    g_autofree char *text = NULL;

    if (!value)
        return 0;
    text = stripped(value);
    if (!*text)
        return 0;
    expected = parse(text, v);
    if (!expected)
        return 1;
    g_set_error(err, CFG_ERROR, CFG_ERROR_PARAM_VALUE, "parameter '%s' is '%s'%s%s%s: %s", key,
                value, origin ? " (set at " : "", origin ? origin : "", origin ? ")" : "",
                expected);
    return -1;
}

int params_int(const struct params *p, const char *key, int64_t fallback, int64_t *out,
               GError **err)
{
    struct value v = {.number = fallback};

    if (get_typed(p, key, parse_int, &v, err) < 0)
        return -1;
    *out = v.number;
    return 0;
}

int params_int_range(const struct params *p, const char *key, int64_t min, int64_t max,
                     int64_t fallback, int64_t *out, GError **err)
{
    struct value v = {.number = fallback};
    const char *origin = params_origin(p, key);
    int found = get_typed(p, key, parse_int, &v, err);

    if (found < 0)
        return -1;
    if (found && (v.number < min || v.number > max)) {
        g_set_error(err, CFG_ERROR, CFG_ERROR_PARAM_VALUE,
                    "parameter '%s' is '%s'%s%s%s: expected a number from %" G_GINT64_FORMAT
                    " to %" G_GINT64_FORMAT,
                    key, params_get(p, key), origin ? " (set at " : "", origin ? origin : "",
                    origin ? ")" : "", min, max);
        return -1;
    }
    *out = v.number;
    return 0;
}

int params_double(const struct params *p, const char *key, double fallback, double *out,
                  GError **err)
{
    struct value v = {.real = fallback};

    if (get_typed(p, key, parse_double, &v, err) < 0)
        return -1;
    *out = v.real;
    return 0;
}

int params_bool(const struct params *p, const char *key, bool fallback, bool *out, GError **err)
{
    struct value v = {.number = fallback};

    if (get_typed(p, key, parse_bool, &v, err) < 0)
        return -1;
    *out = v.number != 0;
    return 0;
}

int params_size(const struct params *p, const char *key, uint64_t unit, uint64_t fallback,
                uint64_t *out_bytes, GError **err)
{
    struct value v = {.unit = unit, .bytes = fallback};

    if (get_typed(p, key, parse_size, &v, err) < 0)
        return -1;
    *out_bytes = v.bytes;
    return 0;
}

int params_duration_ms(const struct params *p, const char *key, int64_t fallback_ms,
                       int64_t *out_ms, GError **err)
{
    struct value v = {.number = fallback_ms};

    if (get_typed(p, key, parse_duration, &v, err) < 0)
        return -1;
    *out_ms = v.number;
    return 0;
}

static int parse_text(const char *what, const char *value, parse_fn parse, struct value *v,
                      GError **err)
{
    g_autofree char *text = stripped(value);
    const char *expected = parse(text, v);

    if (!expected)
        return 0;
    g_set_error(err, CFG_ERROR, CFG_ERROR_PARAM_VALUE, "%s is '%s': %s", what, value, expected);
    return -1;
}

int params_parse_int(const char *what, const char *text, int64_t *out, GError **err)
{
    struct value v = {0};

    if (parse_text(what, text, parse_int, &v, err) < 0)
        return -1;
    *out = v.number;
    return 0;
}

int params_parse_bool(const char *what, const char *text, bool *out, GError **err)
{
    struct value v = {0};

    if (parse_text(what, text, parse_bool, &v, err) < 0)
        return -1;
    *out = v.number != 0;
    return 0;
}

int params_parse_size(const char *what, const char *text, uint64_t unit, uint64_t *out_bytes,
                      GError **err)
{
    struct value v = {.unit = unit};

    if (parse_text(what, text, parse_size, &v, err) < 0)
        return -1;
    *out_bytes = v.bytes;
    return 0;
}

int params_parse_duration_ms(const char *what, const char *text, int64_t *out_ms, GError **err)
{
    struct value v = {0};

    if (parse_text(what, text, parse_duration, &v, err) < 0)
        return -1;
    *out_ms = v.number;
    return 0;
}
