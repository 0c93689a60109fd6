#include "orchestrator/command/show.h"

#include "orchestrator/command/configuration.h"
#include "orchestrator/command/show_machine.h"
#include "orchestrator/options.h"
#include "orchestrator/secret_params.h"
#include "orchestrator/test_name.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct format;

struct showing {
    struct reading reading;
    const struct format *format; /* NULL: none was asked for */
    char *test;                  /* --test, or NULL for all */
    char *vm;                    /* --machine, or NULL */
    unsigned host;               /* --host; 0: none was asked for */
    const char *driver;          /* --driver; NULL: none was asked for */
};

static int print_text(struct cfg *cfg, const char *file, GString *buffer, GError **err);
static int print_jsonl(struct cfg *cfg, const char *file, GString *buffer, GError **err);

/* How a test is printed. */
static const struct format {
    const char *name;
    /* Appends the current test of the file. */
    int (*print)(struct cfg *cfg, const char *file, GString *buffer, GError **err);
} formats[] = {
    {"text", print_text},
    {"jsonl", print_jsonl},
};

static int take_format(const char *value, void *target, GError **err)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(formats); i++) {
        if (strcmp(formats[i].name, value) != 0)
            continue;
        ((struct showing *)target)->format = &formats[i];
        return 0;
    }
    g_set_error(err, ARGUMENTS_ERROR, ARGUMENTS_ERROR_VALUE,
                "\"%s\" is not a format; there are text and jsonl", value);
    return -1;
}

static void take_text(const char *value, char **place)
{
    g_free(*place);
    *place = g_strdup(value);
}

static int take_test(const char *value, void *target, G_GNUC_UNUSED GError **err)
{
    take_text(value, &((struct showing *)target)->test);
    return 0;
}

static int take_machine(const char *value, void *target, G_GNUC_UNUSED GError **err)
{
    take_text(value, &((struct showing *)target)->vm);
    return 0;
}

static int take_host(const char *value, void *target, GError **err)
{
    return arguments_count(value, TUPLE_MAX, &((struct showing *)target)->host, err);
}

static const char *const drivers[] = {"qemu", "libvirt"};

static int take_driver(const char *value, void *target, GError **err)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(drivers); i++) {
        if (strcmp(drivers[i], value) != 0)
            continue;
        ((struct showing *)target)->driver = drivers[i];
        return 0;
    }
    g_set_error(err, ARGUMENTS_ERROR, ARGUMENTS_ERROR_VALUE,
                "\"%s\" is not a driver; there are qemu and libvirt", value);
    return -1;
}

static const struct argument table[] = {
    {"format", '\0', "FORMAT", .take = take_format,
     .help = "text (the default), or jsonl: one JSON object a line,\n"
             "keys sorted, no white space"},
    {"test", '\0', "NAME|N", .take = take_test,
     .help = "only this test: its number in the list, its full name,\n"
             "or its short name"},
    {"machine", '\0', "VM", .take = take_machine,
     .help = "the machine of this VM instead of the parameters of its test:\n"
             "its devices, with what travels in a migration and what is a\n"
             "host's own, and the command lines that would start it"},
    {"host", '\0', "N", .take = take_host,
     .help = "with --machine: as the Nth host of the test has it (1)"},
    {"driver", '\0', "DRIVER", .take = take_driver,
     .help = "with --machine: qemu (the default), or libvirt: the domain XML\n"
             "of it, and on stderr what of it goes past libvirt, and why"},
    READING_ROWS,
    {NULL},
};

static const struct arguments arguments = {
    .usage = "vtmh show [options] FILE.cfg [LINE…]",
    .about =
        "Prints each test in FILE.cfg with all its parameters. A LINE acts as if it stood at\n"
        "the end of the file.\n"
        "\n"
        "A machine is one JSON object, made by vtmh-node on this computer. What the hosts of a\n"
        "job decide together (accelerator, machine type, CPU, memory) is what this computer\n"
        "offers; a MAC address that the test does not set is another one in each job.",
    .more = "examples:\n"
            "  vtmh show --test 1 migrate.cfg\n"
            "  vtmh show --format jsonl migrate.cfg 'only quick' | jq -r .mem\n"
            "  vtmh show --machine vm1 --test 1 migrate.cfg | jq -r .command_lines.source\n"
            "  vtmh show --machine vm1 --driver libvirt --test 1 migrate.cfg > vm1.xml\n"
            "\n"
            "exit status: 0; 4 when the command line or the configuration is wrong; 2 when this\n"
            "computer cannot have the machine",
    .table = table,
    .take_word = selection_take_word,
};

static int compare_keys(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* "   1  NAME", then the parameters in the order of their keys, without secrets. */
static int print_text(struct cfg *cfg, const char *file, GString *buffer, GError **err)
{
    g_autofree char *shown = NULL;
    g_autoptr(params) test = cfg_test_params(cfg, err);
    g_autoptr(secrets) secrets = secrets_new();
    g_autofree const char **keys = NULL;
    g_autofree char *dep = NULL;
    struct params_iter it;
    size_t count = 0;

    if (test == NULL)
        return -1;
    keys = g_new(const char *, params_count(test) + 1);
    for (params_iter_init(&it, test); params_iter_next(&it);)
        keys[count++] = it.key;
    qsort(keys, count, sizeof(*keys), compare_keys);
    shown = test_name_short(cfg_test_shortname(cfg), cfg_test_name(cfg), file);
    g_string_append_printf(buffer, "%4" G_GUINT64_FORMAT "  %s\n", cfg_test_number(cfg), shown);
    secret_params_collect(test, secrets);
    for (size_t i = 0; i < count; i++) {
        g_autofree char *value = secret_params_is(keys[i])
                                     ? g_strdup(SECRETS_SHOWN)
                                     : secrets_hide(secrets, params_get(test, keys[i]));
        g_string_append_printf(buffer, "      %s = %s\n", keys[i], value);
    }
    dep = g_strjoinv(" ", (char **)params_dep(test));
    if (*dep != '\0')
        g_string_append_printf(buffer, "      depends on: %s\n", dep);
    return 0;
}

static int print_jsonl(struct cfg *cfg, G_GNUC_UNUSED const char *file, GString *buffer,
                       GError **err)
{
    return cfg_test_jsonl(cfg, buffer, err);
}

/* Tests are written together: a write for each of them takes longer than one for many. */
#define BUFFER_BYTES ((size_t)128 * 1024)

static void write_tests(GString *buffer)
{
    fwrite(buffer->str, 1, buffer->len, stdout);
    g_string_truncate(buffer, 0);
}

static int print_test(const struct showing *showing, struct cfg *cfg, GString *buffer, GError **err)
{
    if (reading_check_guest(&showing->reading, cfg, err) < 0 ||
        showing->format->print(cfg, showing->reading.selection.file, buffer, err) < 0)
        return -1;
    if (buffer->len >= BUFFER_BYTES)
        write_tests(buffer);
    return 0;
}

static int print_tests(const struct showing *showing, struct cfg *cfg, GError **err)
{
    GString *buffer = g_string_sized_new(2 * BUFFER_BYTES);
    int more = 0;

    if (showing->test != NULL) {
        more = cfg_seek(cfg, showing->test, err);
        if (more == 0)
            more = print_test(showing, cfg, buffer, err);
    } else {
        while ((more = cfg_next(cfg, err)) > 0 && !ferror(stdout))
            if ((more = print_test(showing, cfg, buffer, err)) < 0)
                break;
    }
    write_tests(buffer);
    g_string_free(buffer, TRUE);
    return more < 0 ? -1 : 0;
}

/* The format is of one of the two things that can be shown; a host and a driver are of the other.
 */
static int check(const struct showing *showing, GError **err)
{
    if (showing->vm != NULL ? showing->format == NULL
                            : showing->host == 0 && showing->driver == NULL)
        return 0;
    g_set_error_literal(err, ARGUMENTS_ERROR, ARGUMENTS_ERROR_USAGE,
                        showing->vm != NULL ? "--format is of parameters, and --machine has its own"
                        : showing->host != 0 ? "--host is for --machine only"
                                             : "--driver is for --machine only");
    return -1;
}

static int show_tests(struct showing *showing)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(cfg) cfg = reading_open(&showing->reading, &error);

    if (showing->format == NULL)
        showing->format = &formats[0];
    if (cfg != NULL)
        print_tests(showing, cfg, &error);
    return reading_end(error);
}

static int show(struct showing *showing)
{
    g_autoptr(GError) error = NULL;
    int status;

    if (check(showing, &error) < 0)
        return reading_end(error);
    if (showing->vm == NULL)
        return show_tests(showing);
    status = show_machine(&showing->reading.selection, showing->test, showing->vm,
                          MAX(showing->host, 1), g_strcmp0(showing->driver, "libvirt") == 0);
    return status | reading_end(NULL);
}

int command_show(int argc, char **argv)
{
    struct showing showing = {.format = NULL};
    int status = reading_parse(&arguments, argc, argv, &showing.reading);

    if (status < 0)
        status = show(&showing);
    reading_clear(&showing.reading);
    g_free(showing.test);
    g_free(showing.vm);
    return status;
}
