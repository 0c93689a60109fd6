#include "migration/move/transport/relay.h"

#include "sync/stream.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define FIRST_FD 3
#define BUFFER_BYTES (1U << 20)

struct relay {
    const struct host *host;
    struct child *child;
    char *pid; /* as the ledger knows it */
};

struct relay *relay_start(const struct host *host, const struct relay_pair *pairs, unsigned n,
                          GError **err)
{
    g_autofree char *program = g_file_read_link("/proc/self/exe", err);
    g_autofree char *number = g_strdup_printf("%u", n);
    g_autofree struct child_fd *fds = g_new0(struct child_fd, (size_t)2 * n + 2);
    const char *const argv[] = {program, "relay", number, NULL};

    g_assert(n > 0 && n <= RELAY_PAIRS_MAX);
    if (program == NULL)
        return NULL;
    struct child_fd *next = fds;
    for (unsigned i = 0; i < n; i++) {
        *next++ = (struct child_fd){pairs[i].a, FIRST_FD + 2 * (int)i};
        *next++ = (struct child_fd){pairs[i].b, FIRST_FD + 2 * (int)i + 1};
    }
    *next++ = (struct child_fd){STDERR_FILENO, STDERR_FILENO};
    *next = (struct child_fd){.fd = -1};

    const struct child_spec spec = {.argv = argv, .fds = fds, .new_session = true};
    struct relay *relay = g_new0(struct relay, 1);
    relay->host = host;
    relay->child = child_start(&spec, err);
    if (relay->child == NULL) {
        g_free(relay);
        return NULL;
    }
    relay->pid = g_strdup_printf("%d", (int)child_pid(relay->child));
    if (host_own(host, OWNED_PROCESS, relay->pid, err) < 0) {
        relay_free(relay);
        return NULL;
    }
    return relay;
}

struct event *relay_ended(struct relay *relay)
{
    return child_ended(relay->child);
}

void relay_free(struct relay *relay)
{
    if (relay == NULL)
        return;
    fiber_shield();
    child_signal(relay->child, SIGKILL);
    child_await(relay->child, deadline_in(10000), NULL, NULL);
    fiber_unshield();
    child_free(relay->child);
    host_disown(relay->host, OWNED_PROCESS, relay->pid);
    g_free(relay->pid);
    g_free(relay);
}

/* In the child: a pair, and one direction of it. */
struct side {
    struct stream *from, *to;
    bool *is_broken; /* the pair's: one of its directions has failed */
};

static int carry(void *arg, GError **err)
{
    const struct side *side = arg;
    g_autofree char *buffer = g_malloc(BUFFER_BYTES);
    ssize_t n = 0;

    while (!*side->is_broken &&
           (n = stream_read(side->from, buffer, BUFFER_BYTES, DEADLINE_NEVER, err)) > 0 &&
           stream_write(side->to, buffer, (size_t)n, DEADLINE_NEVER, err) == 0)
        continue;
    if (n == 0 && !*side->is_broken) {
        shutdown(stream_fd(side->to), SHUT_WR);
        return 0;
    }
    *side->is_broken = true;
    shutdown(stream_fd(side->from), SHUT_RDWR);
    shutdown(stream_fd(side->to), SHUT_RDWR);
    return -1;
}

static int relay_one(void *arg, GError **err)
{
    int first = *(const int *)arg;
    bool is_broken = false;
    g_autoptr(stream) a = stream_new(first, err);
    g_autoptr(stream) b = a != NULL ? stream_new(first + 1, err) : NULL;

    if (b == NULL)
        return -1;
    struct side there = {a, b, &is_broken}, back = {b, a, &is_broken};
    struct scope *both = scope_open("relay");
    scope_spawn_detached(both, "there", carry, &there);
    scope_spawn_detached(both, "back", carry, &back);
    scope_close(both, NULL);
    if (!is_broken)
        return 0;
    g_set_error_literal(err, SYNC_ERROR, SYNC_ERROR_CLOSED, "a stream broke");
    return -1;
}

static int relay_all(void *arg, GError **err)
{
    unsigned n = *(const unsigned *)arg;
    int firsts[RELAY_PAIRS_MAX];
    struct fiber *fibers[RELAY_PAIRS_MAX];
    struct scope *all = scope_open("pairs");
    int result = 0;

    for (unsigned i = 0; i < n; i++) {
        firsts[i] = FIRST_FD + 2 * (int)i;
        fibers[i] = scope_spawn_detached(all, "pair", relay_one, &firsts[i]);
    }
    for (unsigned i = 0; i < n; i++)
        if (fiber_join(fibers[i], DEADLINE_NEVER, result == 0 ? err : NULL) < 0)
            result = -1;
    scope_close(all, NULL);
    return result;
}

int relay_main(int argc, char **argv)
{
    guint64 n;

    if (argc != 2 || !g_ascii_string_to_unsigned(argv[1], 10, 1, RELAY_PAIRS_MAX, &n, NULL)) {
        fprintf(stderr, "vtmh-node: relay takes the number of its pairs of descriptors\n");
        return 4;
    }
    /* Without its node there is nothing to carry. */
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    unsigned pairs = (unsigned)n;
    return fiber_run(relay_all, &pairs, NULL) == 0 ? 0 : 1;
}
