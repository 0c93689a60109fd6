#include "orchestrator/report/file.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

int file_fail(GError **err, const char *what, const char *path)
{
    int code = errno;

    g_set_error(err, G_FILE_ERROR, (int)g_file_error_from_errno(code), "cannot %s %s: %s", what,
                path, g_strerror(code));
    return -1;
}

/* Whether there is something that a plain file must not take the place of. */
static bool is_special(const char *path)
{
    struct stat info;

    return lstat(path, &info) == 0 && !S_ISREG(info.st_mode);
}

static int write_to(const char *path, const char *text)
{
    FILE *file = fopen(path, "we");
    bool written;

    if (file == NULL)
        return -1;
    written = fputs(text, file) >= 0;
    return fclose(file) == 0 && written ? 0 : -1;
}

int file_replace(const char *path, const char *text, GError **err)
{
    g_autofree char *beside = g_strconcat(path, ".new", NULL);

    if (is_special(path))
        return write_to(path, text) < 0 ? file_fail(err, "write", path) : 0;
    if (write_to(beside, text) == 0 && rename(beside, path) == 0)
        return 0;
    file_fail(err, "write", path);
    g_unlink(beside);
    return -1;
}

int file_check(const char *path, GError **err)
{
    g_autofree char *folder = g_path_get_dirname(path);
    struct stat info;

    if (is_special(path)) {
        if (stat(path, &info) == 0 && S_ISDIR(info.st_mode))
            errno = EISDIR;
        else if (access(path, W_OK) == 0)
            return 0;
        return file_fail(err, "write", path);
    }
    return access(folder, W_OK | X_OK) == 0 ? 0 : file_fail(err, "write", path);
}
