#include "orchestrator/report/text.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

char *text_time(int64_t time_us)
{
    g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(time_us / G_USEC_PER_SEC);
    g_autofree char *seconds = NULL;

    if (time == NULL)
        return g_strdup("-");
    seconds = g_date_time_format(time, "%Y-%m-%dT%H:%M:%S");
    return g_strdup_printf("%s.%03dZ", seconds, (int)(time_us / 1000 % 1000));
}

/* C1 controls move cursors as C0 do; line and paragraph separators break lines; the others of
 * these turn the direction of what follows. */
static bool is_harmful(gunichar c)
{
    return g_unichar_iscntrl(c) || c == 0x2028 || c == 0x2029 || (c >= 0x202a && c <= 0x202e) ||
           (c >= 0x2066 && c <= 0x2069);
}

char *text_printable(const char *text)
{
    g_autofree char *valid = g_utf8_make_valid(text, -1);
    GString *line = g_string_sized_new(strlen(valid));

    for (const char *place = valid; *place != '\0'; place = g_utf8_next_char(place)) {
        gunichar c = g_utf8_get_char(place);

        if (!is_harmful(c))
            g_string_append_unichar(line, c);
        else if (c == '\n')
            g_string_append(line, "\\n");
        else if (c == '\t')
            g_string_append(line, "\\t");
        else if (c == '\r')
            g_string_append(line, "\\r");
        else
            g_string_append_printf(line, c < 0x100 ? "\\x%02x" : "\\u%04x", c);
    }
    return g_string_free(line, FALSE);
}

char *text_ascii(const char *text)
{
    static const struct {
        gunichar sign;
        const char *text;
    } signs[] = {{0x2192, "->"}, {0x2026, "..."}};
    GString *ascii = g_string_sized_new(strlen(text));

    for (; *text != '\0'; text = g_utf8_next_char(text)) {
        gunichar c = g_utf8_get_char(text);
        const char *known = NULL;

        for (unsigned i = 0; i < G_N_ELEMENTS(signs); i++)
            known = signs[i].sign == c ? signs[i].text : known;
        if (c < 0x80)
            g_string_append_c(ascii, (char)c);
        else if (known != NULL)
            g_string_append(ascii, known);
        else
            g_string_append_printf(ascii, c < 0x10000 ? "\\u%04x" : "\\U%08x", c);
    }
    return g_string_free(ascii, FALSE);
}

char *text_cut_bytes(const char *text, size_t max)
{
    g_autofree char *valid = g_utf8_make_valid(text, -1);
    size_t size = strlen(valid);

    if (size > max) {
        const char *end = g_utf8_find_prev_char(valid, valid + max + 1);

        size = end != NULL ? (size_t)(end - valid) : 0;
    }
    return g_strndup(valid, size);
}

static unsigned character_columns(gunichar c)
{
    if (g_unichar_iszerowidth(c))
        return 0;
    return g_unichar_iswide(c) ? 2 : 1;
}

unsigned text_columns(const char *text)
{
    unsigned columns = 0;

    for (; *text != '\0'; text = g_utf8_next_char(text))
        columns += character_columns(g_utf8_get_char(text));
    return columns;
}

char *text_cut_columns(const char *text, unsigned columns, const char *more)
{
    const char *end = text;
    unsigned used = text_columns(more);

    if (text_columns(text) <= columns)
        return g_strdup(text);
    if (columns < used)
        return g_strdup("");
    for (; *end != '\0'; end = g_utf8_next_char(end)) {
        unsigned next = character_columns(g_utf8_get_char(end));

        if (used + next > columns)
            break;
        used += next;
    }
    return g_strdup_printf("%.*s%s", (int)(end - text), text, more);
}

char *text_bytes(double bytes)
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    unsigned unit = 0;

    /* 1023.95 would be printed as 1024.0 of its unit. */
    while (unit + 1 < G_N_ELEMENTS(units) && fabs(bytes) >= (unit == 0 ? 1024 : 1023.95)) {
        bytes /= 1024;
        unit++;
    }
    return unit == 0 ? g_strdup_printf("%.0f %s", bytes, units[unit])
                     : g_strdup_printf("%.1f %s", bytes, units[unit]);
}

char *text_duration(double seconds)
{
    long whole = lround(seconds);

    if (seconds < 59.95)
        return g_strdup_printf("%.1f s", seconds);
    if (whole < 3600)
        return g_strdup_printf("%ld min %02ld s", whole / 60, whole % 60);
    return g_strdup_printf("%ld h %02ld min", whole / 3600, whole / 60 % 60);
}

/* Digits in groups of three, whatever the locale. */
static char *grouped(guint64 number)
{
    g_autofree char *digits = g_strdup_printf("%" G_GUINT64_FORMAT, number);
    GString *text = g_string_new(NULL);

    for (size_t i = 0, size = strlen(digits); i < size; i++) {
        if (i > 0 && (size - i) % 3 == 0)
            g_string_append_c(text, ',');
        g_string_append_c(text, digits[i]);
    }
    return g_string_free(text, FALSE);
}

char *text_ms(double ms)
{
    g_autofree char *whole = NULL;
    char fine[G_ASCII_DTOSTR_BUF_SIZE];

    if (ms >= 1000) {
        whole = grouped((guint64)llround(ms));
        return g_strconcat(whole, " ms", NULL);
    }
    g_ascii_formatd(fine, sizeof fine, "%.3f", ms);
    for (size_t end = strlen(fine); end > 0 && strchr("0.", fine[end - 1]) != NULL; end--) {
        bool was_point = fine[end - 1] == '.';

        fine[end - 1] = '\0';
        if (was_point)
            break;
    }
    return g_strconcat(fine, " ms", NULL);
}
