#include "orchestrator/command/types.h"

#include "orchestrator/arguments.h"
#include "orchestrator/command/types_form.h"
#include "orchestrator/command/types_pages.h"
#include "orchestrator/description.h"
#include "orchestrator/objects.h"
#include "orchestrator/result.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* As `vtmh-node --describe` prints it. */
#define JSON_FORM (JSON_INDENT(1) | JSON_SORT_KEYS)

#define MAX_DEFAULT 20 /* a longer default does not widen the column of all */

struct asking {
    char *name; /* NULL: all of them */
    bool json, markdown, defaults;
};

static int take_name(const char *word, void *target, GError **err)
{
    struct asking *asking = target;

    if (asking->name != NULL) {
        g_set_error(err, ARGUMENTS_ERROR, ARGUMENTS_ERROR_USAGE, "one name only: %s or %s",
                    asking->name, word);
        return -1;
    }
    asking->name = g_strdup(word);
    return 0;
}

static const struct argument table[] = {
    {"json", .flag = offsetof(struct asking, json),
     .help = "print the description as the nodes give it"},
    {"markdown", .flag = offsetof(struct asking, markdown),
     .help = "print all as a page: docs/params.md"},
    {"defaults", .flag = offsetof(struct asking, defaults),
     .help = "print the defaults as a configuration: base.cfg"},
    {NULL},
};

static const struct arguments arguments = {
    .usage = "vtmh types [options] [NAME]",
    .about =
        "Prints the test types and the parameters that the nodes know: type, default (\"-\" if\n"
        "there is none) and meaning. With NAME only this type or parameter; a suffix, as in\n"
        "mem_vm1, may stay.",
    .more = "examples:\n"
            "  vtmh types mig_timeout\n"
            "  vtmh types --json | jq -r '.parameters[] | .name'\n"
            "\n"
            "exit status: 0, or 4 when the command line is wrong or NAME is not known",
    .table = table,
    .take_word = take_name,
};

static const char *text_of(const json_t *row, const char *key)
{
    const char *text = json_string_value(json_object_get(row, key));

    return text != NULL ? text : "";
}

static const char *default_of(const json_t *parameter)
{
    const char *text = json_string_value(json_object_get(parameter, "default"));

    if (text == NULL)
        return "-";
    return *text != '\0' ? text : "\"\"";
}

/* The width of a column: that of its widest cell. */
static int widest(const json_t *rows, const char *key)
{
    size_t width = 0, i;
    const json_t *row;

    json_array_foreach (rows, i, row)
        width = MAX(width, strlen(text_of(row, key)));
    return (int)width;
}

static int widest_default(const json_t *parameters)
{
    size_t width = 0, i;
    const json_t *row;

    json_array_foreach (parameters, i, row)
        width = MAX(width, MIN(strlen(default_of(row)), MAX_DEFAULT));
    return (int)width;
}

static void append_types(GString *text, const json_t *types)
{
    int width = widest(types, "type");
    size_t i;
    const json_t *row;

    g_string_append(text, "test types\n");
    json_array_foreach (types, i, row)
        g_string_append_printf(text, "  %-*s  %s\n", width, text_of(row, "type"),
                               text_of(row, "summary"));
}

/* The table is ordered by section: a new one begins where the name changes. */
static void append_parameters(GString *text, const json_t *parameters)
{
    int name = widest(parameters, "name"), type = widest(parameters, "type");
    int fallback = widest_default(parameters);
    const char *section = "";
    size_t i;
    const json_t *row;

    json_array_foreach (parameters, i, row) {
        if (strcmp(section, text_of(row, "section")) != 0) {
            section = text_of(row, "section");
            g_string_append_printf(text, "\nparameters: %s\n", section);
        }
        g_string_append_printf(text, "  %-*s  %-*s  %-*s  %s\n", name, text_of(row, "name"), type,
                               text_of(row, "type"), fallback, default_of(row),
                               text_of(row, "doc"));
    }
}

char *types_text(const json_t *description)
{
    GString *text = g_string_new(NULL);

    append_types(text, json_object_get(description, "types"));
    append_parameters(text, json_object_get(description, "parameters"));
    return g_string_free(text, FALSE);
}

static void print_type(const json_t *type)
{
    printf("%s: a test type\n    %s\n", text_of(type, "type"), text_of(type, "summary"));
}

static void print_line(const char *label, const char *text)
{
    if (*text != '\0')
        printf("    %-13s  %s\n", label, text);
}

static void print_parameter(const json_t *parameter)
{
    const struct param_info *info = description_parameter(text_of(parameter, "name"));
    g_autofree char *form = types_form(info), *later = types_later(info);
    g_autofree char *endings = types_endings(info), *why = types_why(info);
    g_autofree char *same = info->same != NULL ? g_strjoinv(", ", (char **)info->same) : NULL;

    printf("%s: a parameter of the section %s\n    %s\n", info->name, info->section, info->doc);
    if (info->kind == PARAM_WORD)
        print_line("value", form);
    else
        printf("    %-13s  %s (%s)\n", "value", form, types_kind_form(info->kind));
    print_line("default", default_of(parameter));
    print_line("endings", *endings != '\0' ? endings : "none: it is equal on all hosts");
    if (info->same_everywhere)
        print_line("hosts", "it must say the same on all of them");
    print_line("not supported", later);
    if (info->same != NULL)
        print_line("accepted", same);
    if (info->care != PARAM_HONOURED)
        print_line(info->care == PARAM_COSMETIC ? "no effect" : "not supported", why);
    if (info->secret)
        print_line("secret", "shown as *** wherever values are shown");
}

static void collect_names(const json_t *rows, const char *key, GPtrArray *names)
{
    size_t i;
    const json_t *row;

    json_array_foreach (rows, i, row)
        g_ptr_array_add(names, (void *)text_of(row, key));
}

static int fail_unknown(const char *name)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    g_autofree char *shown = g_strescape(name, NULL);
    const char *nearest;

    collect_names(json_object_get(description(), "types"), "type", names);
    collect_names(json_object_get(description(), "parameters"), "name", names);
    g_ptr_array_add(names, NULL);
    nearest = arguments_nearest(name, (const char *const *)names->pdata);
    if (nearest != NULL)
        fprintf(stderr, "vtmh: no test type or parameter \"%s\"; did you mean %s?\n", shown,
                nearest);
    else
        fprintf(stderr, "vtmh: no test type or parameter \"%s\"; see vtmh types\n", shown);
    return EXIT_BIT_USAGE;
}

static void print_json(const json_t *json)
{
    json_dumpf(json, stdout, JSON_FORM);
    putchar('\n');
}

/* A suffix, as in mem_vm1, may stand behind the name. */
static const json_t *find_parameter(const char *name)
{
    struct key_parse *parse = objects_guess(name);
    const char *known = parse->info != NULL ? parse->info->name : NULL;
    size_t i;
    const json_t *row;

    key_parse_free(parse);
    json_array_foreach (json_object_get(description(), "parameters"), i, row)
        if (strcmp(text_of(row, "name"), known != NULL ? known : "") == 0)
            return row;
    return NULL;
}

static int print_one(const struct asking *asking)
{
    const json_t *type = description_type(asking->name);
    const json_t *parameter = find_parameter(asking->name);

    if (type == NULL && parameter == NULL)
        return fail_unknown(asking->name);
    if (asking->json)
        print_json(type != NULL ? type : parameter);
    else if (type != NULL)
        print_type(type);
    else
        print_parameter(parameter);
    return 0;
}

/* The forms exclude one another; two of them are of the whole only. */
static int check_forms(const struct asking *asking, GError **err)
{
    if (asking->json + asking->markdown + asking->defaults > 1) {
        g_set_error(err, ARGUMENTS_ERROR, ARGUMENTS_ERROR_USAGE,
                    "--json, --markdown and --defaults exclude one another");
        return -1;
    }
    if (asking->name != NULL && (asking->markdown || asking->defaults)) {
        g_set_error(err, ARGUMENTS_ERROR, ARGUMENTS_ERROR_USAGE,
                    "--markdown and --defaults print everything; leave out %s, or the option",
                    asking->name);
        return -1;
    }
    return 0;
}

static int print_all(const struct asking *asking)
{
    g_autofree char *text = NULL;

    if (asking->json) {
        print_json(description());
        return 0;
    }
    if (asking->markdown)
        text = types_markdown();
    else if (asking->defaults)
        text = types_defaults();
    else
        text = types_text(description());
    fputs(text, stdout);
    return 0;
}

static int finish(int status)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return status;
    fprintf(stderr, "vtmh: cannot write standard output: %s\n", g_strerror(errno));
    return EXIT_BIT_USAGE;
}

int command_types(int argc, char **argv)
{
    struct asking asking = {NULL};
    g_autoptr(GError) error = NULL;
    int outcome = arguments_parse(&arguments, argc, argv, &asking, &error);
    int status = 0;

    if (outcome < 0 || (outcome == ARGUMENTS_PARSED && check_forms(&asking, &error) < 0)) {
        fprintf(stderr, "vtmh: %s\n", error->message);
        status = EXIT_BIT_USAGE;
    } else if (outcome > ARGUMENTS_PARSED) {
        arguments_print(&arguments, outcome);
    } else {
        status = asking.name != NULL ? print_one(&asking) : print_all(&asking);
    }
    g_free(asking.name);
    return finish(status);
}
