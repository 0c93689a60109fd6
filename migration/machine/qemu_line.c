#include "migration/machine/qemu_line.h"

void qemu_line_word(GPtrArray *line, const char *word)
{
    g_ptr_array_add(line, g_strdup(word));
}

void qemu_line_option(GPtrArray *line, const char *option, const char *format, ...)
{
    va_list args;

    qemu_line_word(line, option);
    va_start(args, format);
    g_ptr_array_add(line, g_strdup_vprintf(format, args));
    va_end(args);
}

char *qemu_line_quote(const char *value)
{
    GString *text = g_string_new(value);

    g_string_replace(text, ",", ",,", 0);
    return g_string_free(text, FALSE);
}
