/* How many of avocado-vt's names have their effect here, and what is with the others. */
#include "orchestrator/command/types_reference.h"

#include "orchestrator/description.h"

static const char intro[] =
    "\n"
    "## How many of avocado-vt's names\n"
    "\n"
    "Those that a test on several hosts can set and that are no test type's own:\n"
    "\n";

static const char others_head[] = "\nThe others:\n"
                                  "\n"
                                  "| name | here | why |\n"
                                  "|---|---|---|\n";

/* A historic name is what the current one is. */
static const struct param_info *row_of(const char *name)
{
    const struct param_alias *alias = description_alias(name);
    const struct param_info *info = description_parameter(alias != NULL ? alias->current : name);
    return info != NULL ? info : description_family(name);
}

static void append_other(GString *text, const char *name, const struct param_info *info)
{
    if (info == NULL)
        g_string_append_printf(text, "| `%s` | not known | |\n", name);
    else if (info->care == PARAM_COSMETIC)
        g_string_append_printf(text, "| `%s` | a note | %s |\n", name, info->why);
    else
        g_string_append_printf(text, "| `%s` | the test is skipped | %s |\n", name, info->why);
}

void types_append_reference(GString *text)
{
    const json_t *names = json_object_get(description(), "reference");
    g_autoptr(GString) others = g_string_new(NULL);
    size_t all = json_array_size(names), honoured = 0, notes = 0;
    const json_t *name;
    size_t i;
    json_array_foreach (names, i, name) {
        const struct param_info *info = row_of(json_string_value(name));
        bool is_honoured = info != NULL && info->care == PARAM_HONOURED;
        honoured += is_honoured;
        notes += info != NULL && info->care == PARAM_COSMETIC;
        if (!is_honoured)
            append_other(others, json_string_value(name), info);
    }
    g_string_append(text, intro);
    g_string_append_printf(
        text,
        "%zu of %zu (%zu %%) do here what they do there, %zu change nothing (a note), %zu "
        "skip the test\nthat asks for them.\n",
        honoured, all, all > 0 ? 100 * honoured / all : 0, notes, all - honoured - notes);
    if (others->len > 0)
        g_string_append_printf(text, "%s%s", others_head, others->str);
}
