#include "orchestrator/command/types_pages.h"

#include "orchestrator/command/types_form.h"
#include "orchestrator/command/types_reference.h"
#include "orchestrator/description.h"

#include <string.h>

#define COMMENT_COLUMNS 104

static const char intro[] =
    "# Parameters\n"
    "\n"
    "<!-- Made of the tables of parameters by `vtmh types --markdown`; do not edit.\n"
    "     tests/integration/test_docs_params.sh --renew writes it anew. -->\n"
    "\n"
    "A test is a set of parameters, each a name and a text; [cfg.md](cfg.md) says how they are\n"
    "written. `vtmh types NAME` tells of one of them. A name that does not stand here is the "
    "user's\n"
    "own: `vtmh lint FILE.cfg` lists those.\n"
    "\n"
    "An ending makes a parameter one of an object: `mem_vm1` is `mem` of vm1, `mem_host2` that of\n"
    "all VMs on the second host, `mac_nic1_vm1` is `mac` of the card nic1 of vm1. Endings stand "
    "in\n"
    "the order card (or image, CD-ROM, …), VM, host; the specific one wins over the general. The\n"
    "column \"endings\" names the objects that a parameter can have values of their own for; one\n"
    "without \"host\" is equal on all hosts.\n"
    "\n"
    "A blank value says as much as none, but for a list: that is then empty. These are the forms "
    "of\n"
    "values:\n"
    "\n"
    "| form | what may be written |\n"
    "|---|---|\n";

static const char no_effect[] = "\n"
                                "## Known, without effect\n"
                                "\n"
                                "These can change neither what a guest is or sees, nor what moves "
                                "or when, nor what is checked\n"
                                "or kept. A job that sets them says so in a note.\n";

static const char not_supported[] =
    "\n"
    "## Not supported yet\n"
    "\n"
    "A test that sets one of these is skipped, with the reason, unless the value is one that asks\n"
    "for what is done anyway (\"accepted\"). A name that ends in `*` stands for all names that "
    "begin\n"
    "so and have no row of their own.\n";

static const char aliases_intro[] = "\n"
                                    "## Historic names\n"
                                    "\n"
                                    "A test may use either name; both with different values are an "
                                    "error.\n"
                                    "\n"
                                    "| name | current name | values |\n"
                                    "|---|---|---|\n";

/* Cells of a table: a '|' would end them. */
static void append_cell(GString *text, const char *cell)
{
    g_auto(GStrv) parts = g_strsplit(cell, "|", -1);
    g_autofree char *escaped = g_strjoinv("\\|", parts);

    g_string_append_printf(text, " %s |", escaped);
}

static void append_code(GString *text, const char *cell)
{
    g_autofree char *code = cell != NULL ? g_strdup_printf("`%s`", cell) : g_strdup("");

    append_cell(text, code);
}

static void append_types(GString *text)
{
    const json_t *row;
    size_t i;

    g_string_append(text, "\n## Test types\n\n| type | legs | what it does |\n|---|---|---|\n");
    json_array_foreach (json_object_get(description(), "types"), i, row) {
        g_string_append_c(text, '|');
        append_code(text, json_string_value(json_object_get(row, "type")));
        g_string_append_printf(text, " %" JSON_INTEGER_FORMAT " |",
                               json_integer_value(json_object_get(row, "migrate_count")));
        append_cell(text, json_string_value(json_object_get(row, "summary")));
        g_string_append_c(text, '\n');
    }
}

static void append_doc(GString *text, const struct param_info *info)
{
    g_autofree char *later = types_later(info);
    g_autofree char *doc = g_strconcat(info->doc, *later != '\0' ? "; not supported: " : "", later,
                                       info->same_everywhere ? "; the same on all hosts" : "",
                                       info->secret ? "; secret: shown as `***`" : "", NULL);

    append_cell(text, doc);
}

static void append_honoured(GString *text, const struct param_info *info)
{
    g_autofree char *form = types_form(info), *endings = types_endings(info);

    append_code(text, info->name);
    append_cell(text, form);
    append_code(text, info->fallback);
    append_cell(text, endings);
    append_doc(text, info);
}

static void append_cosmetic(GString *text, const struct param_info *info)
{
    g_autofree char *why = types_why(info);

    append_code(text, info->name);
    append_doc(text, info);
    append_cell(text, why);
}

static void append_unsupported(GString *text, const struct param_info *info)
{
    g_autofree char *same = info->same != NULL ? g_strjoinv(", ", (char **)info->same) : NULL;
    g_autofree char *why = types_why(info);

    append_code(text, info->name);
    append_doc(text, info);
    append_cell(text, same != NULL ? same : "");
    append_cell(text, why);
}

static const struct {
    const char *intro, *head;
    void (*append)(GString *text, const struct param_info *info);
} classes[PARAM_CARES] = {
    [PARAM_HONOURED] =
        {"", "| name | value | default | endings | what it is |\n|---|---|---|---|---|\n",
         append_honoured},
    [PARAM_COSMETIC] = {no_effect, "| name | what it is | why it has no effect |\n|---|---|---|\n",
                        append_cosmetic},
    [PARAM_NOT_SUPPORTED] = {not_supported,
                             "| name | what it is | accepted | why |\n|---|---|---|---|\n",
                             append_unsupported},
};

/* The names of the sections that have rows of the class, in the order of the tables, each once:
 * several tables may have rows of one section. */
static GPtrArray *sections_of(enum param_care care)
{
    GPtrArray *sections = g_ptr_array_new();

    for (const struct param_info *const *info = description_parameters(); *info != NULL; info++)
        if ((*info)->care == care &&
            !g_ptr_array_find_with_equal_func(sections, (*info)->section, g_str_equal, NULL))
            g_ptr_array_add(sections, (void *)(*info)->section);
    return sections;
}

static bool is_of(const struct param_info *info, enum param_care care, const char *section)
{
    return info->care == care && strcmp(info->section, section) == 0;
}

static void append_class(GString *text, enum param_care care)
{
    g_autoptr(GPtrArray) sections = sections_of(care);

    g_string_append(text, classes[care].intro);
    for (unsigned i = 0; i < sections->len; i++) {
        const char *section = g_ptr_array_index(sections, i);

        g_string_append_printf(text, "\n%s %c%s\n\n%s", care == PARAM_HONOURED ? "##" : "###",
                               g_ascii_toupper(*section), section + 1, classes[care].head);
        for (const struct param_info *const *info = description_parameters(); *info != NULL; info++)
            if (is_of(*info, care, section)) {
                g_string_append_c(text, '|');
                classes[care].append(text, *info);
                g_string_append_c(text, '\n');
            }
    }
}

static void append_aliases(GString *text)
{
    const struct param_alias *alias;
    const json_t *row;
    size_t i;

    g_string_append(text, aliases_intro);
    json_array_foreach (json_object_get(description(), "aliases"), i, row) {
        g_autoptr(GString) values = g_string_new(NULL);

        alias = description_alias(json_string_value(json_object_get(row, "name")));
        for (const struct param_alias_value *v = alias->values; v != NULL && v->from != NULL; v++)
            g_string_append_printf(values, "%s%s means %s", values->len > 0 ? ", " : "", v->from,
                                   v->to != NULL ? v->to : "nothing");
        g_string_append_c(text, '|');
        append_code(text, alias->name);
        append_code(text, alias->current);
        append_cell(text, values->len > 0 ? values->str : "the same");
        g_string_append_c(text, '\n');
    }
}

char *types_markdown(void)
{
    GString *text = g_string_new(intro);

    for (unsigned kind = 0; kind < PARAM_KINDS; kind++)
        g_string_append_printf(text, "| %s | %s |\n", param_kind_name(kind), types_kind_form(kind));
    append_types(text);
    append_class(text, PARAM_HONOURED);
    append_class(text, PARAM_COSMETIC);
    append_class(text, PARAM_NOT_SUPPORTED);
    append_aliases(text);
    types_append_reference(text);
    return g_string_free(text, FALSE);
}

/* A comment, broken between words. */
static void append_comment(GString *text, const char *comment)
{
    g_auto(GStrv) words = g_strsplit(comment, " ", -1);
    size_t columns = 0;

    for (char **word = words; *word != NULL; word++) {
        size_t width = (size_t)g_utf8_strlen(*word, -1);

        if (columns == 0 || columns + 1 + width > COMMENT_COLUMNS) {
            g_string_append(text, columns > 0 ? "\n#" : "#");
            columns = 1;
        }
        g_string_append_printf(text, " %s", *word);
        columns += 1 + width;
    }
    g_string_append_c(text, '\n');
}

/* Whether a test type has a default of its own: then nobody's file may set the general one. */
static bool depends_on_type(const char *name)
{
    return json_object_get(json_array_get(json_object_get(description(), "types"), 0), name) !=
           NULL;
}

static void append_default(GString *text, const struct param_info *info)
{
    bool is_set = info->fallback != NULL && !depends_on_type(info->name);
    const char *value = info->fallback != NULL ? info->fallback : info->example;

    append_comment(text, info->doc);
    g_string_append_printf(text, "%s%s = %s\n", is_set ? "" : "#", info->name,
                           value != NULL ? value : "");
}

char *types_defaults(void)
{
    g_autoptr(GPtrArray) sections = sections_of(PARAM_HONOURED);
    GString *text = g_string_new(NULL);

    for (unsigned i = 0; i < sections->len; i++) {
        const char *section = g_ptr_array_index(sections, i);

        g_string_append_printf(text, "%s# ---- %s\n\n", i > 0 ? "\n" : "", section);
        for (const struct param_info *const *info = description_parameters(); *info != NULL; info++)
            if (is_of(*info, PARAM_HONOURED, section))
                append_default(text, *info);
    }
    return g_string_free(text, FALSE);
}
