#include "orchestrator/command/guests.h"

#include "orchestrator/command/configuration.h"
#include "orchestrator/tests.h"

#include <stdio.h>
#include <string.h>

#define LIBRARY_FILE "guest-os.cfg"
#define DATA_DIR "/var/lib/virt_test"
#define BLOCK "guest"

static const struct argument table[] = {
    {"param", 'p', "KEY=VALUE", .take = selection_take_param,
     .help = "set a parameter of every test, above the file"},
    {NULL},
};

static const struct arguments arguments = {
    .usage = "vtmh guests [options] [FILE.cfg]",
    .about =
        "Prints the guests that the tests in FILE.cfg can have, one a line: names for --guest.\n"
        "Without a file those that come along, and your own: a file each in\n"
        "~/.config/vtmh/guests.d (docs/guests.md). Behind one whose disk is not on this computer\n"
        "stands which file is missing; hosts are not asked.",
    .more = "examples:\n"
            "  vtmh guests\n"
            "  vtmh -m host1,host2 --guest LinuxCustom.FooLinux migrate.cfg\n"
            "\n"
            "exit status: 0, or 4 when the command line or the configuration is wrong",
    .table = table,
    .take_word = selection_take_word,
};

static bool is_url(const char *name)
{
    return g_regex_match_simple("^[a-z+]+://|^rbd:|^nbd:", name, 0, 0);
}

/* Its file on this computer, as a host would look for it. Transfer full. */
static char *image_file(const struct params *test, const char *name)
{
    static const char *const endings[] = {".qcow2", ".raw", ".img", ".vmdk", ".vdi", ".vhdx"};
    const char *format = params_get(test, "image_format");
    const char *data_dir = params_get(test, "data_dir");
    bool is_whole = g_strcmp0(params_get(test, "image_raw_device"), "yes") == 0;
    g_autofree char *ending = NULL;
    g_autofree char *file = NULL;

    if (format == NULL || *format == '\0')
        format = "qcow2";
    ending = g_strconcat(".", format, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(endings); i++)
        is_whole = is_whole || g_str_has_suffix(name, endings[i]);
    file = is_whole || g_str_has_suffix(name, ending) ? g_strdup(name)
                                                      : g_strconcat(name, ending, NULL);
    if (g_path_is_absolute(file))
        return g_steal_pointer(&file);
    return g_build_filename(data_dir != NULL && *data_dir != '\0' ? data_dir : DATA_DIR, file,
                            NULL);
}

/* What is to be known of a guest beside its name, NULL: nothing. Transfer full. */
static char *remark(const struct params *test)
{
    const char *name = params_get(test, "image_name");
    g_autofree char *file = NULL;
    g_autofree char *base = NULL;

    if (g_strcmp0(params_get(test, BLOCK), "image") != 0)
        return NULL;
    if (name == NULL || *name == '\0')
        return g_strdup("(image_name says which)");
    if (is_url(name))
        return NULL;
    file = image_file(test, name);
    if (g_file_test(file, G_FILE_TEST_EXISTS))
        return NULL;
    base = g_path_get_basename(file);
    return g_strdup_printf("(missing %s)", base);
}

/* The first test with this guest; NULL with no error: there is none. */
static struct params *first_test(const struct selection *selection, const char *guest, GError **err)
{
    g_autoptr(GPtrArray) lines = g_ptr_array_new();
    g_autofree char *choice = g_strdup_printf(BLOCK " = %s", guest);
    g_autoptr(cfg) config = NULL;

    for (unsigned i = 0; i < selection->extra->len; i++)
        g_ptr_array_add(lines, g_ptr_array_index(selection->extra, i));
    g_ptr_array_add(lines, choice);
    config = tests_open(selection->file, lines, NULL, err);
    return config != NULL && cfg_next(config, err) > 0 ? cfg_test_params(config, err) : NULL;
}

static int print_guest(const struct selection *selection, const char *guest, GError **err)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(params) test = first_test(selection, guest, &error);
    g_autofree char *more = NULL;

    if (error != NULL) {
        g_propagate_error(err, g_steal_pointer(&error));
        return -1;
    }
    if (test == NULL)
        return 0; /* the file leaves it out */
    more = remark(test);
    printf("%s%s%s\n", guest, more != NULL ? " " : "", more != NULL ? more : "");
    return 0;
}

static int print_guests(const struct selection *selection, GError **err)
{
    g_autoptr(cfg) config = tests_open(selection->file, selection->extra, NULL, err);
    g_auto(GStrv) guests = config != NULL ? cfg_choices(config, BLOCK) : NULL;

    if (guests == NULL)
        return -1;
    if (guests[0] == NULL) {
        g_set_error(err, CFG_ERROR, CFG_ERROR_ARGUMENT,
                    "%s has no guests to choose from: it does not include " LIBRARY_FILE,
                    selection->file);
        return -1;
    }
    for (char **guest = guests; *guest != NULL; guest++)
        if (print_guest(selection, *guest, err) < 0)
            return -1;
    return 0;
}

/* Without a file, that of the library. */
static int parse(int argc, char **argv, struct reading *reading)
{
    g_autoptr(GError) error = NULL;
    int outcome;

    selection_init(&reading->selection);
    outcome = arguments_parse(&arguments, argc, argv, reading, &error);
    if (outcome > ARGUMENTS_PARSED) {
        arguments_print(&arguments, outcome);
        return reading_end(NULL);
    }
    if (outcome < 0)
        return reading_end(error);
    if (reading->selection.file == NULL)
        reading->selection.file = g_strdup(LIBRARY_FILE);
    return -1;
}

int command_guests(int argc, char **argv)
{
    struct reading reading = {0};
    g_autoptr(GError) error = NULL;
    int status = parse(argc, argv, &reading);

    if (status < 0) {
        print_guests(&reading.selection, &error);
        status = reading_end(error);
    }
    reading_clear(&reading);
    return status;
}
