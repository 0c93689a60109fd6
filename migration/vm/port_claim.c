#include "migration/vm/port_claim.h"

#include "migration/vm/platform.h"

#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

struct port_claim {
    int fd;
    uint16_t port;
};

/* A name of the abstract kind: no file, and gone with its socket. -1: somebody has it. */
static int hold(uint16_t port)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    int length = snprintf(name.sun_path + 1, sizeof name.sun_path - 1, "vtmh-port-%u", port);
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)length);
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    if (fd >= 0 && bind(fd, (const struct sockaddr *)&name, size) == 0)
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

static bool is_free(uint16_t port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int on = 1;
    bool bound;

    if (fd < 0)
        return false;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    bound = bind(fd, (const struct sockaddr *)&address, sizeof address) == 0 && listen(fd, 1) == 0;
    close(fd);
    return bound;
}

struct port_claim *port_claim_new(uint16_t low, uint16_t high, GError **err)
{
    for (unsigned port = low; port <= high; port++) {
        int fd = hold((uint16_t)port);
        struct port_claim *claim;

        if (fd < 0)
            continue;
        if (!is_free((uint16_t)port)) {
            close(fd);
            continue;
        }
        claim = g_new0(struct port_claim, 1);
        *claim = (struct port_claim){.fd = fd, .port = (uint16_t)port};
        return claim;
    }
    g_set_error(err, VM_ERROR, VM_ERROR_START, "none of the ports %u to %u is free on 127.0.0.1",
                low, high);
    return NULL;
}

uint16_t port_claim_port(const struct port_claim *claim)
{
    return claim != NULL ? claim->port : 0;
}

void port_claim_free(struct port_claim *claim)
{
    if (claim == NULL)
        return;
    close(claim->fd);
    g_free(claim);
}
