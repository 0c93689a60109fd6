/*
 * Files that are to be kept of a guest (vm_extra_dump_paths), copied out of it before its VM is
 * ended, also after a failure: each as VM.dump.PATH in the test's folder, with %2F for a slash.
 * What is asked for and cannot be had makes a pass a WARN.
 */
#include "migration/guest/login.h"
#include "migration/guest/session.h"
#include "migration/params.h"
#include "migration/scenario/process/rows.h"

#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define ALL_MS 120000
#define FILES_MAX 200
#define BYTES_MAX (64 * 1024 * 1024) /* of a VM: they lie in memory until they have been sent */

const char *const extra_dumps_params[] = {"vm_extra_dump_paths", NULL};

struct dumping {
    const struct step_on *on;
    int64_t deadline;
    int64_t bytes;
    unsigned n_files;
};

static int set_reason(GError **err, const char *path, const char *why)
{
    g_set_error(err, VM_ERROR, VM_ERROR_GUEST, "%s: %s", path, why);
    return -1;
}

/* What the guest says to a command that must succeed. Transfer full. */
static char *ask(const struct dumping *dumping, const char *path, const char *command, GError **err)
{
    g_autofree char *said = NULL;
    int status;
    if (guest_run(dumping->on->seat->guest, command, dumping->deadline, &status, &said, err) < 0)
        return NULL;
    if (status == 0)
        return g_steal_pointer(&said);
    g_strstrip(said);
    set_reason(err, path, *said != '\0' ? said : "cannot be read");
    return NULL;
}

static int copy_file(struct dumping *dumping, const char *path, GError **err)
{
    const struct seat *seat = dumping->on->seat;
    g_autofree char *quoted = g_shell_quote(path);
    g_autofree char *command = g_strdup_printf("wc -c <%s", quoted);
    g_autofree char *size = ask(dumping, path, command, err);
    if (size == NULL)
        return -1;
    int64_t bytes = strtoll(size, NULL, 10);
    if (bytes > STEP_FILE_BYTES)
        return set_reason(err, path, "no file of more than 4 MiB is kept");
    int64_t left = BYTES_MAX - dumping->bytes;
    if (bytes < 0 || left <= 0 || bytes > left)
        return set_reason(err, path, "no more than 64 MiB are kept of a VM");

    /* The folder of a test has no others in it, and a name nothing that a terminal would obey. */
    g_autofree char *name = g_uri_escape_string(path, " ", FALSE);
    g_autofree char *kept =
        g_strdup_printf("%s/%s.dump.%s", seat->test->host->log_dir, seat->name, name);
    /* What the guest says of a size is only what it says. */
    const struct session_copy how = {.check = true,
                                     .max_bytes = (uint64_t)MIN(left, STEP_FILE_BYTES)};
    g_autoptr(session) session = guest_file_login(seat->guest, dumping->deadline, err);
    if (session == NULL)
        return -1;
    /* One that grew meanwhile, which is told, is there all the same. */
    struct stat info;
    int result = session_get(session, path, kept, &how, dumping->deadline, err);
    dumping->bytes += g_stat(kept, &info) == 0 ? (int64_t)info.st_size : 0;
    return result;
}

/* A file, or all files below a folder; a link is what it leads to. */
static int copy_path(struct dumping *dumping, const char *path, GError **err)
{
    g_autofree char *quoted = g_shell_quote(path);
    g_autofree char *command =
        g_strdup_printf("if [ -d %s ]; then exec find -H %s -type f; fi\n"
                        "[ -f %s ] || { echo there is no such file or folder; exit 1; }\n"
                        "printf '%%s\\n' %s",
                        quoted, quoted, quoted, quoted);
    g_autofree char *list = ask(dumping, path, command, err);
    if (list == NULL)
        return -1;
    g_auto(GStrv) files = g_strsplit(list, "\n", -1);
    int result = 0;
    for (char **file = files; *file != NULL; file++) {
        if (**file == '\0')
            continue;
        if (dumping->n_files++ >= FILES_MAX)
            return set_reason(result == 0 ? err : NULL, path,
                              "no more than 200 files are kept of a VM");
        /* What cannot be had of a folder is told, and the rest had. */
        if (copy_file(dumping, *file, result == 0 ? err : NULL) < 0)
            result = -1;
    }
    return result;
}

static void warn(const struct step_on *on, const char *why)
{
    test_warn(on->scene->test, "not all of vm_extra_dump_paths of %s was kept: %s", on->seat->name,
              why);
    host_log(on->scene->test->host, VTMH__LOG_LEVEL__LOG_WARNING, NULL, on->seat->name,
             "vm_extra_dump_paths: %s", why);
}

int extra_dumps_end(struct step_on *on, GError **err)
{
    const struct seat *seat = on->seat;
    const char *text = param_text(on->params, "vm_extra_dump_paths");
    (void)err;
    if (text == NULL || seat->vm == NULL || on->scene->test->host->log_dir == NULL)
        return 0;
    if (event_is_set(vm_exited(seat->vm)) || !guest_is_up(seat->guest)) {
        warn(on, "the guest does not run any more");
        return 0;
    }
    struct dumping dumping = {.on = on, .deadline = step_deadline(on, ALL_MS)};
    g_auto(GStrv) paths = g_strsplit(text, ";", -1);
    fiber_shield(); /* the abort that follows each failure comes meanwhile */
    for (char **path = paths; *path != NULL; path++) {
        g_autoptr(GError) error = NULL;
        if (*g_strstrip(*path) != '\0' && copy_path(&dumping, *path, &error) < 0)
            warn(on, error->message);
    }
    fiber_unshield();
    return 0;
}
