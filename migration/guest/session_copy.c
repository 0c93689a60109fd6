/*
 * Files to and from a guest: as the way does it, else in pieces by what the session can run. Either
 * end has the file under another name until it is whole.
 */
#include "migration/guest/session.h"

#include "migration/guest/way.h"
#include "sync/work.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define COPY_MODE 0644
#define PIECE_BYTES ((size_t)262144)
#define PART ".vtmh-part"

/* The SHA-256 of a local file, on the thread pool. */
struct sum {
    const char *path;
    char *hex;
};

#define SUM_BLOCK 262144

static int sum_on_pool(void *arg, GError **err)
{
    struct sum *sum = arg;
    g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_SHA256);
    g_autofree guchar *block = g_malloc(SUM_BLOCK);
    int fd = open(sum->path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : 0;

    while (fd >= 0 && (n = read(fd, block, SUM_BLOCK)) > 0)
        g_checksum_update(checksum, block, n);
    if (n < 0)
        g_set_error(err, SESSION_ERROR, SESSION_ERROR_FAILED, "reading %s: %s", sum->path,
                    g_strerror(errno));
    if (fd >= 0)
        close(fd);
    if (n < 0)
        return -1;
    sum->hex = g_strdup(g_checksum_get_string(checksum));
    return 0;
}

static int check_same(struct session *session, const char *local_path, const char *guest_path,
                      int64_t deadline, GError **err)
{
    g_autofree char *quoted = g_shell_quote(guest_path);
    g_autofree char *command = g_strconcat("sha256sum <", quoted, NULL);
    g_autofree char *there = NULL;
    struct sum sum = {.path = local_path};
    int rc = 0;

    if (session_run_ok(session, command, deadline, &there, err) < 0 ||
        await_work(sum_on_pool, &sum, deadline, err) < 0)
        return -1;
    if (!g_str_has_prefix(there, sum.hex)) {
        g_set_error(err, SESSION_ERROR, SESSION_ERROR_FAILED,
                    "%s: the copy is not what was copied: %s here has the SHA-256 %s, %s there %s",
                    session->where, local_path, sum.hex, guest_path, there);
        rc = -1;
    }
    g_free(sum.hex);
    return rc;
}

/* A piece of a local file, for the thread pool. */
struct piece {
    const char *path;
    int fd;
    off_t at;
    guchar *bytes;
    size_t size; /* to be written, or wanted; then how much there was */
};

static int fail_locally(const char *what, const char *path, GError **err)
{
    g_set_error(err, SESSION_ERROR, SESSION_ERROR_FAILED, "%s %s: %s", what, path,
                g_strerror(errno));
    return -1;
}

static int open_on_pool(void *arg, GError **err)
{
    struct piece *piece = arg;
    struct stat file;

    piece->fd = open(piece->path, O_RDONLY | O_CLOEXEC);
    if (piece->fd < 0 || fstat(piece->fd, &file) < 0)
        return fail_locally("reading", piece->path, err);
    piece->at = file.st_size;
    if (S_ISREG(file.st_mode))
        return 0;
    errno = EINVAL;
    return fail_locally("reading what is no regular file:", piece->path, err);
}

static int make_on_pool(void *arg, GError **err)
{
    struct piece *piece = arg;

    piece->fd = open(piece->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, COPY_MODE);
    return piece->fd < 0 ? fail_locally("writing", piece->path, err) : 0;
}

static int read_on_pool(void *arg, GError **err)
{
    struct piece *piece = arg;
    ssize_t got = pread(piece->fd, piece->bytes, piece->size, piece->at);

    if (got < 0)
        return fail_locally("reading", piece->path, err);
    piece->size = (size_t)got;
    return 0;
}

static int write_on_pool(void *arg, GError **err)
{
    struct piece *piece = arg;

    for (size_t done = 0; done < piece->size;) {
        ssize_t n =
            pwrite(piece->fd, piece->bytes + done, piece->size - done, piece->at + (off_t)done);

        if (n < 0)
            return fail_locally("writing", piece->path, err);
        done += (size_t)n;
    }
    return 0;
}

/* What has been copied since then is told, and is no faster than it may be. */
static int pace(const struct session_copy *how, int64_t began_us, uint64_t done, uint64_t total,
                GError **err)
{
    int64_t ahead_ms;

    if (how->progress != NULL)
        how->progress(done, total, how->arg);
    if (how->bytes_per_s == 0)
        return 0;
    ahead_ms = (int64_t)((double)done * 1000 / (double)how->bytes_per_s) -
               (g_get_monotonic_time() - began_us) / 1000;
    return ahead_ms > 0 ? await_deadline(deadline_in(ahead_ms), err) : 0;
}

/* Runs a command that must succeed, with a piece as its input. */
static int give(struct session *session, const char *command, const struct piece *piece,
                int64_t deadline, GError **err)
{
    g_auto(session_result) result = {0};

    if (session_run(session, command, piece->bytes, piece->size, deadline, &result, err) < 0)
        return -1;
    if (result.status == 0)
        return 0;
    g_set_error(err, SESSION_ERROR, SESSION_ERROR_FAILED, "%s: \"%s\" ended with status %d: %.300s",
                session->where, command, result.status, g_strchomp(result.err));
    return -1;
}

static int put_pieces(struct session *session, struct piece *piece, const char *part,
                      const struct session_copy *how, int64_t deadline, GError **err)
{
    g_autofree char *begin = g_strdup_printf("umask 077; cat >%s", part);
    g_autofree char *more = g_strdup_printf("cat >>%s", part);
    const uint64_t total = (uint64_t)piece->at;
    int64_t began_us = g_get_monotonic_time();

    for (piece->at = 0;; piece->at += (off_t)piece->size) {
        piece->size = PIECE_BYTES;
        if (await_work(read_on_pool, piece, deadline, err) < 0)
            return -1;
        if (piece->at > 0 && piece->size == 0)
            return 0;
        if (give(session, piece->at == 0 ? begin : more, piece, deadline, err) < 0 ||
            pace(how, began_us, (uint64_t)piece->at + piece->size, total, err) < 0)
            return -1;
        if (piece->size == 0)
            return 0;
    }
}

static int put_by_running(struct session *session, const char *local_path, const char *guest_path,
                          const struct session_copy *how, int64_t deadline, GError **err)
{
    g_autofree char *part_path = g_strconcat(guest_path, PART, NULL);
    g_autofree char *part = g_shell_quote(part_path);
    g_autofree char *whole = g_shell_quote(guest_path);
    g_autofree char *end =
        g_strdup_printf("chmod %o %s && mv -f %s %s", (unsigned)how->mode, part, part, whole);
    g_autofree char *remove = g_strdup_printf("rm -f %s", part);
    g_autofree guchar *bytes = g_malloc(PIECE_BYTES);
    struct piece piece = {.path = local_path, .fd = -1, .bytes = bytes};
    GError *why = NULL;
    int rc = await_work(open_on_pool, &piece, deadline, err);

    if (rc == 0 && (put_pieces(session, &piece, part, how, deadline, &why) < 0 ||
                    session_run_ok(session, end, deadline, NULL, &why) < 0)) {
        rc = -1;
        if (g_error_matches(why, SESSION_ERROR, SESSION_ERROR_FAILED))
            session_run_ok(session, remove, deadline, NULL, NULL);
        g_propagate_error(err, why);
    }
    if (piece.fd >= 0)
        close(piece.fd);
    return rc;
}

/* Its size is asked for first: a file that grows is as long as it was then. */
static int get_pieces(struct session *session, struct piece *piece, const char *whole,
                      const struct session_copy *how, int64_t deadline, GError **err)
{
    g_autofree char *ask =
        g_strdup_printf("[ -f %s ] || { echo there is no such file >&2; exit 1; }; "
                        "wc -c <%s",
                        whole, whole);
    g_autofree char *answer = NULL;
    int64_t began_us = g_get_monotonic_time();
    uint64_t total;

    if (session_run_ok(session, ask, deadline, &answer, err) < 0)
        return -1;
    total = g_ascii_strtoull(answer, NULL, 10);
    if (how->max_bytes > 0 && total > how->max_bytes) {
        g_set_error(err, SESSION_ERROR, SESSION_ERROR_FAILED,
                    "%s: %s has more than %" G_GUINT64_FORMAT " bytes", session->where, whole,
                    how->max_bytes);
        return -1;
    }
    for (uint64_t n = 0; n * PIECE_BYTES < total; n++) {
        g_autofree char *command = g_strdup_printf("dd if=%s bs=%zu skip=%" G_GUINT64_FORMAT
                                                   " count=1 2>/dev/null | base64",
                                                   whole, PIECE_BYTES, n);
        size_t wanted = (size_t)MIN(total - n * PIECE_BYTES, PIECE_BYTES);
        g_autofree char *text = NULL;
        gsize size = 0;
        int rc;

        if (session_run_ok(session, command, deadline, &text, err) < 0)
            return -1;
        piece->bytes = g_base64_decode(text, &size);
        piece->at = (off_t)(n * PIECE_BYTES);
        piece->size = MIN(size, wanted);
        if (piece->size < wanted) {
            g_set_error(err, SESSION_ERROR, SESSION_ERROR_FAILED, "%s: %s became shorter",
                        session->where, whole);
            rc = -1;
        } else {
            rc = await_work(write_on_pool, piece, deadline, err);
        }
        g_clear_pointer(&piece->bytes, g_free);
        if (rc < 0 || pace(how, began_us, n * PIECE_BYTES + wanted, total, err) < 0)
            return -1;
    }
    return 0;
}

static int get_by_running(struct session *session, const char *guest_path, const char *local_path,
                          const struct session_copy *how, int64_t deadline, GError **err)
{
    g_autofree char *part = g_strconcat(local_path, PART, NULL);
    g_autofree char *whole = g_shell_quote(guest_path);
    struct piece piece = {.path = part, .fd = -1};
    int rc = await_work(make_on_pool, &piece, deadline, err);

    if (piece.fd < 0)
        return -1;
    if (rc == 0)
        rc = get_pieces(session, &piece, whole, how, deadline, err);
    close(piece.fd);
    if (rc == 0 && rename(part, local_path) < 0)
        rc = fail_locally("writing", local_path, err);
    if (rc < 0)
        unlink(part);
    return rc;
}

static struct session_copy whole(const struct session_copy *how)
{
    struct session_copy copy = how != NULL ? *how : (struct session_copy){0};

    if (copy.mode == 0)
        copy.mode = COPY_MODE;
    return copy;
}

/* As the way does it, in a turn of its own. */
static int put_by_way(struct session *session, const char *local_path, const char *guest_path,
                      const struct session_copy *how, int64_t deadline, GError **err)
{
    GError *error = NULL;

    if (session_begin_turn(session, deadline, err) < 0)
        return -1;
    session->way->put(session, local_path, guest_path, how, deadline, &error);
    return session_end_turn(session, error, err);
}

static int get_by_way(struct session *session, const char *guest_path, const char *local_path,
                      const struct session_copy *how, int64_t deadline, GError **err)
{
    GError *error = NULL;

    if (session_begin_turn(session, deadline, err) < 0)
        return -1;
    session->way->get(session, guest_path, local_path, how, deadline, &error);
    return session_end_turn(session, error, err);
}

int session_put(struct session *session, const char *local_path, const char *guest_path,
                const struct session_copy *how, int64_t deadline, GError **err)
{
    const struct session_copy copy = whole(how);

    if (session_needs_sh(session, "copying a file", err) < 0)
        return -1;
    if ((session->way->put != NULL ? put_by_way : put_by_running)(session, local_path, guest_path,
                                                                  &copy, deadline, err) < 0)
        return -1;
    return copy.check ? check_same(session, local_path, guest_path, deadline, err) : 0;
}

int session_get(struct session *session, const char *guest_path, const char *local_path,
                const struct session_copy *how, int64_t deadline, GError **err)
{
    const struct session_copy copy = whole(how);

    if (session_needs_sh(session, "copying a file", err) < 0)
        return -1;
    if ((session->way->get != NULL ? get_by_way : get_by_running)(session, guest_path, local_path,
                                                                  &copy, deadline, err) < 0)
        return -1;
    return copy.check ? check_same(session, local_path, guest_path, deadline, err) : 0;
}
