#include "orchestrator/deploy.h"

#include "sync/stream.h"

#include <sys/syscall.h>
#include <unistd.h>

void deploy_await_end(const struct deployed *deployed, int64_t deadline)
{
    if (!deployed->machine->is_local)
        return;
    int pidfd = (int)syscall(SYS_pidfd_open, deployed->pid, 0);
    if (pidfd < 0)
        return; /* gone already */
    g_autoptr(stream) ended = stream_new(pidfd, NULL);
    if (ended != NULL)
        stream_await(ended, UV_READABLE, deadline, NULL);
}
