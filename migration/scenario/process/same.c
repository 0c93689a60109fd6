#include "migration/scenario/process/same.h"

#include "migration/params.h"

#include <string.h>

/* Where the files of a test are is another place in each. */
static char *without_folder(const char *word, const char *run_dir)
{
    g_auto(GStrv) pieces = g_strsplit(word, run_dir, -1);
    return g_strjoinv("RUN_DIR", pieces);
}

static void add_value(GString *text, const struct params *params, const struct param_info *info)
{
    const char *value = params_get_or(params, info->name, info->fallback);
    g_autofree char *hidden = info->secret && value != NULL
                                  ? g_compute_checksum_for_string(G_CHECKSUM_SHA256, value, -1)
                                  : NULL;
    g_string_append_printf(text, "%s = %s\n", info->name,
                           hidden != NULL  ? hidden
                           : value != NULL ? value
                                           : "");
}

char *same_made_of(const struct seat *seat, GError **err)
{
    const struct host *host = seat->test->host;
    const struct vm_spec spec = {.host = host,
                                 .name = seat->name,
                                 .params = seat->params,
                                 .platform = seat->platform,
                                 .boot = seat->boot};
    json_auto_t *shown = vm_show(&spec, err);
    g_autoptr(GString) text = g_string_new(NULL);
    const json_t *word;
    size_t i;
    if (shown == NULL)
        return NULL;
    json_array_foreach (json_object_get(shown, "words"), i, word) {
        g_autofree char *line = without_folder(json_string_value(word), host->run_dir);
        g_string_append_printf(text, "%s\n", line);
    }
    /* How it is started, and what a host does beside it, is not on the command line. */
    for (const struct param_info *const *info = param_infos(NULL); *info != NULL; info++)
        if (strcmp((*info)->section, "VM") == 0 && ((*info)->scopes & PARAM_INNER) == 0)
            add_value(text, seat->params, *info);
    return g_string_free(g_steal_pointer(&text), FALSE);
}

char *same_works(const struct params *params, bool background)
{
    static const char *const names[] = {"guest",           "cloud_init",      "load",
                                        "dirty_mem",       "dirty_rate",      "disk_write_mem",
                                        "disk_write_rate", "disk_write_path", NULL};
    GString *text = g_string_new(NULL);
    for (const char *const *name = names; *name != NULL; name++)
        add_value(text, params, param_info(*name));
    if (background)
        add_value(text, params, param_info("migration_bg_command"));
    return g_string_free(text, FALSE);
}

/* A value with the option that it belongs to. Transfer full. */
static char *with_option(const GStrv lines, unsigned i)
{
    if (i > 0 && lines[i] != NULL && *lines[i] != '-' && *lines[i - 1] == '-')
        return g_strdup_printf("%s %s", lines[i - 1], lines[i]);
    return g_strdup(lines[i] != NULL && *lines[i] != '\0' ? lines[i] : "nothing more");
}

char *same_difference(const char *is, const char *would_be)
{
    g_auto(GStrv) old = g_strsplit(is, "\n", -1);
    g_auto(GStrv) new = g_strsplit(would_be, "\n", -1);
    unsigned i = 0;
    while (old[i] != NULL && new[i] != NULL && strcmp(old[i], new[i]) == 0)
        i++;
    if (old[i] == NULL && new[i] == NULL)
        return NULL;
    g_autofree char *there = with_option(old, i);
    g_autofree char *here = with_option(new, i);
    return g_strdup_printf("%s instead of %s", here, there);
}
