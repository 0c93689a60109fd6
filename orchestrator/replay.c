#include "orchestrator/replay.h"

#include "cfg/cfg.h"
#include "orchestrator/own_guests.h"
#include "orchestrator/report/secrets.h"
#include "orchestrator/report/store.h"
#include "orchestrator/version.h"

#include <glib/gstdio.h>
#include <string.h>

#define MAX_FILE_BYTES ((size_t)64 << 20) /* as large as a configuration's file may be */

G_GNUC_PRINTF(2, 3) static int fail(GError **err, const char *format, ...)
{
    va_list list;

    va_start(list, format);
    g_autofree char *text = g_strdup_vprintf(format, list);
    va_end(list);
    g_set_error_literal(err, ARGUMENTS_ERROR, ARGUMENTS_ERROR_USAGE, text);
    return -1;
}

/* Whether a folder of the place of results is what the user calls it: its name, what its name
 * begins with, or the first digits of the job's id. */
static bool is_called(const char *folder, const char *job)
{
    const char *id = strrchr(folder, '-');

    return g_str_has_prefix(folder, job) ||
           (id != NULL && strlen(job) >= 4 &&
            (g_str_has_prefix(id + 1, job) || g_str_has_prefix(job, id + 1)));
}

/* The job's folder, absolute. Transfer full. */
static char *find_job(const struct run_options *options, GError **err)
{
    const char *job = options->replay;
    g_autofree char *root = store_root(options->results_dir);
    g_autofree char *below = g_build_filename(root, job, NULL);
    g_autofree char *found = NULL;

    if (g_str_has_suffix(job, "results.json") && g_file_test(job, G_FILE_TEST_IS_REGULAR)) {
        g_autofree char *folder = g_path_get_dirname(job);

        return g_canonicalize_filename(folder, NULL);
    }
    if (g_file_test(job, G_FILE_TEST_IS_DIR))
        return g_canonicalize_filename(job, NULL);
    if (g_file_test(below, G_FILE_TEST_IS_DIR))
        return g_steal_pointer(&below);
    g_autoptr(GDir) dir = g_dir_open(root, 0, NULL);
    for (const char *name = NULL; dir != NULL && (name = g_dir_read_name(dir)) != NULL;) {
        if (!g_str_has_prefix(name, "job-") || !is_called(name, job))
            continue;
        if (found != NULL) {
            fail(err, "--replay: %s may be several jobs in %s; write more of its name", job, root);
            return NULL;
        }
        found = g_build_filename(root, name, NULL);
    }
    if (found == NULL)
        fail(err, "--replay: there is no job %s, neither as a folder nor in %s", job, root);
    return g_steal_pointer(&found);
}

static json_t *read_results(const char *folder, GError **err)
{
    g_autofree char *path = g_build_filename(folder, "results.json", NULL);
    json_error_t error;
    json_t *root = json_load_file(path, 0, &error);

    if (root == NULL)
        fail(err, "--replay: %s cannot be read: %s", path, error.text);
    return root;
}

static char *hash_of(const char *path)
{
    char *data = NULL, *sum;
    size_t size = 0;

    if (own_guests_read(path, MAX_FILE_BYTES, &data, &size, NULL, NULL) < 0)
        return NULL;
    sum = g_compute_checksum_for_data(G_CHECKSUM_SHA256, (const guchar *)data, size);
    g_free(data);
    return sum;
}

/* Files that are not what they were. */
static int check_files(const json_t *configuration, bool allow_changed, GString *note, GError **err)
{
    g_autoptr(GString) changed = g_string_new(NULL);
    const json_t *file;
    size_t i;

    json_array_foreach (json_object_get(configuration, "files"), i, file) {
        const char *path = json_string_value(json_object_get(file, "path"));
        const char *was = json_string_value(json_object_get(file, "sha256"));
        g_autofree char *sum = path != NULL ? hash_of(path) : NULL;

        if (g_strcmp0(sum, was) != 0)
            g_string_append_printf(changed, "%s%s%s", changed->len > 0 ? ", " : "", path,
                                   sum == NULL ? " (cannot be read)" : "");
    }
    if (changed->len == 0)
        return 0;
    if (!allow_changed)
        return fail(err,
                    "--replay: the configuration has changed since the job: %s; with "
                    "--allow-changed it is run as it is now",
                    changed->str);
    g_string_append_printf(note, "the configuration has changed since the job: %s", changed->str);
    return 0;
}

/* The key of "k = v". Transfer full, NULL if it is no such line. */
static char *key_of(const char *line)
{
    const char *equals = strchr(line, '=');

    return equals != NULL ? g_strstrip(g_strndup(line, (gsize)(equals - line))) : NULL;
}

static bool sets(const GPtrArray *lines, const char *key)
{
    for (unsigned i = 0; i < lines->len; i++) {
        g_autofree char *own = key_of(g_ptr_array_index(lines, i));

        if (g_strcmp0(own, key) == 0)
            return true;
    }
    return false;
}

static bool is_hidden(const json_t *configuration, size_t line)
{
    const json_t *index;
    size_t i;

    json_array_foreach (json_object_get(configuration, "hidden_lines"), i, index)
        if (json_integer_value(index) == (json_int_t)line)
            return true;
    return false;
}

/* The job's lines, then those given now, which must name the job's secrets again. */
static int load_lines(const json_t *configuration, struct selection *selection, GError **err)
{
    g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
    const json_t *line;
    size_t i;

    json_array_foreach (json_object_get(configuration, "lines"), i, line) {
        const char *text = json_string_value(line);
        g_autofree char *key = text != NULL ? key_of(text) : NULL;

        if (text == NULL)
            continue;
        if (!is_hidden(configuration, i)) {
            g_ptr_array_add(lines, g_strdup(text));
            continue;
        }
        if (key == NULL || !sets(selection->extra, key))
            return fail(err,
                        "--replay: the line \"%s\" of the job's command line held a secret, which "
                        "is not kept; give it again with -p %s=…",
                        text, key != NULL ? key : "KEY");
    }
    for (unsigned k = 0; k < selection->extra->len; k++)
        g_ptr_array_add(lines, g_strdup(g_ptr_array_index(selection->extra, k)));
    g_ptr_array_unref(selection->extra);
    selection->extra = g_steal_pointer(&lines);
    return 0;
}

static GStrv strings(const json_t *array)
{
    GStrvBuilder *builder = g_strv_builder_new();
    const json_t *word;
    size_t i;

    json_array_foreach (array, i, word)
        if (json_is_string(word))
            g_strv_builder_add(builder, json_string_value(word));
    GStrv list = g_strv_builder_end(builder);
    g_strv_builder_unref(builder);
    return list;
}

/* Labels of a host. A secret is not kept: a parameter that was one is missing, which is told. */
static GStrv load_labels(const json_t *row, const char *host, GString *note)
{
    GStrv labels = strings(json_object_get(row, "labels"));
    unsigned n = 0;

    for (unsigned i = 0; labels[i] != NULL; i++) {
        g_autofree char *key = key_of(labels[i]);

        if (key == NULL || !g_str_has_suffix(labels[i], "=" SECRETS_SHOWN)) {
            labels[n++] = labels[i];
            continue;
        }
        g_string_append_printf(note,
                               "%s%s of %s was a secret of the job's -M, which is not kept; "
                               "give it with -p if the tests need it",
                               note->len > 0 ? "\n" : "", key, host);
        g_free(labels[i]);
    }
    labels[n] = NULL;
    return labels;
}

static int load_machines(const json_t *configuration, GPtrArray *machines, GString *note,
                         GError **err)
{
    const json_t *row;
    size_t i;

    json_array_foreach (json_object_get(configuration, "machines"), i, row) {
        const char *written = json_string_value(json_object_get(row, "written"));
        const char *name = json_string_value(json_object_get(row, "name"));
        struct machine *machine;

        if (inventory_add(machines, written != NULL ? written : "", err) < 0)
            return -1;
        machine = g_ptr_array_index(machines, machines->len - 1);
        g_strfreev(machine->labels);
        machine->labels = load_labels(row, name != NULL ? name : machine->name, note);
        if (name != NULL) {
            g_free(machine->name);
            machine->name = g_strdup(name);
        }
    }
    return 0;
}

/* The number in the job that is meant by TEST; 0: no test of the job is called so. */
static json_int_t number_of(const json_t *results, const char *wanted)
{
    char *end = NULL;
    guint64 number = g_ascii_isdigit(*wanted) ? g_ascii_strtoull(wanted, &end, 10) : 0;
    const json_t *test;
    size_t i;

    if (end != NULL && *end == '\0')
        return (json_int_t)number;
    json_array_foreach (json_object_get(results, "tests"), i, test) {
        const char *id = json_string_value(json_object_get(test, "id"));
        const char *names[] = {
            id, json_string_value(json_object_get(test, "name")),
            json_string_value(json_object_get(json_object_get(test, "vtmh"), "full_name"))};

        for (unsigned k = 0; k < G_N_ELEMENTS(names); k++)
            if (id != NULL && g_strcmp0(names[k], wanted) == 0)
                return (json_int_t)g_ascii_strtoull(id, NULL, 10);
    }
    return 0;
}

static int load_test(const json_t *results, const json_t *configuration,
                     struct run_options *options, const char *wanted, GError **err)
{
    json_int_t tests = json_integer_value(json_object_get(configuration, "tests"));
    json_int_t repeat = json_integer_value(json_object_get(configuration, "repeat"));
    json_int_t number = number_of(results, wanted);

    /* With --each the places of a test on all tuples stand together. */
    if (number > 0 && options->each)
        number = (number - 1) / (json_int_t)(options->machines->len / options->tuple) + 1;
    if (number < 1 || tests < 1 || (repeat > 0 && number > tests * repeat))
        return fail(err, "--replay: the job has no test %s", wanted);
    options->repeat = 1;
    options->for_ms = 0;
    options->until_fail = false;
    if (options->test == NULL) /* else the job had this one test alone */
        options->test = g_strdup_printf("%" JSON_INTEGER_FORMAT, (number - 1) % tests + 1);
    return 0;
}

static void load_options(const json_t *configuration, struct run_options *options)
{
    const char *file = json_string_value(json_object_get(configuration, "file"));
    g_auto(GStrv) expand = strings(json_object_get(configuration, "expand"));

    g_free(options->selection.file);
    options->selection.file = g_strdup(file);
    options->selection.defaults = json_is_true(json_object_get(configuration, "defaults"));
    if (expand[0] != NULL)
        options->selection.expand = g_steal_pointer(&expand);
    options->test = g_strdup(json_string_value(json_object_get(configuration, "test")));
    options->tuple = (unsigned)json_integer_value(json_object_get(configuration, "tuple"));
    options->each = json_is_true(json_object_get(configuration, "each"));
    options->repeat = (unsigned)json_integer_value(json_object_get(configuration, "repeat"));
    options->alone = json_is_true(json_object_get(configuration, "alone"));
    options->for_ms = json_integer_value(json_object_get(configuration, "for_ms"));
    options->until_fail = json_is_true(json_object_get(configuration, "until_fail"));
    options->max_fail = (unsigned)json_integer_value(json_object_get(configuration, "max_fail"));
    options->fail_fast = json_is_true(json_object_get(configuration, "fail_fast"));
    options->job_timeout_ms = json_integer_value(json_object_get(configuration, "job_timeout_ms"));
    options->accept_new_host_keys =
        json_is_true(json_object_get(configuration, "accept_new_host_keys"));
    options->allow_empty = json_is_true(json_object_get(configuration, "allow_empty"));
}

static void make_absolute(char **path)
{
    g_autofree char *relative = *path;

    *path = relative == NULL || strcmp(relative, "-") == 0
                ? g_strdup(relative)
                : g_canonicalize_filename(relative, NULL);
}

/* The folder in which the job was started, where lines look for what they include. */
static int enter_directory(const json_t *configuration, struct run_options *options, GError **err)
{
    const char *directory = json_string_value(json_object_get(configuration, "directory"));

    make_absolute(&options->results_dir);
    make_absolute(&options->json_file);
    make_absolute(&options->metrics_file);
    if (directory == NULL || g_chdir(directory) == 0)
        return 0;
    return fail(err, "--replay: the folder in which the job was started, %s, is gone", directory);
}

static void note_version(const json_t *results, GString *note)
{
    const json_t *versions = json_object_get(json_object_get(results, "vtmh"), "versions");
    const char *was = json_string_value(json_object_get(versions, "vtmh"));

    if (was != NULL && strcmp(was, VTMH_VERSION) != 0)
        g_string_append_printf(note, "%sthe job was run by vtmh %s, this is " VTMH_VERSION,
                               note->len > 0 ? "\n" : "", was);
}

static int load(const json_t *results, struct run_options *options, GString *note, GError **err)
{
    const json_t *configuration =
        json_object_get(json_object_get(results, "vtmh"), "configuration");
    g_autofree char *wanted = g_steal_pointer(&options->selection.file);

    if (!json_is_string(json_object_get(configuration, "file")))
        return fail(err, "--replay: the results of %s do not say what was to be run",
                    options->replay);
    if (enter_directory(configuration, options, err) < 0 ||
        check_files(configuration, options->allow_changed, note, err) < 0 ||
        load_lines(configuration, &options->selection, err) < 0 ||
        load_machines(configuration, options->machines, note, err) < 0)
        return -1;
    load_options(configuration, options);
    if (options->tuple < 1 || options->tuple > options->machines->len)
        return fail(err, "--replay: the results of %s name %u hosts, and %u for a test",
                    options->replay, options->machines->len, options->tuple);
    note_version(results, note);
    options->where_text = g_strdup(json_string_value(json_object_get(configuration, "where")));
    if (options->where_text != NULL &&
        (options->where = where_parse(options->where_text, err)) == NULL)
        return -1;
    return wanted == NULL ? 0 : load_test(results, configuration, options, wanted, err);
}

int replay_load(struct run_options *options, char **note_out, GError **err)
{
    g_autofree char *folder = find_job(options, err);
    json_t *results = folder != NULL ? read_results(folder, err) : NULL;
    g_autoptr(GString) note = g_string_new(NULL);
    int loaded;

    if (results == NULL)
        return -1;
    loaded = load(results, options, note, err);
    json_decref(results);
    if (loaded == 0)
        *note_out = note->len > 0 ? g_strdup(note->str) : NULL;
    return loaded;
}
