#include "migration/storage/look.h"

#include "migration/storage/image_file.h"
#include "sync/child.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHAIN_MAX 64 /* files that build on one another */

static json_t *trouble(const char *format, ...) G_GNUC_PRINTF(1, 2);
static json_t *trouble(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    g_autofree char *valid = g_utf8_make_valid(text, -1);
    return json_pack("{s:s}", "trouble", valid);
}

static void add_file(json_t *files, const struct image_file *file)
{
    json_t *entry = json_pack("{s:s, s:I, s:I}", "path", file->path, "device",
                              (json_int_t)file->device, "inode", (json_int_t)file->inode);

    if (entry != NULL)
        json_array_append_new(files, entry);
}

static bool was_seen(const json_t *files, const struct image_file *file)
{
    size_t i;
    const json_t *entry;

    json_array_foreach (files, i, entry)
        if (strcmp(json_string_value(json_object_get(entry, "path")), file->path) == 0)
            return true;
    return false;
}

/* What QEMU opens itself, and we know nothing of. */
static bool is_elsewhere(const char *name)
{
    return *name != '/';
}

/* Adds what the file builds on. NULL: all of it is there; transfer full. */
static json_t *look_below(const struct image_file *top, json_t *files)
{
    g_autofree char *backing = g_strdup(top->backing);
    g_autofree char *format = g_strdup(top->backing_format);
    g_autofree char *above = g_strdup(top->path);

    while (backing != NULL && !is_elsewhere(backing)) {
        g_autoptr(GError) error = NULL;
        g_autoptr(image_file) file = image_file_read(backing, &error);
        if (file == NULL)
            return trouble("%s builds on %s, which cannot be used: %s", above, backing,
                           error->message);
        if (was_seen(files, file) || json_array_size(files) >= CHAIN_MAX)
            return trouble("%s builds on itself, or on more than %d files", top->path, CHAIN_MAX);
        if (format != NULL && strcmp(format, file->format) != 0)
            return trouble("%s builds on %s as %s, but that is in the format %s", above, backing,
                           format, file->format);
        add_file(files, file);
        g_free(above);
        above = g_strdup(file->path);
        g_free(backing);
        backing = g_strdup(file->backing);
        g_free(format);
        format = g_strdup(file->backing_format);
    }
    return NULL;
}

static json_t *locked(const struct image_file *file)
{
    g_autofree char *holders = image_file_holders(file);

    return trouble("%s is in use: %s%s has locked it", file->path,
                   holders != NULL ? holders : "somebody", holders != NULL ? "" : " who");
}

static json_t *look_at_image(const json_t *question)
{
    const char *path = json_string_value(json_object_get(question, "image"));
    const char *format = json_string_value(json_object_get(question, "format"));
    bool writes = json_is_true(json_object_get(question, "writes"));
    g_autoptr(GError) error = NULL;
    g_autoptr(image_file) file = image_file_read(path, &error);
    json_auto_t *files = json_array();
    json_t *below;

    if (file == NULL || (writes && image_file_check_writable(path, &error) < 0))
        return trouble("%s", error->message);
    if (format != NULL && strcmp(format, file->format) != 0)
        return trouble("%s is to be in the format %s, but it is %s%s", path, format,
                       strcmp(file->format, "raw") == 0 ? "in none that is known; is it raw?" : "",
                       strcmp(file->format, "raw") == 0 ? "" : file->format);
    if (image_file_is_locked(path))
        return locked(file);
    add_file(files, file);
    below = look_below(file, files);
    if (below != NULL)
        return below;
    if (file->data_file != NULL && access(file->data_file, writes ? R_OK | W_OK : R_OK) < 0)
        return trouble("%s has its data in %s, which cannot be used: %s", path, file->data_file,
                       g_strerror(errno));
    return json_pack("{s:O, s:I, s:s}", "files", files, "size", (json_int_t)file->size, "format",
                     file->format);
}

static json_t *look_at_place(const json_t *question)
{
    const char *path = json_string_value(json_object_get(question, "place"));
    g_autofree char *folder = g_path_get_dirname(path);
    g_autofree char *name = g_path_get_basename(path);
    g_autofree char *real = realpath(folder, NULL);
    struct stat info;

    if (real == NULL)
        return trouble("%s cannot be made: %s: %s", path, folder, g_strerror(errno));
    if (access(real, W_OK | X_OK) < 0)
        return trouble("%s cannot be made: its folder cannot be written: %s", path,
                       g_strerror(errno));
    g_autofree char *own = g_build_filename(real, name, NULL);
    g_autoptr(image_file) there = image_file_read(own, NULL);
    if (there != NULL && image_file_is_locked(own))
        return locked(there);
    return json_pack("{s:[{s:s}], s:b}", "files", "path", own, "exists", lstat(own, &info) == 0);
}

static json_t *look_at_format(const char *path)
{
    g_autoptr(image_file) file = image_file_read(path, NULL);

    return file != NULL ? json_pack("{s:s}", "format", file->format) : json_object();
}

static json_t *look_at_lock(const char *path)
{
    struct image_file file = {.path = (char *)path};
    struct stat info;

    if (!image_file_is_locked(path))
        return json_object();
    if (stat(path, &info) == 0) {
        file.device = info.st_dev;
        file.inode = info.st_ino;
    }
    return locked(&file);
}

static json_t *write_token(const char *path)
{
    g_autofree char *name = g_path_get_basename(path);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

    if (fd < 0)
        return trouble("%s cannot be written: %s", path, g_strerror(errno));
    bool is_written = write(fd, name, strlen(name)) == (ssize_t)strlen(name) && fsync(fd) == 0;
    int error = errno;
    if (close(fd) < 0 && is_written) {
        is_written = false;
        error = errno;
    }
    if (is_written)
        return json_object();
    unlink(path);
    return trouble("%s cannot be written: %s", path, g_strerror(error));
}

/* Opened once, by a name that nobody here has looked up before: a network file system remembers for
 * a while that there was no such name, and what a file held. */
static json_t *read_token(const char *path)
{
    g_autofree char *name = g_path_get_basename(path);
    char text[256];
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    ssize_t size = fd >= 0 ? read(fd, text, sizeof(text)) : -1;

    if (fd >= 0)
        close(fd);
    return json_pack("{s:b}", "same",
                     size == (ssize_t)strlen(name) && memcmp(text, name, (size_t)size) == 0);
}

static json_t *answer(const json_t *question)
{
    const char *path;

    if (json_is_string(json_object_get(question, "image")))
        return look_at_image(question);
    if ((path = json_string_value(json_object_get(question, "format"))) != NULL)
        return look_at_format(path);
    if (json_is_string(json_object_get(question, "place")))
        return look_at_place(question);
    if ((path = json_string_value(json_object_get(question, "lock"))) != NULL)
        return look_at_lock(path);
    if ((path = json_string_value(json_object_get(question, "write"))) != NULL)
        return write_token(path);
    if ((path = json_string_value(json_object_get(question, "read"))) != NULL)
        return read_token(path);
    if ((path = json_string_value(json_object_get(question, "remove"))) != NULL)
        unlink(path);
    return json_object();
}

json_t *look_answer(const json_t *questions)
{
    json_t *answers = json_array();
    const json_t *question;
    size_t i;

    json_array_foreach (questions, i, question) {
        json_t *one = answer(question);
        /* A path that is no UTF-8 cannot be told. */
        json_array_append_new(answers,
                              one != NULL ? one : trouble("its path cannot be written down"));
    }
    return answers;
}

int look_main(void)
{
    json_auto_t *questions = json_loadf(stdin, 0, NULL);
    json_auto_t *answers = look_answer(questions);

    return json_is_array(questions) && json_dumpf(answers, stdout, JSON_COMPACT) == 0 &&
                   fflush(stdout) == 0
               ? 0
               : 1;
}

json_t *look_ask(json_t *questions, const char *about, int64_t deadline, GError **err)
{
    json_auto_t *asked = questions;
    g_autofree char *text = json_dumps(asked, JSON_COMPACT);
    g_autofree char *program = g_file_read_link("/proc/self/exe", err);
    const char *const argv[] = {program, "look", NULL};
    g_autofree char *out = NULL;
    g_autoptr(GError) error = NULL;
    int status;

    if (program == NULL)
        return NULL;
    if (child_run(argv, text != NULL ? text : "[]", deadline, &status, &out, NULL, &error) < 0) {
        if (g_error_matches(error, SYNC_ERROR, SYNC_ERROR_TIMEOUT))
            g_set_error(err, SYNC_ERROR, SYNC_ERROR_TIMEOUT,
                        "the storage of %s does not answer in time", about);
        else
            g_propagate_error(err, g_steal_pointer(&error));
        return NULL;
    }
    json_t *answers = json_loads(out, 0, NULL);
    if (status == 0 && json_array_size(answers) == json_array_size(asked))
        return answers;
    json_decref(answers);
    g_autofree char *how = child_describe_status(status);
    g_set_error(err, SYNC_ERROR, SYNC_ERROR_SYSTEM, "%s could not be looked at: %s look: %s", about,
                program, how);
    return NULL;
}
