/*
 * Two ends and, for each, what has come from it and has not gone to the other yet. An end is polled
 * for reading while there is room for what it says, and for writing while there is something for
 * it; who reads slowly slows the other down, as with a socket of his own. All of it runs on the
 * loop's stack.
 */
#include "migration/vm/libvirt_line.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define ROOM_BYTES 4096

enum { GUEST, OURS, ENDS };

struct poller {
    uv_poll_t handle; /* first: freed when libuv has closed it */
    struct libvirt_line *line;
    int fd;
};

struct flow {
    char bytes[ROOM_BYTES];
    size_t begin, end;
    bool is_over; /* who speaks here will say no more */
};

struct libvirt_line {
    char *path; /* until somebody has connected */
    struct poller *listener;
    struct poller *ends[ENDS]; /* the guest's: NULL until somebody has connected */
    struct flow said[ENDS];    /* by each end */
    libvirt_line_met_fn met;
    void *arg; /* of met */
};

static void free_poller(uv_handle_t *handle)
{
    g_free(handle);
}

static void stop(struct poller **poller)
{
    if (*poller == NULL)
        return;
    uv_poll_stop(&(*poller)->handle);
    close((*poller)->fd);
    uv_close((uv_handle_t *)&(*poller)->handle, free_poller);
    *poller = NULL;
}

/* Takes fd over. NULL with err. */
static struct poller *poller_new(struct libvirt_line *line, int fd, GError **err)
{
    struct poller *poller = g_new0(struct poller, 1);
    int result = uv_poll_init(fiber_loop(), &poller->handle, fd);

    poller->line = line;
    poller->fd = fd;
    if (result == 0)
        return poller;
    g_set_error(err, SYNC_ERROR, SYNC_ERROR_SYSTEM, "uv_poll_init: %s", uv_strerror(result));
    close(fd);
    g_free(poller);
    return NULL;
}

static bool is_transient(int error)
{
    return error == EAGAIN || error == EWOULDBLOCK || error == EINTR;
}

static void fill(struct flow *flow, int fd)
{
    ssize_t got;

    if (flow->begin != flow->end)
        return;
    got = read(fd, flow->bytes, sizeof flow->bytes);
    flow->begin = 0;
    flow->end = got > 0 ? (size_t)got : 0;
    flow->is_over = got == 0 || (got < 0 && !is_transient(errno));
}

/* Who does not listen any more misses it. */
static void drain(struct flow *flow, int fd)
{
    ssize_t put;

    if (flow->begin == flow->end)
        return;
    put = send(fd, flow->bytes + flow->begin, flow->end - flow->begin, MSG_NOSIGNAL);
    if (put > 0)
        flow->begin += (size_t)put;
    else if (put < 0 && !is_transient(errno))
        flow->begin = flow->end;
}

static bool is_empty(const struct flow *flow)
{
    return flow->begin == flow->end;
}

static void on_ready(uv_poll_t *handle, int status, int events);

static void poll_end(struct libvirt_line *line, int end)
{
    const struct flow *own = &line->said[end], *other = &line->said[!end];
    int events =
        (is_empty(own) && !own->is_over ? UV_READABLE : 0) | (!is_empty(other) ? UV_WRITABLE : 0);

    if (line->ends[end] == NULL)
        return;
    if (events == 0)
        uv_poll_stop(&line->ends[end]->handle);
    else
        uv_poll_start(&line->ends[end]->handle, events, on_ready);
}

static void on_ready(uv_poll_t *handle, int status, int events)
{
    struct libvirt_line *line = ((struct poller *)handle)->line;

    (void)status, (void)events;
    for (int end = GUEST; end < ENDS; end++)
        if (!line->said[end].is_over)
            fill(&line->said[end], line->ends[end]->fd);
    for (int end = GUEST; end < ENDS; end++)
        drain(&line->said[end], line->ends[!end]->fd);
    for (int end = GUEST; end < ENDS; end++)
        if (line->said[end].is_over && is_empty(&line->said[end])) {
            stop(&line->ends[GUEST]);
            stop(&line->ends[OURS]);
            return;
        }
    poll_end(line, GUEST);
    poll_end(line, OURS);
}

static void stop_listening(struct libvirt_line *line)
{
    stop(&line->listener);
    if (line->path != NULL)
        unlink(line->path);
    g_clear_pointer(&line->path, g_free);
}

static pid_t peer_of(int fd)
{
    struct ucred peer = {0};
    socklen_t size = sizeof peer;

    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 ? peer.pid : 0;
}

static void on_connection(uv_poll_t *handle, int status, int events)
{
    struct libvirt_line *line = ((struct poller *)handle)->line;
    int fd = accept4(line->listener->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

    (void)status, (void)events;
    if (fd < 0)
        return;
    stop_listening(line);
    if (line->met != NULL)
        line->met(peer_of(fd), line->arg);
    line->ends[GUEST] = poller_new(line, fd, NULL);
    if (line->ends[GUEST] == NULL) {
        stop(&line->ends[OURS]);
        return;
    }
    poll_end(line, GUEST);
    poll_end(line, OURS);
}

static int listen_at(const char *path, GError **err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd;

    if (g_strlcpy(address.sun_path, path, sizeof address.sun_path) >= sizeof address.sun_path) {
        g_set_error(err, SYNC_ERROR, SYNC_ERROR_LIMIT, "the path of a socket is too long: %s",
                    path);
        return -1;
    }
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof address) == 0 && listen(fd, 1) == 0)
        return fd;
    g_set_error(err, SYNC_ERROR, SYNC_ERROR_SYSTEM, "cannot listen at %s: %s", path,
                g_strerror(errno));
    if (fd >= 0)
        close(fd);
    return -1;
}

static int open_all(struct libvirt_line *line, const char *path, struct stream **ours_out,
                    GError **err)
{
    int listener = listen_at(path, err), pair[2];
    struct stream *ours;

    if (listener < 0)
        return -1;
    line->path = g_strdup(path);
    line->listener = poller_new(line, listener, err);
    if (line->listener == NULL)
        return -1;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0) {
        g_set_error(err, SYNC_ERROR, SYNC_ERROR_SYSTEM, "socketpair: %s", g_strerror(errno));
        return -1;
    }
    line->ends[OURS] = poller_new(line, pair[0], err);
    if (line->ends[OURS] == NULL) {
        close(pair[1]);
        return -1;
    }
    ours = stream_new(pair[1], err);
    if (ours == NULL)
        return -1;
    *ours_out = ours;
    uv_poll_start(&line->listener->handle, UV_READABLE, on_connection);
    return 0;
}

struct libvirt_line *libvirt_line_open(const char *path, libvirt_line_met_fn met, void *arg,
                                       struct stream **ours_out, GError **err)
{
    struct libvirt_line *line = g_new0(struct libvirt_line, 1);

    line->met = met;
    line->arg = arg;
    if (open_all(line, path, ours_out, err) == 0)
        return line;
    libvirt_line_close(line);
    return NULL;
}

void libvirt_line_close(struct libvirt_line *line)
{
    if (line == NULL)
        return;
    stop_listening(line);
    stop(&line->ends[GUEST]);
    stop(&line->ends[OURS]);
    g_free(line);
}
