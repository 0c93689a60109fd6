#include "orchestrator/replay.h"

#include "orchestrator/artifacts.h"
#include "orchestrator/own_guests.h"
#include "orchestrator/secret_params.h"
#include "orchestrator/tests.h"

#include <string.h>

/* Adds a file that the parser reads. */
static int read_and_note(const char *path, size_t max_size, char **data, size_t *size, void *user,
                         GError **err)
{
    json_t *files = user;
    g_autofree char *absolute = *path == '~' ? g_strdup(path) : g_canonicalize_filename(path, NULL);
    const json_t *known;
    size_t i;

    if (own_guests_read(path, max_size, data, size, NULL, err) < 0)
        return -1;
    json_array_foreach (files, i, known)
        if (strcmp(json_string_value(json_object_get(known, "path")), absolute) == 0)
            return 0;
    g_autofree char *sum =
        g_compute_checksum_for_data(G_CHECKSUM_SHA256, (const guchar *)*data, *size);
    json_array_append_new(files, json_pack("{s:s, s:s}", "path", absolute, "sha256", sum));
    return 0;
}

/* All files of the configuration, in the order in which they are read. */
static json_t *record_files(const struct selection *selection, GError **err)
{
    json_t *files = json_array();
    const struct cfg_options options = {.read = read_and_note, .read_user = files};
    g_autoptr(cfg) config = tests_open(selection->file, selection->extra, &options, err);

    if (config != NULL)
        return files;
    json_decref(files);
    return NULL;
}

/* A line of the command line without its secrets; whether there were any. Transfer full. */
static char *hide_line(const char *line, const struct secrets *secrets, bool *hidden)
{
    const char *equals = strchr(line, '=');
    g_autofree char *key =
        equals != NULL ? g_strstrip(g_strndup(line, (gsize)(equals - line))) : NULL;
    char *shown = key != NULL && secret_params_is(key) ? g_strdup_printf("%s = " SECRETS_SHOWN, key)
                                                       : secrets_hide(secrets, line);

    *hidden = strcmp(shown, line) != 0;
    return shown;
}

static void record_lines(json_t *object, const GPtrArray *extra, const struct secrets *secrets)
{
    json_t *lines = json_array(), *hidden_lines = json_array();

    for (unsigned i = 0; i < extra->len; i++) {
        bool hidden;
        g_autofree char *shown = hide_line(g_ptr_array_index(extra, i), secrets, &hidden);

        json_array_append_new(lines, json_string(shown));
        if (hidden)
            json_array_append_new(hidden_lines, json_integer(i));
    }
    json_object_set_new(object, "lines", lines);
    json_object_set_new(object, "hidden_lines", hidden_lines);
}

static json_t *words(char *const *list)
{
    json_t *array = json_array();

    for (; list != NULL && *list != NULL; list++)
        json_array_append_new(array, json_string(*list));
    return array;
}

/* A replay has none of the secrets (replay.c). */
static json_t *record_labels(char *const *labels)
{
    json_t *array = json_array();

    for (; *labels != NULL; labels++) {
        g_autofree char *key = g_strndup(*labels, strcspn(*labels, "="));
        g_autofree char *shown =
            secret_params_is(key) ? g_strconcat(key, "=" SECRETS_SHOWN, NULL) : g_strdup(*labels);

        json_array_append_new(array, json_string(shown));
    }
    return array;
}

static json_t *record_machines(const GPtrArray *machines)
{
    json_t *array = json_array();

    for (unsigned i = 0; i < machines->len; i++) {
        const struct machine *machine = g_ptr_array_index(machines, i);

        json_array_append_new(array, json_pack("{s:s, s:s, s:o}", "name", machine->name, "written",
                                               machine->written, "labels",
                                               record_labels(machine->labels)));
    }
    return array;
}

json_t *replay_record(const struct run_options *options, const struct secrets *secrets,
                      unsigned n_tests, GError **err)
{
    const struct selection *selection = &options->selection;
    g_autofree char *found = artifacts_find_configuration(selection->file);
    g_autofree char *file = g_canonicalize_filename(found, NULL);
    g_autofree char *directory = g_get_current_dir();
    json_t *files = record_files(selection, err);

    if (files == NULL)
        return NULL;
    json_t *object =
        json_pack("{s:s, s:s, s:o, s:b, s:o, s:s?, s:o, s:i, s:b, s:i, s:I, s:b, s:i, s:b, s:b, "
                  "s:I, s:b, s:b, s:i}",
                  "directory", directory, "file", file, "files", files, "defaults",
                  (int)selection->defaults, "expand", words(selection->expand), "test",
                  options->test, "machines", record_machines(options->machines), "tuple",
                  (int)options->tuple, "each", (int)options->each, "repeat", (int)options->repeat,
                  "for_ms", (json_int_t)options->for_ms, "until_fail", (int)options->until_fail,
                  "max_fail", (int)options->max_fail, "fail_fast", (int)options->fail_fast, "alone",
                  (int)options->alone, "job_timeout_ms", (json_int_t)options->job_timeout_ms,
                  "accept_new_host_keys", (int)options->accept_new_host_keys, "allow_empty",
                  (int)options->allow_empty, "tests", (int)n_tests);
    if (options->where_text != NULL)
        json_object_set_new(object, "where", json_string(options->where_text));
    record_lines(object, selection->extra, secrets);
    return object;
}
