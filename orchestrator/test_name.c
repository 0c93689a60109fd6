#include "orchestrator/test_name.h"

#include <string.h>

static char *name_of_file(const char *file)
{
    g_autofree char *name = g_path_get_basename(file);

    if (g_str_has_suffix(name, ".cfg") && name[4] != '\0')
        return g_strndup(name, strlen(name) - strlen(".cfg"));
    return g_steal_pointer(&name);
}

char *test_name_short(const char *shortname, const char *name, const char *file)
{
    return *shortname != '\0' ? g_strdup(shortname) : test_name_full(name, file);
}

char *test_name_full(const char *name, const char *file)
{
    return *name != '\0' ? g_strdup(name) : name_of_file(file);
}
