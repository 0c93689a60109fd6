#include "migration/move/reach.h"

#include "sync/stream.h"

#include <errno.h>
#include <netdb.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BACKLOG 128 /* every other host of the tuple at once */

/* Resolves a numeric address; 0, or -1 with err. */
static int numeric(const char *address, uint16_t port, struct addrinfo **found, GError **err)
{
    const struct addrinfo hints = {
        .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
        .ai_socktype = SOCK_STREAM,
    };
    g_autofree char *service = g_strdup_printf("%u", port);
    int failed = getaddrinfo(address, service, &hints, found);
    if (failed == 0)
        return 0;
    g_set_error(err, SYNC_ERROR, SYNC_ERROR_SYSTEM, "%s is not a numeric address: %s", address,
                gai_strerror(failed));
    return -1;
}

/* A listening socket, or -1 with errno. */
static int listen_on(const struct addrinfo *where)
{
    int fd = socket(where->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    /* A port of the user's choice was in use by the test before. */
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
    if (bind(fd, where->ai_addr, where->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0)
        return fd;
    int reason = errno;
    close(fd);
    errno = reason;
    return -1;
}

static uint16_t bound_port(int fd)
{
    struct sockaddr_storage at;
    socklen_t size = sizeof(at);
    if (getsockname(fd, (struct sockaddr *)&at, &size) < 0)
        return 0;
    char service[NI_MAXSERV];
    if (getnameinfo((struct sockaddr *)&at, size, NULL, 0, service, sizeof(service),
                    NI_NUMERICSERV) != 0)
        return 0;
    return (uint16_t)g_ascii_strtoull(service, NULL, 10);
}

int reach_listen(const char *address, uint16_t low, uint16_t high, uint16_t *port_out, GError **err)
{
    int fd = -1;
    int reason = 0;
    for (unsigned port = low; port <= high && fd < 0; port++) {
        struct addrinfo *where = NULL;
        if (numeric(address, (uint16_t)port, &where, err) < 0)
            return -1;
        fd = listen_on(where);
        reason = errno;
        freeaddrinfo(where);
    }
    if (fd >= 0) {
        *port_out = bound_port(fd);
        return fd;
    }
    if (low == high)
        g_set_error(err, SYNC_ERROR, SYNC_ERROR_SYSTEM, "cannot listen on %s port %u: %s", address,
                    low, g_strerror(reason));
    else
        g_set_error(err, SYNC_ERROR, SYNC_ERROR_SYSTEM,
                    "cannot listen on %s at any port of %u-%u: %s", address, low, high,
                    g_strerror(reason));
    return -1;
}

int reach_free_port(const char *address, uint16_t low, uint16_t high, uint16_t *port_out,
                    GError **err)
{
    int fd = reach_listen(address, low, high, port_out, err);

    if (fd < 0)
        return -1;
    close(fd);
    return 0;
}

int reach_try(const char *address, uint16_t port, int64_t deadline, GError **err)
{
    g_autoptr(stream) stream = stream_connect_tcp(address, port, deadline, err);
    return stream == NULL ? -1 : 0;
}

bool reach_is_silence(const GError *error)
{
    return g_error_matches(error, SYNC_ERROR, SYNC_ERROR_TIMEOUT) ||
           g_error_matches(error, SYNC_ERROR, SYNC_ERROR_UNREACHABLE);
}
