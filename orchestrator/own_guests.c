#include "orchestrator/own_guests.h"

#include <string.h>

#define LIBRARY_FILE "own-guests.cfg"

static char *folder_of_guests(void)
{
    return g_build_filename(g_get_user_config_dir(), "vtmh", "guests.d", NULL);
}

static bool is_guest(const char *path)
{
    g_autofree char *folder = folder_of_guests();
    g_autofree char *here = g_path_get_dirname(path);

    return strcmp(here, folder) == 0;
}

static bool is_blank_line(const char *line)
{
    line += strspn(line, " \t\r");
    return *line == '\0' || *line == '#' || g_str_has_prefix(line, "//");
}

static int wrong(const char *path, unsigned line, GError **err)
{
    g_set_error(err, CFG_ERROR, CFG_ERROR_SYNTAX,
                "%s:%u: a file here is one guest: its first line is '- NAME:', and what follows is "
                "further right",
                path, line);
    return -1;
}

/* "Name" of the line "  - Name:  # …". Transfer full; NULL: it is none. */
static char *read_name(const char *line)
{
    g_autoptr(GRegex) regex =
        g_regex_new("^\\s*-\\s*@?([\\w][\\w.-]*)\\s*:\\s*(#.*)?$", G_REGEX_OPTIMIZE, 0, NULL);
    g_autoptr(GMatchInfo) match = NULL;

    return g_regex_match(regex, line, 0, &match) ? g_match_info_fetch(match, 1) : NULL;
}

/* Reads a guest's file: its name, and the text without the line that says it. */
static int read_guest(const char *path, size_t max_size, char **name_out, char **text_out,
                      GError **err)
{
    g_autofree char *data = NULL;
    g_autofree char *name = NULL;
    g_auto(GStrv) lines = NULL;
    size_t size, indent = 0;

    if (cfg_read_file(path, max_size, &data, &size, NULL, err) < 0)
        return -1;
    data = g_realloc(data, size + 1);
    data[size] = '\0';
    lines = g_strsplit(data, "\n", -1);
    for (unsigned i = 0; lines[i] != NULL; i++) {
        size_t here = strspn(lines[i], " \t");

        if (is_blank_line(lines[i]))
            continue;
        if (name != NULL && here <= indent)
            return wrong(path, i + 1, err);
        if (name != NULL)
            continue;
        name = read_name(g_strchomp(lines[i]));
        if (name == NULL)
            return wrong(path, i + 1, err);
        indent = here;
        lines[i][0] = '#'; /* its line stays, so that the others keep their numbers */
        if (strlen(lines[i]) > 1)
            lines[i][1] = ' ';
    }
    if (name == NULL)
        return wrong(path, 1, err);
    *name_out = g_steal_pointer(&name);
    *text_out = g_strjoinv("\n", lines);
    return 0;
}

static int compare_paths(gconstpointer a, gconstpointer b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The files, in the order of their names. A folder that is not there has none. Transfer full. */
static GPtrArray *find_guests(void)
{
    GPtrArray *paths = g_ptr_array_new_with_free_func(g_free);
    g_autofree char *folder = folder_of_guests();
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    const char *entry;

    while (dir != NULL && (entry = g_dir_read_name(dir)) != NULL)
        if (g_str_has_suffix(entry, ".cfg") && *entry != '.')
            g_ptr_array_add(paths, g_build_filename(folder, entry, NULL));
    g_ptr_array_sort(paths, compare_paths);
    return paths;
}

/* The block that stands in place of the library's file; NULL with no error: there are none. */
static char *make_block(size_t max_size, GError **err)
{
    g_autoptr(GPtrArray) paths = find_guests();
    g_autoptr(GHashTable) files = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autoptr(GString) block = g_string_new("variants:\n");

    if (paths->len == 0)
        return NULL;
    for (unsigned i = 0; i < paths->len; i++) {
        const char *path = g_ptr_array_index(paths, i);
        g_autofree char *name = NULL;
        g_autofree char *text = NULL;

        if (read_guest(path, max_size, &name, &text, err) < 0)
            return NULL;
        if (g_hash_table_contains(files, name)) {
            g_set_error(err, CFG_ERROR, CFG_ERROR_SYNTAX,
                        LIBRARY_FILE ": %s and %s both describe a guest %s",
                        (const char *)g_hash_table_lookup(files, name), path, name);
            return NULL;
        }
        g_hash_table_insert(files, g_strdup(name), (void *)path);
        g_string_append_printf(block, "    - %s:\n        include %s\n", name, path);
    }
    return g_string_free(g_steal_pointer(&block), FALSE);
}

int own_guests_read(const char *path, size_t max_size, char **data, size_t *size, void *user,
                    GError **err)
{
    g_autofree char *base = g_path_get_basename(path);
    g_autofree char *name = NULL;
    g_autoptr(GError) error = NULL;

    if (is_guest(path)) {
        if (read_guest(path, max_size, &name, data, err) < 0)
            return -1;
        *size = strlen(*data);
        return 0;
    }
    if (strcmp(base, LIBRARY_FILE) == 0) {
        char *block = make_block(max_size, &error);

        if (error != NULL) {
            g_propagate_error(err, g_steal_pointer(&error));
            return -1;
        }
        if (block != NULL) {
            *data = block;
            *size = strlen(block);
            return 0;
        }
    }
    return cfg_read_file(path, max_size, data, size, user, err);
}
