#include "orchestrator/report/store.h"

#include "orchestrator/report/file.h"
#include "orchestrator/report/results_json.h"
#include "orchestrator/report/text.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#define ID_BYTES 20 /* as long as avocado's */
#define SHORT_ID 7  /* digits of it in the folder's name */
#define NAME_MAX_BYTES 255
#define FOLDER_MODE 0777 /* less the umask */

struct store {
    char *dir;
    FILE *log;
    FILE *events;
    GHashTable *folders; /* test_result_id() -> path of the test's folder */
    GHashTable *taken;   /* "ID/HOST" -> bytes of files that have come from there */
    GError *trouble;     /* the first record or event that could not be written */
};

/* Remembers that a line did not get into file of the job's folder. */
static void note_trouble(struct store *store, const char *file)
{
    g_autofree char *path = g_build_filename(store->dir, file, NULL);

    if (store->trouble == NULL)
        file_fail(&store->trouble, "write", path);
}

static int make_root(const char *path, GError **err)
{
    return g_mkdir_with_parents(path, FOLDER_MODE) < 0
               ? file_fail(err, "create results directory", path)
               : 0;
}

/* 2 * ID_BYTES hex digits. Transfer full. */
static char *make_id(GError **err)
{
    uint8_t bytes[ID_BYTES];
    char *id;

    /* Never short for a size below 256. */
    if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes)) {
        file_fail(err, "read", "random numbers");
        return NULL;
    }
    id = g_malloc0(2 * ID_BYTES + 1);
    for (size_t i = 0; i < ID_BYTES; i++)
        g_snprintf(id + 2 * i, 3, "%02x", bytes[i]);
    return id;
}

/* Moves root/latest to dir, a folder in root. */
static int move_latest(const char *root, const char *dir, GError **err)
{
    g_autofree char *folder = g_path_get_basename(dir);
    g_autofree char *link = g_build_filename(root, "latest", NULL);
    g_autofree char *beside = g_strdup_printf("%s.%s", link, folder);

    if (symlink(folder, beside) < 0)
        return file_fail(err, "create", beside);
    if (rename(beside, link) < 0) {
        file_fail(err, "replace", link);
        g_unlink(beside);
        return -1;
    }
    return 0;
}

static FILE *open_lines(const char *dir, const char *name, GError **err)
{
    g_autofree char *path = g_build_filename(dir, name, NULL);
    FILE *file = fopen(path, "ae");

    if (file == NULL) {
        file_fail(err, "write", path);
        return NULL;
    }
    /* Whole lines as they come, for tail -f and for a job that is killed. */
    setvbuf(file, NULL, _IOLBF, 0);
    return file;
}

/* Makes job->id, job->dir and the folder. */
static int make_job_folder(const char *root, struct job_result *job, GError **err)
{
    int64_t start_us = job->start_us != 0 ? job->start_us : g_get_real_time();
    g_autoptr(GDateTime) start = g_date_time_new_from_unix_utc(start_us / G_USEC_PER_SEC);
    g_autofree char *time = g_date_time_format(start, "%Y-%m-%dT%H.%M.%S");
    g_autofree char *id = make_id(err);
    g_autofree char *name = NULL, *dir = NULL;

    if (id == NULL || make_root(root, err) < 0)
        return -1;
    name = g_strdup_printf("job-%s-%.*s", time, SHORT_ID, id);
    dir = g_build_filename(root, name, NULL);
    if (g_mkdir(dir, FOLDER_MODE) < 0)
        return file_fail(err, "create", dir);
    g_free(job->id);
    g_free(job->dir);
    job->id = g_steal_pointer(&id);
    job->dir = g_steal_pointer(&dir);
    return 0;
}

char *store_root(const char *results_dir)
{
    g_autofree char *usual = g_build_filename(g_get_user_state_dir(), "vtmh", "results", NULL);

    return g_canonicalize_filename(results_dir != NULL ? results_dir : usual, NULL);
}

struct store *store_open(const char *results_dir, struct job_result *job, GError **err)
{
    g_autofree char *root = store_root(results_dir);
    g_autoptr(store) store = g_new0(struct store, 1);
    g_autoptr(GError) no_link = NULL;
    g_autofree char *id_path = NULL, *id_line = NULL;

    if (make_job_folder(root, job, err) < 0)
        return NULL;
    store->dir = g_strdup(job->dir);
    store->folders = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    store->taken = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    id_path = g_build_filename(store->dir, "id", NULL);
    id_line = g_strconcat(job->id, "\n", NULL);
    if (file_replace(id_path, id_line, err) < 0)
        return NULL;
    if ((store->log = open_lines(store->dir, "job.log", err)) == NULL ||
        (store->events = open_lines(store->dir, "events.ndjson", err)) == NULL)
        return NULL;
    if (store_write_results(store, job, err) < 0)
        return NULL;
    /* A file system without links, or something else of that name: no reason not to run. */
    if (move_latest(root, store->dir, &no_link) < 0)
        store_log(store, g_get_real_time(), NULL, NULL, NULL, NULL, VTMH__LOG_LEVEL__LOG_WARNING,
                  no_link->message);
    return g_steal_pointer(&store);
}

void store_close(struct store *store)
{
    if (store == NULL)
        return;
    if (store->log != NULL)
        fclose(store->log);
    if (store->events != NULL)
        fclose(store->events);
    g_clear_pointer(&store->folders, g_hash_table_unref);
    g_clear_pointer(&store->taken, g_hash_table_unref);
    g_clear_error(&store->trouble);
    g_free(store->dir);
    g_free(store);
}

/* A name that can be one part of a path, also on file systems stricter than ours. Transfer full. */
static char *safe_name(const char *name)
{
    char *safe = text_cut_bytes(name, NAME_MAX_BYTES);

    for (char *c = safe; *c != '\0'; c++)
        if (strchr("<>:\"/\\|?*;", *c) != NULL || g_ascii_iscntrl(*c))
            *c = '_';
    if (*safe == '.')
        *safe = '_';
    return safe;
}

int store_begin_test(struct store *store, struct test_result *test, GError **err)
{
    g_autofree char *id = test_result_id(test);
    g_autofree char *name = safe_name(id);
    g_autofree char *logdir = g_build_filename("test-results", name, NULL);
    g_autofree char *parent = g_build_filename(store->dir, "test-results", NULL);
    g_autofree char *path = g_build_filename(parent, name, NULL);

    if (make_root(parent, err) < 0)
        return -1;
    if (g_mkdir(path, FOLDER_MODE) < 0)
        return file_fail(err, "create", path);
    g_free(test->logdir);
    test->logdir = g_steal_pointer(&logdir);
    g_hash_table_replace(store->folders, g_steal_pointer(&id), g_steal_pointer(&path));
    return 0;
}

static const char *const level_names[] = {
    [VTMH__LOG_LEVEL__LOG_DEBUG] = "DEBUG",
    [VTMH__LOG_LEVEL__LOG_INFO] = "INFO",
    [VTMH__LOG_LEVEL__LOG_WARNING] = "WARN",
    [VTMH__LOG_LEVEL__LOG_ERROR] = "ERROR",
};

/* The line of a record, line feed included. Transfer full. */
static char *format_record(int64_t time_us, const char *host, const char *role, const char *vm,
                           const char *test, Vtmh__LogLevel level, const char *text)
{
    const char *words[] = {host, role, vm, test};
    g_autofree char *time = text_time(time_us);
    g_autofree char *shown = text_printable(text != NULL ? text : "-");
    GString *line = g_string_new(NULL);

    g_string_printf(line, "%s %-5s", time,
                    (size_t)level < G_N_ELEMENTS(level_names) ? level_names[level] : "ERROR");
    for (unsigned i = 0; i < G_N_ELEMENTS(words); i++) {
        g_autofree char *word = text_printable(words[i] && *words[i] ? words[i] : "-");

        g_string_append_printf(line, " %s", word);
    }
    g_string_append_printf(line, ": %s\n", shown);
    return g_string_free(line, FALSE);
}

void store_log(struct store *store, int64_t time_us, const char *host, const char *role,
               const char *vm, const char *test, Vtmh__LogLevel level, const char *text)
{
    g_autofree char *line = format_record(time_us, host, role, vm, test, level, text);
    const char *folder = test != NULL ? g_hash_table_lookup(store->folders, test) : NULL;
    FILE *own;

    if (fputs(line, store->log) < 0)
        note_trouble(store, "job.log");
    if (folder == NULL)
        return;
    /* Opened each time: thousands of tests must not hold thousands of descriptors. */
    own = open_lines(folder, "debug.log", store->trouble == NULL ? &store->trouble : NULL);
    if (own == NULL)
        return;
    fputs(line, own);
    if (fclose(own) != 0)
        note_trouble(store, "test-results");
}

void store_event(struct store *store, const char *name, json_t *fields)
{
    g_autofree char *time = text_time(g_get_real_time());
    json_t *event =
        json_pack("{s:i, s:s, s:s}", "v", STORE_EVENT_VERSION, "time", time, "event", name);

    if (fields != NULL) {
        json_object_update_missing(event, fields);
        json_decref(fields);
    }
    if (json_dumpf(event, store->events, JSON_COMPACT | JSON_REAL_PRECISION(15)) < 0 ||
        fputc('\n', store->events) == EOF)
        note_trouble(store, "events.ndjson");
    json_decref(event);
}

/* Whether every part of a relative path stays below its folder. */
static bool is_below(const char *path)
{
    g_auto(GStrv) parts = g_strsplit(path, "/", -1);

    if (parts[0] == NULL)
        return false;
    for (char **part = parts; *part != NULL; part++)
        if (**part == '\0' || strcmp(*part, ".") == 0 || strcmp(*part, "..") == 0)
            return false;
    return true;
}

static int append(const char *path, const void *data, size_t size, GError **err)
{
    FILE *file = fopen(path, "ae");
    bool written;

    if (file == NULL)
        return file_fail(err, "write", path);
    written = fwrite(data, 1, size, file) == size;
    written = fclose(file) == 0 && written;
    return written ? 0 : file_fail(err, "write", path);
}

/* Whether a host may add so much to a test's folder; what is too much is an error once. *is_full:
 * there has been that error. */
static int take(struct store *store, const char *id, const char *host, size_t size, bool *is_full,
                GError **err)
{
    g_autofree char *key = g_strdup_printf("%s/%s", id, host);
    size_t taken = GPOINTER_TO_SIZE(g_hash_table_lookup(store->taken, key));

    *is_full = taken > STORE_HOST_BYTES;
    if (*is_full)
        return 0;
    g_hash_table_insert(store->taken, g_steal_pointer(&key), GSIZE_TO_POINTER(taken + size));
    if (taken + size <= STORE_HOST_BYTES)
        return 0;
    g_set_error(err, G_FILE_ERROR, G_FILE_ERROR_NOSPC,
                "the files of %s for test %s are larger than %d MiB: the rest is left out", host,
                id, STORE_HOST_BYTES >> 20);
    return -1;
}

int store_append(struct store *store, const struct test_result *test, const char *host,
                 const char *file, const void *data, size_t size, GError **err)
{
    g_autofree char *id = test_result_id(test);
    g_autofree char *host_name = safe_name(host);
    const char *folder = g_hash_table_lookup(store->folders, id);
    g_autofree char *path = NULL, *parent = NULL;
    bool is_full;

    if (!is_below(file) || *host_name == '\0') {
        g_autofree char *shown = text_printable(file);

        g_set_error(err, G_FILE_ERROR, G_FILE_ERROR_INVAL,
                    "%s sent a file with the forbidden name \"%s\"", host_name, shown);
        return -1;
    }
    if (folder == NULL) {
        g_set_error(err, G_FILE_ERROR, G_FILE_ERROR_NOENT, "test %s has no folder", id);
        return -1;
    }
    if (take(store, id, host_name, size, &is_full, err) < 0)
        return -1;
    if (is_full)
        return 0;
    path = g_build_filename(folder, host_name, file, NULL);
    parent = g_path_get_dirname(path);
    return make_root(parent, err) < 0 ? -1 : append(path, data, size, err);
}

int store_write(struct store *store, const struct test_result *test, const char *file,
                const char *text, GError **err)
{
    g_autofree char *path = g_build_filename(store->dir, test->logdir, file, NULL);

    return file_replace(path, text, err);
}

int store_write_results(struct store *store, const struct job_result *job, GError **err)
{
    g_autofree char *path = g_build_filename(store->dir, "results.json", NULL);

    if (results_json_write(job, path, err) < 0)
        return -1;
    if (store->trouble != NULL) {
        g_propagate_error(err, g_steal_pointer(&store->trouble));
        return -1;
    }
    return 0;
}
