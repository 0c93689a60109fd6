#pragma once

#include <glib.h>

/* Appends the end of docs/params.md: how many of avocado-vt's names (migration/reference/names.c)
 * have their effect here, and the others with the reason, as Markdown. */
void types_append_reference(GString *text);
