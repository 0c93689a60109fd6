#include "migration/move/transport/pair.h"

#include "sync/fiber.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

int pair_open(int *one, int *other, GError **err)
{
    int pair[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0) {
        g_set_error(err, SYNC_ERROR, SYNC_ERROR_SYSTEM, "socketpair: %s", g_strerror(errno));
        return -1;
    }
    *one = pair[0];
    *other = pair[1];
    return 0;
}

void pair_close(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

int pair_send(struct vm *vm, int *fd, int64_t deadline, GError **err)
{
    int given = vm_migrate_fd(vm, *fd, deadline, err);

    pair_close(fd);
    return given;
}

int pair_receive(struct vm *vm, int *fd, int64_t deadline, GError **err)
{
    int given = vm_incoming_fd(vm, *fd, deadline, err);

    pair_close(fd);
    return given;
}
