#include "migration/move/transport/relay.h"

#include "migration/evidence.h"
#include "migration/move/transport/pair.h"
#include "sync/fiber_report.h"
#include "sync/stream.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define BUFFER_BYTES (1U << 20)
#define LINE_BYTES 64
#define PAIR_MS 5000 /* for a few bytes to the other process */

struct relay {
    const struct host *host;
    struct child *child;
    struct stream *control; /* the child's stdin: a byte with two descriptors for each pair */
    char *pid;              /* as the ledger knows it */
    bool is_broken_off;
};

/* The child alone; the other end of its stdin is ours. */
static int start_child(struct relay *relay, GError **err)
{
    g_autofree char *program = g_file_read_link("/proc/self/exe", err);
    const char *const argv[] = {program, "relay", NULL};
    int ours, its;

    if (program == NULL || pair_open(&ours, &its, err) < 0)
        return -1;
    const struct child_fd fds[] = {{its, STDIN_FILENO}, {STDERR_FILENO, STDERR_FILENO}, {.fd = -1}};
    const struct child_spec spec = {.argv = argv, .fds = fds, .new_session = true};
    relay->child = child_start(&spec, err);
    pair_close(&its);
    if (relay->child == NULL) {
        pair_close(&ours);
        return -1;
    }
    relay->control = stream_new(ours, err);
    return relay->control != NULL ? 0 : -1;
}

struct relay *relay_start(const struct host *host, GError **err)
{
    struct relay *relay = g_new0(struct relay, 1);

    relay->host = host;
    if (start_child(relay, err) == 0) {
        relay->pid = g_strdup_printf("%d", (int)child_pid(relay->child));
        if (host_own(host, OWNED_PROCESS, relay->pid, err) == 0)
            return relay;
    }
    relay_free(relay);
    return NULL;
}

int relay_carry(struct relay *relay, int a, int b, GError **err)
{
    const int pair[2] = {a, b};

    return stream_write_fds(relay->control, "+", 1, pair, G_N_ELEMENTS(pair), deadline_in(PAIR_MS),
                            err);
}

int relay_carried(struct relay *relay, uint64_t *there_out, uint64_t *back_out, int64_t deadline,
                  GError **err)
{
    g_autofree char *line = stream_read_line(relay->control, LINE_BYTES, deadline, err);

    if (line == NULL) {
        g_prefix_error(err,
                       "the relay on %s does not say what it has carried: ", relay->host->name);
        return -1;
    }
    char *end;
    *there_out = g_ascii_strtoull(line, &end, 10);
    *back_out = g_ascii_strtoull(end, NULL, 10);
    return 0;
}

pid_t relay_pid(const struct relay *relay)
{
    return relay != NULL ? child_pid(relay->child) : 0;
}

void relay_break_off(struct relay *relay)
{
    relay->is_broken_off = true;
    child_signal(relay->child, SIGKILL);
}

GError *relay_complaint(struct relay *relay)
{
    int status = 0;

    if (relay->is_broken_off || child_await(relay->child, deadline_in(0), &status, NULL) < 0 ||
        !child_was_killed(status))
        return NULL;
    g_autofree char *how = child_describe_status(status);
    DOING(BLAME_TESTBED, "relaying");
    return g_error_new(VM_ERROR, VM_ERROR_MIGRATION, "the relay on %s was %s", relay->host->name,
                       how);
}

void relay_free(struct relay *relay)
{
    if (relay == NULL)
        return;
    if (relay->child != NULL) {
        fiber_shield();
        child_signal(relay->child, SIGKILL);
        child_await(relay->child, deadline_in(10000), NULL, NULL);
        fiber_unshield();
        child_free(relay->child);
    }
    stream_close(relay->control);
    if (relay->pid != NULL)
        host_disown(relay->host, OWNED_PROCESS, relay->pid);
    g_free(relay->pid);
    g_free(relay);
}

/* In the child: a pair, and one direction of it. */
struct side {
    struct stream *from, *to;
    bool *is_broken;  /* the pair's: one of its directions has failed */
    uint64_t carried; /* bytes */
};

static int carry(void *arg, GError **err)
{
    struct side *side = arg;
    g_autofree char *buffer = g_malloc(BUFFER_BYTES);
    ssize_t n = 0;

    while (!*side->is_broken &&
           (n = stream_read(side->from, buffer, BUFFER_BYTES, DEADLINE_NEVER, err)) > 0 &&
           stream_write(side->to, buffer, (size_t)n, DEADLINE_NEVER, err) == 0)
        side->carried += (size_t)n;
    if (n == 0 && !*side->is_broken) {
        shutdown(stream_fd(side->to), SHUT_WR);
        return 0;
    }
    *side->is_broken = true;
    shutdown(stream_fd(side->from), SHUT_RDWR);
    shutdown(stream_fd(side->to), SHUT_RDWR);
    return -1;
}

struct pair {
    int fds[2];
    struct stream *control; /* where it is told what was carried */
};

static int relay_pair(void *arg, GError **err)
{
    g_autofree struct pair *pair = arg;
    bool is_broken = false;
    g_autoptr(stream) a = stream_new(pair->fds[0], err);
    g_autoptr(stream) b = stream_new(pair->fds[1], a != NULL ? err : NULL);
    char line[LINE_BYTES];

    if (a == NULL || b == NULL)
        return -1;
    struct side there = {a, b, &is_broken, 0}, back = {b, a, &is_broken, 0};
    struct scope *both = scope_open("relay");
    scope_spawn_detached(both, "there", carry, &there);
    scope_spawn_detached(both, "back", carry, &back);
    scope_close(both, NULL);
    g_snprintf(line, sizeof(line), "%" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT "\n", there.carried,
               back.carried);
    stream_write(pair->control, line, strlen(line), deadline_in(PAIR_MS), NULL);
    if (!is_broken)
        return 0;
    g_set_error_literal(err, SYNC_ERROR, SYNC_ERROR_CLOSED, "a stream broke");
    return -1;
}

/* The pair's descriptors, out of a message that has come. 0: the node has no more. */
static int take_pair(struct stream *control, struct pair *pair, GError **err)
{
    char byte;
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(pair->fds))];
    } attached;
    struct iovec data = {&byte, 1};
    struct msghdr message = {
        .msg_iov = &data,
        .msg_iovlen = 1,
        .msg_control = &attached,
        .msg_controllen = sizeof(attached),
    };

    if (stream_await(control, UV_READABLE, DEADLINE_NEVER, err) < 0)
        return -1;
    ssize_t n = recvmsg(stream_fd(control), &message, MSG_CMSG_CLOEXEC);
    if (n == 0)
        return 0;
    const struct cmsghdr *header = n > 0 ? CMSG_FIRSTHDR(&message) : NULL;
    if (header == NULL || header->cmsg_type != SCM_RIGHTS ||
        header->cmsg_len != CMSG_LEN(sizeof(pair->fds))) {
        g_set_error_literal(err, SYNC_ERROR, SYNC_ERROR_SYSTEM,
                            "no pair of descriptors in a message");
        return -1;
    }
    memcpy(pair->fds, CMSG_DATA(header), sizeof(pair->fds));
    return 1;
}

static void tell_fiber(void *arg, const char *line)
{
    fprintf(arg, "relay: fiber %s\n", line);
}

static int relay_all(void *arg, GError **err)
{
    struct fibers_on_signal *telling = fibers_on_signal(tell_fiber, stderr);
    g_autoptr(stream) control = stream_new(STDIN_FILENO, err);
    g_autoptr(GPtrArray) pairs = g_ptr_array_new_with_free_func((GDestroyNotify)fiber_unref);
    struct scope *all = scope_open("pairs");
    struct pair next = {.control = control};
    int result = -1;

    (void)arg;
    while (control != NULL && (result = take_pair(control, &next, err)) > 0)
        g_ptr_array_add(pairs, fiber_ref(scope_spawn_detached(all, "pair", relay_pair,
                                                              g_memdup2(&next, sizeof(next)))));
    for (unsigned i = 0; i < pairs->len; i++)
        if (fiber_join(pairs->pdata[i], DEADLINE_NEVER, result == 0 ? err : NULL) < 0)
            result = -1;
    scope_close(all, NULL);
    fibers_on_signal_end(telling);
    return result;
}

int relay_main(int argc, char **argv)
{
    (void)argv;
    if (argc != 1) {
        fprintf(stderr, "vtmh-node: relay takes no arguments; its node talks to its stdin\n");
        return 4;
    }
    /* Without its node there is nothing to carry. */
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    return fiber_run(relay_all, NULL, NULL) == 0 ? 0 : 1;
}
