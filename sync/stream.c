/*
 * A descriptor has one uv_poll handle (libuv allows no second), shared by two sides, the reader and
 * the writer. libuv watches what they wait for, and goes on watching after it has happened, as the
 * next wait mostly follows at once; what happens while nobody waits is then no longer watched.
 */
#include "sync/stream.h"

#include "sync/fiber_private.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define READ_AHEAD 16384

/* Reads or writes done at once before the fiber lets others run. */
#define IO_PER_TURN 32

struct side {
    int uv_event;
    bool is_awaited;
    struct event ready;
};

struct stream {
    int fd;
    bool is_tty;
    bool is_closed;
    uv_poll_t poll;
    int watched; /* uv events */
    struct side reader, writer;
    unsigned refs;       /* one for the handle, one for each call under way */
    unsigned io_at_once; /* since the last wait */
    GByteArray *ahead;   /* read by stream_read_line(), not yet given out */
};

static void stream_unref(struct stream *stream)
{
    if (--stream->refs > 0)
        return;
    g_byte_array_unref(stream->ahead);
    g_free(stream);
}

static void on_closed(uv_handle_t *handle)
{
    stream_unref(handle->data);
}

static void on_ready(uv_poll_t *poll, int status, int events);

static void watch(struct stream *stream, int events)
{
    if (events == stream->watched)
        return;
    stream->watched = events;
    if (events)
        uv_poll_start(&stream->poll, events, on_ready);
    else
        uv_poll_stop(&stream->poll);
}

static void on_ready(uv_poll_t *poll, int status, int events)
{
    struct stream *stream = poll->data;
    struct side *sides[] = {&stream->reader, &stream->writer};
    int unwanted = 0;

    if (status < 0) {
        /* libuv has stopped watching. What is wrong, the next read or write will tell. */
        stream->watched = 0;
        events = UV_READABLE | UV_WRITABLE;
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(sides); i++) {
        if (!(events & sides[i]->uv_event))
            continue;
        if (!sides[i]->is_awaited)
            unwanted |= sides[i]->uv_event;
        sides[i]->is_awaited = false;
        event_set(&sides[i]->ready);
    }
    watch(stream, stream->watched & ~unwanted);
}

struct stream *stream_new(int fd, GError **err)
{
    struct stream *stream = g_new0(struct stream, 1);
    int status;

    stream->fd = fd;
    stream->is_tty = isatty(fd);
    stream->reader.uv_event = UV_READABLE;
    stream->writer.uv_event = UV_WRITABLE;
    stream->poll.data = stream;
    status = uv_poll_init(fiber_loop(), &stream->poll, fd);
    if (status < 0) {
        g_set_error(err, SYNC_ERROR, SYNC_ERROR_SYSTEM, "cannot poll descriptor %d: %s", fd,
                    uv_strerror(status));
        close(fd);
        g_free(stream);
        return NULL;
    }
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    stream->refs = 1;
    stream->ahead = g_byte_array_new();
    return stream;
}

/* Begins the wait of one side, adding its event to the list. */
static void side_begin(struct side *side, int uv_events, struct event *events[], unsigned *n)
{
    if (!(uv_events & side->uv_event))
        return;
    if (side->is_awaited)
        g_error("two fibers wait for the same side of a stream");
    side->is_awaited = true;
    event_reset(&side->ready);
    events[(*n)++] = &side->ready;
}

static void side_end(struct side *side, int uv_events)
{
    if (uv_events & side->uv_event)
        side->is_awaited = false;
}

static bool check_open(struct stream *stream, GError **err)
{
    if (stream->is_closed)
        g_set_error_literal(err, SYNC_ERROR, SYNC_ERROR_CLOSED, "the stream was closed");
    return !stream->is_closed;
}

/* As stream_await(), for a caller that holds a reference. */
static int wait_ready(struct stream *stream, int uv_events, int64_t deadline, GError **err)
{
    struct event *events[2];
    unsigned n = 0;
    int index;

    side_begin(&stream->reader, uv_events, events, &n);
    side_begin(&stream->writer, uv_events, events, &n);
    watch(stream, stream->watched | uv_events);
    index = await_any(events, n, deadline, err);
    side_end(&stream->reader, uv_events);
    side_end(&stream->writer, uv_events);
    stream->io_at_once = 0;
    return index < 0 || !check_open(stream, err) ? -1 : 0;
}

int stream_await(struct stream *stream, int uv_events, int64_t deadline, GError **err)
{
    int result;

    g_assert(uv_events && !(uv_events & ~(UV_READABLE | UV_WRITABLE)));
    if ((uv_events & UV_READABLE) && stream->ahead->len > 0)
        return fiber_check_cancelled(fiber_self(), err) ? -1 : 0;
    stream->refs++;
    result = wait_ready(stream, uv_events, deadline, err);
    stream_unref(stream);
    return result;
}

/* Before each attempt to read or write: whether the fiber may go on. */
static int begin_io(struct stream *stream, GError **err)
{
    if (fiber_check_cancelled(fiber_self(), err))
        return -1;
    if (++stream->io_at_once < IO_PER_TURN)
        return 0;
    stream->io_at_once = 0;
    return await_turn(err) < 0 || !check_open(stream, err) ? -1 : 0;
}

/* After a failed attempt: waits when that is all it needs, else sets err and returns -1. */
static int recover(struct stream *stream, int error, int uv_event, int64_t deadline, GError **err)
{
    bool is_gone = error == EPIPE || error == ECONNRESET;

    if (error == EINTR)
        return 0;
    if (error == EAGAIN || error == EWOULDBLOCK)
        return wait_ready(stream, uv_event, deadline, err);
    g_set_error(err, SYNC_ERROR, is_gone ? SYNC_ERROR_CLOSED : SYNC_ERROR_SYSTEM, "%s: %s",
                uv_event == UV_READABLE ? "reading" : "writing", g_strerror(error));
    return -1;
}

static ssize_t read_some(struct stream *stream, void *buffer, size_t size, int64_t deadline,
                         GError **err)
{
    for (;;) {
        ssize_t n;

        if (begin_io(stream, err) < 0)
            return -1;
        n = read(stream->fd, buffer, size);
        if (n >= 0)
            return n;
        /* So a pseudo terminal says that the last program on its other side is gone. */
        if (errno == EIO && stream->is_tty)
            return 0;
        if (recover(stream, errno, UV_READABLE, deadline, err) < 0)
            return -1;
    }
}

ssize_t stream_read(struct stream *stream, void *buffer, size_t size, int64_t deadline,
                    GError **err)
{
    ssize_t n;

    if (stream->ahead->len > 0) {
        if (fiber_check_cancelled(fiber_self(), err))
            return -1;
        n = (ssize_t)MIN(size, stream->ahead->len);
        memcpy(buffer, stream->ahead->data, (size_t)n);
        g_byte_array_remove_range(stream->ahead, 0, (guint)n);
        return n;
    }
    stream->refs++;
    n = read_some(stream, buffer, size, deadline, err);
    stream_unref(stream);
    return n;
}

/* Takes the first `length` bytes read ahead as a line, and `skip` more that are no part of it. */
static char *take_line(struct stream *stream, size_t length, size_t skip)
{
    const char *data = (const char *)stream->ahead->data;
    size_t end = length > 0 && data[length - 1] == '\r' ? length - 1 : length;
    char *line = g_strndup(data, end);

    g_byte_array_remove_range(stream->ahead, 0, (guint)(length + skip));
    return line;
}

static char *read_line(struct stream *stream, size_t max_bytes, int64_t deadline, GError **err)
{
    char buffer[READ_AHEAD];
    size_t searched = 0;

    for (;;) {
        GByteArray *ahead = stream->ahead;
        uint8_t *end = ahead->len > searched
                           ? memchr(ahead->data + searched, '\n', ahead->len - searched)
                           : NULL;
        size_t length = end ? (size_t)(end - ahead->data) : ahead->len;
        ssize_t n;

        if (length > max_bytes) {
            g_set_error(err, SYNC_ERROR, SYNC_ERROR_LIMIT, "a line is longer than %zu bytes",
                        max_bytes);
            return NULL;
        }
        if (end)
            return take_line(stream, length, 1);
        searched = length;
        n = read_some(stream, buffer, sizeof(buffer), deadline, err);
        if (n < 0)
            return NULL;
        if (n == 0 && length > 0)
            return take_line(stream, length, 0);
        if (n == 0) {
            g_set_error_literal(err, SYNC_ERROR, SYNC_ERROR_CLOSED, "the stream has ended");
            return NULL;
        }
        g_byte_array_append(ahead, (uint8_t *)buffer, (guint)n);
    }
}

char *stream_read_line(struct stream *stream, size_t max_bytes, int64_t deadline, GError **err)
{
    char *line;

    if (fiber_check_cancelled(fiber_self(), err))
        return NULL;
    stream->refs++;
    line = read_line(stream, max_bytes, deadline, err);
    stream_unref(stream);
    return line;
}

/* One attempt. The descriptors, if any, go with the first byte. */
static ssize_t write_some(struct stream *stream, const void *data, size_t size, const int *fds,
                          unsigned n_fds)
{
    struct iovec part = {.iov_base = (void *)data, .iov_len = size};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    g_autofree struct cmsghdr *control = NULL;

    if (n_fds == 0)
        return write(stream->fd, data, size);
    control = g_malloc0(CMSG_SPACE(n_fds * sizeof(int)));
    message.msg_control = control;
    message.msg_controllen = CMSG_SPACE(n_fds * sizeof(int));
    control->cmsg_level = SOL_SOCKET;
    control->cmsg_type = SCM_RIGHTS;
    control->cmsg_len = CMSG_LEN(n_fds * sizeof(int));
    memcpy(CMSG_DATA(control), fds, n_fds * sizeof(int));
    return sendmsg(stream->fd, &message, MSG_NOSIGNAL);
}

int stream_write_fds(struct stream *stream, const void *data, size_t size, const int *fds,
                     unsigned n_fds, int64_t deadline, GError **err)
{
    const char *rest = data;
    int result = 0;

    g_assert(n_fds == 0 || size > 0);
    stream->refs++;
    while (size > 0 && result == 0) {
        ssize_t n;

        result = begin_io(stream, err);
        if (result < 0)
            break;
        n = write_some(stream, rest, size, fds, n_fds);
        if (n < 0) {
            result = recover(stream, errno, UV_WRITABLE, deadline, err);
            continue;
        }
        n_fds = 0;
        rest += n;
        size -= (size_t)n;
    }
    stream_unref(stream);
    return result;
}

int stream_write(struct stream *stream, const void *data, size_t size, int64_t deadline,
                 GError **err)
{
    return stream_write_fds(stream, data, size, NULL, 0, deadline, err);
}

int stream_fd(const struct stream *stream)
{
    return stream->fd;
}

int stream_steal_fd(struct stream *stream)
{
    int fd = stream->fd;

    stream->is_closed = true;
    stream->fd = -1;
    uv_close((uv_handle_t *)&stream->poll, on_closed);
    event_set(&stream->reader.ready);
    event_set(&stream->writer.ready);
    return fd;
}

void stream_close(struct stream *stream)
{
    if (stream)
        close(stream_steal_fd(stream));
}
