/*
 * Fibers, the thread pool, children and streams under ThreadSanitizer, which cannot run Criterion.
 * Ends with 0 when all went well; the sanitizer makes it fail on a race.
 */
#include "sync/child.h"
#include "sync/mailbox.h"
#include "sync/stream.h"
#include "sync/work.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define N_FIBERS 200
#define SOON deadline_in(60000)

#define must(condition)                                                                            \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);                \
            exit(1);                                                                               \
        }                                                                                          \
    } while (0)

static int square(void *arg, GError **err)
{
    int *number = arg;

    (void)err;
    *number *= *number;
    return 0;
}

static int work_in_turns(void *arg, GError **err)
{
    int number = 3;

    for (int i = 0; i < 3; i++) {
        if (await_turn(err) < 0 || await_deadline(deadline_in(1), err) < 0)
            return -1;
    }
    if (await_work(square, &number, SOON, err) < 0)
        return -1;
    must(number == 9);
    mailbox_put(arg, g_strdup("done"));
    return 0;
}

static int collect(void *arg, GError **err)
{
    for (int i = 0; i < N_FIBERS; i++) {
        g_autofree char *item = mailbox_take(arg, SOON, err);

        if (!item)
            return -1;
    }
    return 0;
}

static int run_many(GError **err)
{
    g_autoptr(mailbox) mailbox = mailbox_new(g_free);
    g_autoptr(scope) scope = scope_open("many");

    scope_spawn(scope, "collector", collect, mailbox);
    for (int i = 0; i < N_FIBERS; i++)
        scope_spawn(scope, "worker", work_in_turns, mailbox);
    return scope_close(g_steal_pointer(&scope), err);
}

static int run_child(GError **err)
{
    const char *const argv[] = {"cat", NULL};
    g_autofree char *out = NULL;

    if (child_run(argv, "through a child", SOON, NULL, &out, NULL, err) < 0)
        return -1;
    must(strcmp(out, "through a child") == 0);
    return 0;
}

static int talk(GError **err)
{
    int fds[2];
    g_autoptr(stream) a = NULL, b = NULL;
    g_autofree char *line = NULL;

    must(socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == 0);
    a = stream_new(fds[0], err);
    b = stream_new(fds[1], err);
    must(a && b);
    must(stream_write(a, "line\n", 5, SOON, err) == 0);
    line = stream_read_line(b, 100, SOON, err);
    must(line && strcmp(line, "line") == 0);
    return 0;
}

static int run_all(void *arg, GError **err)
{
    (void)arg;
    return run_many(err) < 0 || run_child(err) < 0 || talk(err) < 0 ? -1 : 0;
}

int main(void)
{
    g_autoptr(GError) err = NULL;

    must(fiber_run(run_all, NULL, &err) == 0);
    return 0;
}
