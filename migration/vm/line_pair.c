#include "migration/vm/line_pair.h"

#include "migration/vm/platform.h"

#include <errno.h>
#include <netdb.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define STRANGERS_MAX 16 /* who connect before we do */

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(g_steal_fd(fd));
}

static bool name_of(int (*ask)(int, struct sockaddr *, socklen_t *), int fd,
                    struct sockaddr_storage *name)
{
    socklen_t size = sizeof *name;

    memset(name, 0, sizeof *name);
    return ask(fd, (struct sockaddr *)name, &size) == 0;
}

/* -1 with errno; on one host a connection is made when connect() returns. */
static int listen_at(const struct sockaddr *address, socklen_t size)
{
    int fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd >= 0 && (bind(fd, address, size) < 0 || listen(fd, STRANGERS_MAX) < 0))
        close_fd(&fd);
    return fd;
}

/* Who has connected there is not who we are, unless his port says so. */
static int accept_own(int listener, const struct sockaddr_storage *own)
{
    for (int i = 0; i < STRANGERS_MAX; i++) {
        struct sockaddr_storage peer;
        int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

        if (fd < 0)
            return -1;
        if (name_of(getpeername, fd, &peer) && memcmp(&peer, own, sizeof peer) == 0)
            return fd;
        close_fd(&fd);
    }
    errno = ECONNABORTED;
    return -1;
}

static int connect_pair(int listener, int pair[2])
{
    struct sockaddr_storage there, own;

    if (!name_of(getsockname, listener, &there))
        return -1;
    pair[0] = socket(there.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (pair[0] < 0 || connect(pair[0], (struct sockaddr *)&there, sizeof there) < 0 ||
        !name_of(getsockname, pair[0], &own))
        return -1;
    pair[1] = accept_own(listener, &own);
    return pair[1] < 0 ? -1 : 0;
}

static int tcp_pair(const char *host, int pair[2])
{
    const struct addrinfo hints = {.ai_flags = AI_NUMERICHOST, .ai_socktype = SOCK_STREAM};
    struct addrinfo *address;
    int listener, result = -1, error;

    if (getaddrinfo(host, NULL, &hints, &address) != 0) {
        errno = EINVAL;
        return -1;
    }
    listener = listen_at(address->ai_addr, address->ai_addrlen);
    freeaddrinfo(address);
    if (listener >= 0)
        result = connect_pair(listener, pair);
    error = errno;
    close_fd(&listener);
    errno = error;
    return result;
}

int line_pair(const char *tcp_host, int pair[2], GError **err)
{
    int result, error;

    pair[0] = pair[1] = -1;
    result = tcp_host != NULL ? tcp_pair(tcp_host, pair)
                              : socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair);
    if (result == 0)
        return 0;
    error = errno;
    close_fd(&pair[0]);
    close_fd(&pair[1]);
    if (tcp_host != NULL)
        g_set_error(err, VM_ERROR, VM_ERROR_START, "a TCP socket of %s (chardev_host): %s",
                    tcp_host, g_strerror(error));
    else
        g_set_error(err, VM_ERROR, VM_ERROR_START, "socketpair: %s", g_strerror(error));
    return -1;
}
