/*
 * Copying is running cat on the other side: it needs no SFTP server (small guests have none), and
 * unlike scp it says at the end whether all went well. A file is counted and renamed there before
 * it bears its name, so that a connection that breaks leaves either the old file or the new one.
 */
#include "proto/ssh_private.h"

#include "sync/work.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BLOCK_SIZE 262144 /* 256 KiB */
#define COMPLAINT_MAX 400

struct copy {
    struct ssh *ssh;
    const char *local_path;
    int fd;
    int64_t deadline;
    char *block; /* what has been read ahead from the local file, or is not yet written to it */
    size_t block_at, block_end;
    GString *complaint; /* the other side's stderr */
    uint64_t done, total;
    uint64_t max;  /* that may come; 0: any number */
    int64_t began; /* on the loop's clock, in ms */
    ssh_progress_fn progress;
    void *progress_arg;
};

static int fail_locally(const struct copy *copy, const char *doing, int error, GError **err)
{
    g_set_error(err, SSH_ERROR, SSH_ERROR_CHANNEL, "%s: %s %s: %s", copy->ssh->name, doing,
                copy->local_path, g_strerror(error));
    return -1;
}

static int read_on_pool(void *arg, GError **err)
{
    struct copy *copy = arg;
    ssize_t n;

    do {
        n = read(copy->fd, copy->block, BLOCK_SIZE);
    } while (n < 0 && errno == EINTR);
    if (n < 0)
        return fail_locally(copy, "reading", errno, err);
    copy->block_at = 0;
    copy->block_end = (size_t)n;
    return 0;
}

static int write_on_pool(void *arg, GError **err)
{
    struct copy *copy = arg;

    while (copy->block_at < copy->block_end) {
        ssize_t n = write(copy->fd, copy->block + copy->block_at, copy->block_end - copy->block_at);

        if (n < 0 && errno != EINTR)
            return fail_locally(copy, "writing", errno, err);
        copy->block_at += n > 0 ? (size_t)n : 0;
    }
    copy->block_at = copy->block_end = 0;
    return 0;
}

static void tell_progress(const struct copy *copy)
{
    if (copy->progress != NULL)
        copy->progress(copy->done, copy->total, copy->progress_arg);
}

/* Waits until as much time has gone by as the limit wants for what is done. */
static int keep_to_limit(const struct copy *copy, GError **err)
{
    uint64_t rate = copy->ssh->copy_bytes_per_s;
    int64_t due;

    if (rate == 0)
        return 0;
    due = copy->began + (int64_t)((double)copy->done * 1000 / (double)rate);
    if (due <= (int64_t)uv_now(fiber_loop()))
        return 0;
    return await_deadline(deadline_min(due, copy->deadline), err);
}

static ssize_t fill_from_file(void *arg, void *buffer, size_t size, GError **err)
{
    struct copy *copy = arg;
    size_t n;

    if (copy->block_at == copy->block_end &&
        (keep_to_limit(copy, err) < 0 || await_work(read_on_pool, copy, copy->deadline, err) < 0))
        return -1;
    n = MIN(size, copy->block_end - copy->block_at);
    memcpy(buffer, copy->block + copy->block_at, n);
    copy->block_at += n;
    copy->done += n;
    tell_progress(copy);
    return (ssize_t)n;
}

static void keep_complaint(struct copy *copy, const void *data, size_t size)
{
    g_string_append_len(copy->complaint, data, MIN(size, COMPLAINT_MAX - copy->complaint->len));
}

static int take_complaint(void *arg, int stream, const void *data, size_t size, GError **err)
{
    (void)stream;
    (void)err;
    keep_complaint(arg, data, size);
    return 0;
}

static int take_to_file(void *arg, int stream, const void *data, size_t size, GError **err)
{
    struct copy *copy = arg;

    if (stream != 0) {
        keep_complaint(copy, data, size);
        return 0;
    }
    if (copy->max > 0 && copy->done + size > copy->max) {
        g_set_error(err, SSH_ERROR, SSH_ERROR_CHANNEL,
                    "%s: more than %" G_GUINT64_FORMAT " bytes come", copy->ssh->name, copy->max);
        return -1;
    }
    if (copy->block_end + size > BLOCK_SIZE &&
        await_work(write_on_pool, copy, copy->deadline, err) < 0)
        return -1;
    memcpy(copy->block + copy->block_end, data, size);
    copy->block_end += size;
    copy->done += size;
    tell_progress(copy);
    return keep_to_limit(copy, err);
}

/* Runs a script by the other side's /bin/sh, whatever the login shell is. */
static int run_script(struct copy *copy, const char *script, const struct ssh_command_io *io,
                      const char *doing, GError **err)
{
    g_autofree char *quoted = g_shell_quote(script);
    g_autofree char *command = g_strconcat("/bin/sh -c ", quoted, NULL);
    int status;

    if (ssh_exec(copy->ssh, command, io, copy->deadline, &status, err) < 0) {
        g_prefix_error(err, "%s: ", doing);
        return -1;
    }
    if (status == 0)
        return 0;
    g_strchomp(copy->complaint->str);
    g_set_error(err, SSH_ERROR, SSH_ERROR_CHANNEL, "%s: %s: %s (exit status %d)", copy->ssh->name,
                doing, *copy->complaint->str != '\0' ? copy->complaint->str : "failed there",
                status);
    return -1;
}

static void copy_begin(struct copy *copy, struct ssh *ssh, const char *local_path, int64_t deadline)
{
    *copy = (struct copy){.ssh = ssh, .local_path = local_path, .fd = -1, .deadline = deadline};
    copy->began = (int64_t)uv_now(fiber_loop());
    copy->block = g_malloc(BLOCK_SIZE);
    copy->complaint = g_string_new(NULL);
}

static void copy_end(struct copy *copy)
{
    if (copy->fd >= 0)
        close(copy->fd);
    g_free(copy->block);
    g_string_free(copy->complaint, TRUE);
}

static int open_source(struct copy *copy, GError **err)
{
    struct stat st;

    copy->fd = open(copy->local_path, O_RDONLY | O_CLOEXEC);
    if (copy->fd < 0 || fstat(copy->fd, &st) < 0)
        return fail_locally(copy, "opening", errno, err);
    if (!S_ISREG(st.st_mode))
        return fail_locally(copy, "opening", S_ISDIR(st.st_mode) ? EISDIR : EINVAL, err);
    copy->total = (uint64_t)st.st_size;
    return 0;
}

/* The count is what tells a whole file from one that ended with the connection. */
static char *upload_script(const char *remote_path, uint64_t size, int mode)
{
    g_autofree char *target = g_shell_quote(remote_path);
    g_autofree char *part = g_strdup_printf("%s.part-%08x", remote_path, g_random_int());
    g_autofree char *temporary = g_shell_quote(part);

    return g_strdup_printf("umask 077\n"
                           "if [ -d %s ]; then echo it is a directory >&2; exit 1; fi\n"
                           "cat >%s && [ $(wc -c <%s) -eq %" G_GUINT64_FORMAT
                           " ] && chmod %o %s && mv -f %s %s && exit 0\n"
                           "rm -f %s\n"
                           "exit 1\n",
                           target, temporary, temporary, size, (unsigned)mode, temporary, temporary,
                           target, temporary);
}

int ssh_upload(struct ssh *ssh, const char *local_path, const char *remote_path, int mode,
               ssh_progress_fn progress, void *arg, int64_t deadline, GError **err)
{
    struct copy copy;
    const struct ssh_command_io io = {fill_from_file, take_complaint, &copy};
    g_autofree char *doing = g_strdup_printf("copying %s to %s", local_path, remote_path);
    int rc;

    copy_begin(&copy, ssh, local_path, deadline);
    copy.progress = progress;
    copy.progress_arg = arg;
    rc = open_source(&copy, err);
    if (rc == 0) {
        g_autofree char *script = upload_script(remote_path, copy.total, mode);

        rc = run_script(&copy, script, &io, doing, err);
    }
    copy_end(&copy);
    return rc;
}

static int receive(struct copy *copy, const char *remote_path, GError **err)
{
    const struct ssh_command_io io = {NULL, take_to_file, copy};
    g_autofree char *doing = g_strdup_printf("copying %s from there", remote_path);
    g_autofree char *quoted = g_shell_quote(remote_path);
    g_autofree char *script = g_strdup_printf("exec cat <%s", quoted);

    copy->fd = open(copy->local_path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (copy->fd < 0)
        return fail_locally(copy, "creating", errno, err);
    if (run_script(copy, script, &io, doing, err) < 0)
        return -1;
    return await_work(write_on_pool, copy, copy->deadline, err);
}

int ssh_download(struct ssh *ssh, const char *remote_path, const char *local_path,
                 uint64_t max_bytes, ssh_progress_fn progress, void *arg, int64_t deadline,
                 GError **err)
{
    g_autofree char *part = g_strdup_printf("%s.part-%08x", local_path, g_random_int());
    struct copy copy;
    int rc;

    copy_begin(&copy, ssh, part, deadline);
    copy.max = max_bytes;
    copy.progress = progress;
    copy.progress_arg = arg;
    rc = receive(&copy, remote_path, err);
    if (rc == 0 && g_rename(part, local_path) < 0)
        rc = fail_locally(&copy, "renaming", errno, err);
    if (rc < 0 && copy.fd >= 0)
        g_unlink(part);
    copy_end(&copy);
    return rc;
}
