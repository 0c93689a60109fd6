/* Finds what no sound guest says: words anywhere, and the levels of a kernel's own log. */
#include "migration/guest/complaint.h"

#include <stdio.h>

#define US_PER_S 1000000
#define LEVELS 8 /* the rest of the number in <> is who speaks: 0 is the kernel */

bool complaint_is_one(const char *line)
{
    static GRegex *words;

    if (g_once_init_enter(&words))
        g_once_init_leave(&words, g_regex_new(COMPLAINT_WORDS, G_REGEX_OPTIMIZE, 0, NULL));
    return g_regex_match(words, line, 0, NULL);
}

/* "<4>[   12.345678] text": its level, and when; both -1 where it does not say. Returns the text
 * with its time. */
static const char *take_apart(const char *line, int *level_out, int64_t *at_us_out)
{
    unsigned number;
    guint64 seconds, fraction;
    int end = 0;

    *level_out = -1;
    *at_us_out = -1;
    if (sscanf(line, "<%u>%n", &number, &end) == 1 && end > 0) {
        *level_out = number < LEVELS ? (int)number : -1;
        line += end;
    }
    if (sscanf(line, "[%" G_GUINT64_FORMAT ".%6" G_GUINT64_FORMAT "]", &seconds, &fraction) == 2)
        *at_us_out = (int64_t)(seconds * US_PER_S + fraction);
    return line;
}

void complaints_of_log(const char *log, unsigned below, const GRegex *expected, int64_t *seen_us,
                       GPtrArray *found)
{
    g_auto(GStrv) lines = g_strsplit(log, "\n", -1);
    int64_t last_us = *seen_us;

    for (char **line = lines; *line != NULL; line++) {
        g_autofree char *valid = g_utf8_make_valid(*line, -1);
        int level;
        int64_t at_us;
        const char *text = take_apart(valid, &level, &at_us);

        if (at_us >= 0 && at_us <= *seen_us)
            continue;
        last_us = MAX(last_us, at_us);
        if (!complaint_is_one(text) && (level < 0 || level >= (int)below))
            continue;
        if ((expected == NULL || !g_regex_match(expected, text, 0, NULL)) &&
            found->len < COMPLAINT_MAX)
            g_ptr_array_add(found, g_strdup(text));
    }
    *seen_us = last_us;
}
