/* Streams that begin with a connection. */
#include "sync/stream.h"

#include "sync/fiber_private.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* How soon to try again where the kernel tells no one that the peer has room. */
#define BACKLOG_RETRY_MS 10

/* What a connection fails with when no word comes back from the other host. A refusal is one. */
static const int unreachable[] = {EHOSTUNREACH, ENETUNREACH, EHOSTDOWN,
                                  ENETDOWN,     ENONET,      ETIMEDOUT};

static void set_system_error(GError **err, int error)
{
    int code = SYNC_ERROR_SYSTEM;

    for (unsigned i = 0; i < G_N_ELEMENTS(unreachable); i++)
        if (unreachable[i] == error)
            code = SYNC_ERROR_UNREACHABLE;
    g_set_error_literal(err, SYNC_ERROR, code, g_strerror(error));
}

/* The outcome of a connect() that was under way. */
static int await_connected(struct stream *stream, int64_t deadline, GError **err)
{
    int error = 0;
    socklen_t size = sizeof(error);

    if (stream_await(stream, UV_WRITABLE, deadline, err) < 0)
        return -1;
    if (getsockopt(stream_fd(stream), SOL_SOCKET, SO_ERROR, &error, &size) < 0)
        error = errno;
    if (error == 0)
        return 0;
    set_system_error(err, error);
    return -1;
}

static struct stream *connect_to(const struct sockaddr *address, socklen_t size, int64_t deadline,
                                 GError **err)
{
    int fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    g_autoptr(stream) stream = NULL;

    if (fd < 0) {
        set_system_error(err, errno);
        return NULL;
    }
    stream = stream_new(fd, err);
    if (!stream)
        return NULL;
    for (;;) {
        if (connect(fd, address, size) == 0)
            break;
        if (errno == EINPROGRESS) {
            if (await_connected(stream, deadline, err) < 0)
                return NULL;
            break;
        }
        if (errno != EAGAIN) {
            set_system_error(err, errno);
            return NULL;
        }
        /* A unix listener whose backlog is full. No event tells of room in it. */
        if (deadline_left(deadline) == 0) {
            g_set_error_literal(err, SYNC_ERROR, SYNC_ERROR_TIMEOUT, "its backlog stays full");
            return NULL;
        }
        if (await_deadline(deadline_min(deadline, deadline_in(BACKLOG_RETRY_MS)), err) < 0)
            return NULL;
    }
    return g_steal_pointer(&stream);
}

struct stream *stream_connect_unix(const char *path, int64_t deadline, GError **err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct stream *stream;

    if (strlen(path) >= sizeof(address.sun_path)) {
        g_set_error(err, SYNC_ERROR, SYNC_ERROR_LIMIT,
                    "%s: the path of a socket has at most %zu bytes", path,
                    sizeof(address.sun_path) - 1);
        return NULL;
    }
    memcpy(address.sun_path, path, strlen(path) + 1);
    stream = connect_to((struct sockaddr *)&address, sizeof(address), deadline, err);
    if (!stream)
        g_prefix_error(err, "cannot connect to %s: ", path);
    return stream;
}

struct stream *stream_connect_tcp(const char *address, uint16_t port, int64_t deadline,
                                  GError **err)
{
    const struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
                                   .ai_socktype = SOCK_STREAM};
    bool is_ipv6 = strchr(address, ':') != NULL;
    struct addrinfo *found = NULL;
    struct stream *stream = NULL;
    char service[8];
    int status;

    snprintf(service, sizeof(service), "%u", port);
    /* Looks nothing up, so does not block. */
    status = getaddrinfo(address, service, &hints, &found);
    if (status != 0)
        g_set_error(err, SYNC_ERROR, SYNC_ERROR_SYSTEM, "not a numeric address (%s)",
                    gai_strerror(status));
    else
        stream = connect_to(found->ai_addr, found->ai_addrlen, deadline, err);
    if (found)
        freeaddrinfo(found);
    if (!stream)
        g_prefix_error(err, "cannot connect to %s%s%s:%u: ", is_ipv6 ? "[" : "", address,
                       is_ipv6 ? "]" : "", port);
    return stream;
}

struct stream *stream_accept(struct stream *listener, int64_t deadline, GError **err)
{
    if (fiber_check_cancelled(fiber_self(), err))
        return NULL;
    for (;;) {
        int fd = accept4(stream_fd(listener), NULL, NULL, SOCK_CLOEXEC);

        if (fd >= 0)
            return stream_new(fd, err);
        /* A peer that has given up while it was queued is none. */
        if (errno == EINTR || errno == ECONNABORTED)
            continue;
        if (errno != EAGAIN && errno != EWOULDBLOCK) {
            g_set_error(err, SYNC_ERROR, SYNC_ERROR_SYSTEM, "accepting a connection: %s",
                        g_strerror(errno));
            return NULL;
        }
        if (stream_await(listener, UV_READABLE, deadline, err) < 0)
            return NULL;
    }
}
