#include "orchestrator/enter.h"

#include "sync/stream.h"

#include <fcntl.h>

#define LINE_MAX_BYTES 4096

struct enter {
    void (*pressed)(void *arg);
    void (*over)(void *arg);
    void *arg;
};

static int listen_to(void *data, GError **err)
{
    const struct enter *enter = data;
    int fd = open("/proc/self/fd/0", O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    g_autoptr(stream) input = fd >= 0 ? stream_new(fd, NULL) : NULL;
    char *line;
    while (input != NULL &&
           (line = stream_read_line(input, LINE_MAX_BYTES, DEADLINE_NEVER, NULL)) != NULL) {
        g_free(line);
        enter->pressed(enter->arg);
    }
    if (fiber_is_cancelled())
        return await_turn(err);
    enter->over(enter->arg);
    return 0;
}

struct enter *enter_listen(struct scope *scope, void (*pressed)(void *arg), void (*over)(void *arg),
                           void *arg)
{
    struct enter *enter = g_new0(struct enter, 1);
    *enter = (struct enter){pressed, over, arg};
    scope_spawn_detached(scope, "enter", listen_to, enter);
    return enter;
}

void enter_free(struct enter *enter)
{
    g_free(enter);
}
