#include "orchestrator/reference_names.h"

#include "orchestrator/reference-names-text.h"

#include <glib.h>

static GHashTable *read_names(void)
{
    GHashTable *names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_auto(GStrv) lines = g_strsplit(reference_names_text, "\n", -1);

    for (char **line = lines; *line != NULL; line++)
        if (**line != '\0' && **line != '#')
            g_hash_table_add(names, g_strdup(*line));
    return names;
}

bool reference_has_name(const char *name)
{
    static GHashTable *names;

    if (names == NULL)
        names = read_names();
    return g_hash_table_contains(names, name);
}
