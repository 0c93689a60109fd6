#include "orchestrator/report/store.h"

#include "orchestrator/report/file.h"
#include "orchestrator/report/host_files.h"
#include "orchestrator/report/parts.h"
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

#define RESERVE_BYTES (1 << 20) /* of the disk: given back when it is full, for results.json */

/* A test that runs. */
struct folder {
    struct parts *log; /* debug.log */
    struct host_files *files;
};

struct store {
    char *dir;
    struct parts *log, *events;
    GHashTable *folders; /* test_result_id() -> struct folder */
    char *trouble;       /* why nothing but results.json is written any more, or NULL */
};

static void free_folder(gpointer data)
{
    struct folder *folder = data;

    parts_free(folder->log);
    host_files_free(folder->files);
    g_free(folder);
}

static struct folder *new_folder(const char *path)
{
    struct folder *folder = g_new0(struct folder, 1);
    g_autofree char *log = g_build_filename(path, "debug.log", NULL);

    folder->log = parts_new(log, STORE_PART_BYTES, 1);
    folder->files = host_files_new(path);
    return folder;
}

/* What cannot be written is the end of writing: half a log proves nothing. Takes the error. */
static void stop_writing(struct store *store, GError *error)
{
    if (store->trouble == NULL)
        store->trouble = g_strdup(error->message);
    g_error_free(error);
}

static void add_to(struct store *store, struct parts *file, const char *text)
{
    GError *error = NULL;

    if (store->trouble == NULL && parts_append(file, text, strlen(text), &error) < 0)
        stop_writing(store, error);
}

static char *path_in(const struct store *store, const char *name)
{
    return g_build_filename(store->dir, name, NULL);
}

static struct parts *file_in(const struct store *store, const char *name, int64_t part_bytes,
                             unsigned n_before)
{
    g_autofree char *path = path_in(store, name);

    return parts_new(path, part_bytes, n_before);
}

/* A disk that is full takes at least results.json, which says so. */
static void reserve(const struct store *store)
{
    g_autofree char *path = path_in(store, ".reserve");
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

    if (fd < 0)
        return;
    if (fallocate(fd, 0, 0, RESERVE_BYTES) < 0)
        g_unlink(path);
    close(fd);
}

static void give_back(const struct store *store)
{
    g_autofree char *path = path_in(store, ".reserve");

    g_unlink(path);
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
    store->folders = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_folder);
    store->log = file_in(store, "job.log", STORE_PART_BYTES, 2);
    store->events = file_in(store, "events.ndjson", STORE_PART_BYTES, 2);
    id_path = g_build_filename(store->dir, "id", NULL);
    id_line = g_strconcat(job->id, "\n", NULL);
    if (file_replace(id_path, id_line, err) < 0)
        return NULL;
    /* Both are there from the beginning, for tail -f. */
    if (parts_append(store->log, "", 0, err) < 0 || parts_append(store->events, "", 0, err) < 0 ||
        store_write_results(store, job, err) < 0)
        return NULL;
    reserve(store);
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
    if (store->dir != NULL)
        give_back(store);
    parts_free(store->log);
    parts_free(store->events);
    g_clear_pointer(&store->folders, g_hash_table_unref);
    g_free(store->trouble);
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
    g_hash_table_replace(store->folders, g_steal_pointer(&id), new_folder(path));
    return 0;
}

void store_end_test(struct store *store, const struct test_result *test)
{
    g_autofree char *id = test_result_id(test);

    g_hash_table_remove(store->folders, id);
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
    const struct folder *folder = test != NULL ? g_hash_table_lookup(store->folders, test) : NULL;

    if (level != VTMH__LOG_LEVEL__LOG_DEBUG)
        add_to(store, store->log, line);
    if (folder != NULL)
        add_to(store, folder->log, line);
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
    char *text = json_dumps(event, JSON_COMPACT | JSON_REAL_PRECISION(15));
    g_autofree char *line = g_strconcat(text, "\n", NULL);

    add_to(store, store->events, line);
    free(text);
    json_decref(event);
}

/* A host's file whose middle is left out from now on. */
static void tell_gap(struct store *store, const char *host, const char *id, const char *file)
{
    g_autofree char *text =
        g_strdup_printf("%s has become too long: what comes between %s.first and %s.1 is left out",
                        file, file, file);

    store_log(store, g_get_real_time(), host, NULL, NULL, id, VTMH__LOG_LEVEL__LOG_INFO, text);
}

int store_append(struct store *store, const struct test_result *test, const char *host,
                 const char *file, const void *data, size_t size, GError **err)
{
    g_autofree char *id = test_result_id(test);
    g_autofree char *host_name = safe_name(host);
    struct folder *folder = g_hash_table_lookup(store->folders, id);
    g_autoptr(GError) error = NULL;

    if (folder == NULL) {
        g_set_error(err, G_FILE_ERROR, G_FILE_ERROR_NOENT, "test %s has no folder", id);
        return -1;
    }
    if (store->trouble != NULL)
        return 0;
    switch (host_files_append(folder->files, host_name, file, data, size, &error)) {
    case HOST_FILES_GAP:
        tell_gap(store, host_name, id, file);
        return 0;
    case HOST_FILES_BROKEN:
        stop_writing(store, g_steal_pointer(&error));
        return 0;
    case HOST_FILES_REFUSED:
        g_propagate_error(err, g_steal_pointer(&error));
        return -1;
    default:
        return 0;
    }
}

int store_write(struct store *store, const struct test_result *test, const char *file,
                const char *text, GError **err)
{
    g_autofree char *path = g_build_filename(store->dir, test->logdir, file, NULL);

    return file_replace(path, text, err);
}

const char *store_trouble(const struct store *store)
{
    return store->trouble;
}

int store_write_results(struct store *store, const struct job_result *job, GError **err)
{
    g_autofree char *path = path_in(store, "results.json");

    if (results_json_write(job, path, NULL) == 0)
        return 0;
    give_back(store);
    return results_json_write(job, path, err);
}
