#include "orchestrator/report/parts.h"

#include "orchestrator/report/file.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <sys/stat.h>
#include <unistd.h>

struct parts {
    char *path;
    int64_t part_bytes;
    unsigned n_before;
    int fd;        /* of the newest part; -1: at rest */
    int64_t size;  /* of the newest part */
    GQueue before; /* int64_t *: sizes of NAME.1, NAME.2 … */
    int64_t first; /* size of NAME.first; -1: there is none yet */
    bool has_gap;
};

struct parts *parts_new(const char *path, int64_t part_bytes, unsigned n_before)
{
    struct parts *parts = g_new0(struct parts, 1);

    parts->path = g_strdup(path);
    parts->part_bytes = part_bytes;
    parts->n_before = n_before;
    parts->fd = -1;
    parts->first = -1;
    g_queue_init(&parts->before);
    return parts;
}

static int open_newest(struct parts *parts, GError **err)
{
    struct stat info;

    if (parts->fd >= 0)
        return 0;
    parts->fd = open(parts->path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0666);
    if (parts->fd < 0 || fstat(parts->fd, &info) < 0)
        return file_fail(err, "write", parts->path);
    parts->size = info.st_size;
    return 0;
}

static char *part_path(const struct parts *parts, unsigned number)
{
    return number == 0 ? g_strdup(parts->path) : g_strdup_printf("%s.%u", parts->path, number);
}

static int move(const char *from, const char *to, GError **err)
{
    return g_rename(from, to) < 0 ? file_fail(err, "rename", from) : 0;
}

/* NAME.2 becomes NAME.3, NAME.1 NAME.2, NAME NAME.1; the oldest goes. */
static int shift(struct parts *parts, GError **err)
{
    int64_t size = parts->size;

    for (unsigned i = parts->before.length + 1; i > 0; i--) {
        g_autofree char *from = part_path(parts, i - 1);
        g_autofree char *to = part_path(parts, i);

        if (i > parts->n_before) {
            if (g_unlink(from) < 0 && errno != ENOENT)
                return file_fail(err, "remove", from);
            if (i > 1)
                g_free(g_queue_pop_tail(&parts->before));
            else
                size = -1;
            parts->has_gap = true;
        } else if (move(from, to, err) < 0) {
            return -1;
        }
    }
    if (size >= 0)
        g_queue_push_head(&parts->before, g_memdup2(&size, sizeof size));
    return 0;
}

/* The newest part is complete: the next begins. */
static int turn(struct parts *parts, GError **err)
{
    g_autofree char *first = g_strconcat(parts->path, ".first", NULL);

    parts_rest(parts);
    if (parts->first < 0) {
        if (move(parts->path, first, err) < 0)
            return -1;
        parts->first = parts->size;
    } else if (shift(parts, err) < 0) {
        return -1;
    }
    parts->size = 0;
    return 0;
}

static int write_all(struct parts *parts, const char *data, size_t size, GError **err)
{
    size_t written = 0;

    if (open_newest(parts, err) < 0)
        return -1;
    while (written < size) {
        ssize_t n = write(parts->fd, data + written, size - written);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            int code = n < 0 ? errno : ENOSPC;

            if (written > 0 && ftruncate(parts->fd, parts->size) < 0)
                parts->size += (int64_t)written;
            errno = code;
            return file_fail(err, "write", parts->path);
        }
        written += (size_t)n;
    }
    parts->size += (int64_t)size;
    return 0;
}

/* How much of data goes into the newest part: to its last line that does. */
static size_t fitting(const struct parts *parts, const char *data, size_t size)
{
    size_t room = (size_t)MAX(parts->part_bytes - parts->size, 0);
    size_t fits = room;

    if (parts->part_bytes == 0 || size <= room)
        return size;
    while (fits > 0 && data[fits - 1] != '\n')
        fits--;
    return fits > 0 || parts->size > 0 ? fits : room;
}

int parts_append(struct parts *parts, const void *data, size_t size, GError **err)
{
    const char *rest = data;

    if (open_newest(parts, err) < 0)
        return -1;
    while (size > 0) {
        size_t n = fitting(parts, rest, size);

        if (n > 0 && write_all(parts, rest, n, err) < 0)
            return -1;
        rest += n;
        size -= n;
        if (size > 0 && turn(parts, err) < 0)
            return -1;
    }
    return 0;
}

int64_t parts_bytes(const struct parts *parts)
{
    int64_t bytes = parts->size + MAX(parts->first, 0);

    for (const GList *part = parts->before.head; part != NULL; part = part->next)
        bytes += *(const int64_t *)part->data;
    return bytes;
}

bool parts_have_gap(const struct parts *parts)
{
    return parts->has_gap;
}

void parts_rest(struct parts *parts)
{
    if (parts->fd >= 0)
        close(parts->fd);
    parts->fd = -1;
}

void parts_free(struct parts *parts)
{
    if (parts == NULL)
        return;
    parts_rest(parts);
    g_queue_clear_full(&parts->before, g_free);
    g_free(parts->path);
    g_free(parts);
}
