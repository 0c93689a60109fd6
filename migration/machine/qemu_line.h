/* Words of QEMU's command line: char *, in a GPtrArray that owns them. */
#pragma once

#include <glib.h>

void qemu_line_word(GPtrArray *line, const char *word);

/* "-option", and behind it a word of its own. */
void qemu_line_option(GPtrArray *line, const char *option, const char *format, ...)
    G_GNUC_PRINTF(3, 4);

/* A value within QEMU's option syntax: commas are written twice. Transfer full. */
char *qemu_line_quote(const char *value);
