/*
 * How long after a guest's SSH server could first answer it is logged in to, and how fast files
 * come to it, beside scp: a real sshd on this computer, which is started while the guest is asked
 * already.
 *
 *     bench_login [--rounds N] [--mib N] [--folder DIR]     one line of JSON
 *
 * "late_ms": from the server's first word to one who asks all the time, until our login is done,
 * less what such a login takes when the server is there already: median and worst of the rounds.
 * "put_MiB_s" beside "scp_aes128_ctr_MiB_s" and "scp_MiB_s" (scp's own choice of a cipher), the
 * best of the rounds each, taken in turns.
 */
#include "tests/integration/ssh_server.h"
#include "tests/integration/stub_guest.h"

#include "migration/guest/login.h"
#include "migration/guest/way.h"
#include "sync/stream.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#define LIMIT_MS 120000
#define MIB ((gsize)1 << 20)

static gint rounds = 7;
static gint mib = 256;
static char *folder = NULL;

static const GOptionEntry entries[] = {
    {"rounds", 0, 0, G_OPTION_ARG_INT, &rounds, "logins, and copies of each kind", "N"},
    {"mib", 0, 0, G_OPTION_ARG_INT, &mib, "size of the file", "N"},
    {"folder", 0, 0, G_OPTION_ARG_FILENAME, &folder, "where it lies and goes to", "DIR"},
    G_OPTION_ENTRY_NULL,
};

/* The guest's port, until a login has come over it. */
struct door {
    const struct ssh_server *server;
    bool is_silent; /* somebody accepts before the server is there */
    int64_t open_us, came_us;
    GPtrArray *sshds; /* struct child */
    struct stream *listener;
};

static int listen_at(uint16_t port, GError **err)
{
    const struct sockaddr_in at = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, (const struct sockaddr *)&at, sizeof at) == 0 && listen(fd, 100) == 0)
        return fd;
    g_set_error(err, SYNC_ERROR, SYNC_ERROR_SYSTEM, "cannot listen at %u: %s", (unsigned)port,
                g_strerror(errno));
    close(fd);
    return -1;
}

/* A server of its own for one connection. */
static int serve(struct door *door, struct stream *stream, GError **err)
{
    const char *const argv[] = {"setpriv", "--pdeathsig",        "KILL", SSH_SERVER_PROGRAM, "-i",
                                "-f",      door->server->config, NULL};
    int flags = fcntl(stream_fd(stream), F_GETFL);
    const struct child_fd fds[] = {{stream_fd(stream), 0}, {stream_fd(stream), 1}, {.fd = -1}};
    const struct child_spec spec = {.argv = argv, .fds = fds, .new_session = true};
    struct child *child;

    fcntl(stream_fd(stream), F_SETFL, flags & ~O_NONBLOCK);
    child = child_start(&spec, err);
    stream_close(stream);
    if (child == NULL)
        return -1;
    g_ptr_array_add(door->sshds, child);
    return 0;
}

/* Who has come before is kept, and told nothing. */
static int be_silent(struct door *door, GPtrArray *held, int64_t until)
{
    struct stream *stream;

    while ((stream = stream_accept(door->listener, until, NULL)) != NULL)
        g_ptr_array_add(held, stream);
    return 0;
}

static void close_stream(void *stream)
{
    stream_close(stream);
}

static int keep_door(void *arg, GError **err)
{
    struct door *door = arg;
    int64_t until = deadline_in(500 + g_random_int_range(0, 300));
    g_autoptr(GPtrArray) held = g_ptr_array_new_with_free_func(close_stream);
    int fd = door->is_silent ? listen_at(door->server->port, err) : -1;

    if (fd >= 0) {
        door->listener = stream_new(fd, err);
        be_silent(door, held, until);
    } else if (door->is_silent || await_deadline(until, err) < 0) {
        return -1;
    } else {
        fd = listen_at(door->server->port, err);
        door->listener = fd >= 0 ? stream_new(fd, err) : NULL;
        if (door->listener == NULL)
            return -1;
    }
    door->open_us = g_get_monotonic_time();
    for (;;) {
        struct stream *stream = stream_accept(door->listener, DEADLINE_NEVER, NULL);

        if (stream == NULL)
            return 0;
        if (door->came_us == 0 || door->is_silent)
            door->came_us = g_get_monotonic_time();
        if (serve(door, stream, err) < 0)
            return -1;
    }
}

static void free_child(void *child)
{
    child_free(child);
}

/* late_ms: until our first connection has come; of a door that was silent, until the last, which is
 * the login's own or begun beside it, since the first may only have knocked. */
static int measure_login(struct stub_guest *stub, const struct ssh_server *server, bool is_silent,
                         double *late_ms, GError **err)
{
    struct door door = {.server = server,
                        .is_silent = is_silent,
                        .sshds = g_ptr_array_new_with_free_func(free_child)};
    struct scope *scope = scope_open("door");

    scope_spawn_detached(scope, "door", keep_door, &door);
    g_autoptr(session) session = guest_login(stub->guest, deadline_in(LIMIT_MS), err);
    guest_hang_up(stub->guest);
    int rc = session != NULL ? 0 : -1;
    session_close(g_steal_pointer(&session));
    scope_abandon(scope);
    stream_close(door.listener);
    g_ptr_array_unref(door.sshds);
    *late_ms = (double)(door.came_us - door.open_us) / 1000;
    return rc;
}

static int compare(const void *a, const void *b)
{
    const double *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

struct lateness {
    double median_ms, worst_ms;
};

static int measure_logins(struct stub_guest *stub, const struct ssh_server *server, bool is_silent,
                          struct lateness *lateness, GError **err)
{
    g_autofree double *late = g_new(double, (gsize)rounds);

    for (gint i = 0; i < rounds; i++)
        if (measure_login(stub, server, is_silent, &late[i], err) < 0)
            return -1;
    qsort(late, (size_t)rounds, sizeof *late, compare);
    *lateness = (struct lateness){late[rounds / 2], late[rounds - 1]};
    return 0;
}

static int remove_copy(const char *path, GError **err)
{
    if (g_unlink(path) == 0)
        return 0;
    g_set_error(err, SYNC_ERROR, SYNC_ERROR_SYSTEM, "%s is not there", path);
    return -1;
}

static int put(struct stub_guest *stub, const char *from, const char *to, double *best,
               GError **err)
{
    g_autoptr(session) session = guest_file_login(stub->guest, deadline_in(LIMIT_MS), err);
    int64_t began_us = g_get_monotonic_time();

    if (session == NULL || session_put(session, from, to, NULL, deadline_in(LIMIT_MS), err) < 0)
        return -1;
    *best = MAX(*best, mib * 1e6 / (double)(g_get_monotonic_time() - began_us));
    return remove_copy(to, err);
}

/* cipher: "" leaves it to scp. */
static int scp(const struct ssh_server *server, const char *cipher, const char *from,
               const char *to, double *best, GError **err)
{
    g_autofree char *port = g_strdup_printf("%u", server->port);
    g_autofree char *there = g_strdup_printf("127.0.0.1:%s", to);
    g_autofree char *which = g_strdup_printf("Ciphers=%s", cipher);
    const char *const argv[] = {"scp", "-q",
                                "-P",  port,
                                "-i",  server->user_key,
                                "-o",  "StrictHostKeyChecking=no",
                                "-o",  "UserKnownHostsFile=/dev/null",
                                "-o",  "LogLevel=ERROR",
                                "-o",  *cipher != '\0' ? which : "Compression=no",
                                from,  there,
                                NULL};
    int64_t began_us = g_get_monotonic_time();
    g_autofree char *words = NULL;
    int status;

    if (child_run(argv, NULL, deadline_in(LIMIT_MS), &status, NULL, &words, err) < 0)
        return -1;
    *best = MAX(*best, mib * 1e6 / (double)(g_get_monotonic_time() - began_us));
    if (status != 0) {
        g_set_error(err, SYNC_ERROR, SYNC_ERROR_SYSTEM, "scp ended with status %d: %s", status,
                    words);
        return -1;
    }
    return remove_copy(to, err);
}

static int make_file(const char *path, GError **err)
{
    g_autofree guint32 *bytes = g_malloc((gsize)mib * MIB);

    for (gsize i = 0; i < (gsize)mib * MIB / sizeof *bytes; i++)
        bytes[i] = (guint32)i * 2654435761u;
    return g_file_set_contents(path, (char *)bytes, (gssize)((gsize)mib * MIB), err) ? 0 : -1;
}

static int measure_copies(struct stub_guest *stub, const struct ssh_server *server, double best[3],
                          GError **err)
{
    g_autofree char *from = g_build_filename(folder, "vtmh-bench-from", NULL);
    g_autofree char *to = g_build_filename(folder, "vtmh-bench-to", NULL);
    int rc = make_file(from, err);

    for (gint i = 0; rc == 0 && i < MIN(rounds, 5); i++) {
        rc = put(stub, from, to, &best[0], err);
        if (rc == 0)
            rc = scp(server, "aes128-ctr", from, to, &best[1], err);
        if (rc == 0)
            rc = scp(server, "", from, to, &best[2], err);
    }
    g_unlink(from);
    g_unlink(to);
    return rc;
}

static int measure(void *arg, GError **err)
{
    struct ssh_server *server = arg;
    struct stub_guest stub;
    struct lateness refused, silent;
    double best[3] = {0};
    g_autofree char *settings = g_strdup_printf("username=%s", g_get_user_name());

    ssh_server_start(server);
    if (stub_guest_open(&stub, settings, server->user_key, err) < 0)
        return -1;
    stub_guest_forward(&stub, 22, server->port);
    int rc = measure_copies(&stub, server, best, err);
    guest_hang_up(stub.guest);
    child_signal(server->child, SIGTERM);
    child_await(server->child, deadline_in(LIMIT_MS), NULL, NULL);
    if (rc == 0)
        rc = measure_logins(&stub, server, false, &refused, err);
    if (rc == 0)
        rc = measure_logins(&stub, server, true, &silent, err);
    if (rc == 0)
        printf("{\"rounds\":%d,\"late_ms\":%.1f,\"late_worst_ms\":%.1f,\"late_silent_ms\":%.1f,"
               "\"late_silent_worst_ms\":%.1f,\"mib\":%d,\"put_MiB_s\":%.1f,"
               "\"scp_aes128_ctr_MiB_s\":%.1f,\"scp_MiB_s\":%.1f,\"put_to_scp\":%.3f}\n",
               rounds, refused.median_ms, refused.worst_ms, silent.median_ms, silent.worst_ms, mib,
               best[0], best[1], best[2], best[0] / best[1]);
    ssh_server_free(server);
    return stub_guest_close(&stub, rc == 0 ? err : NULL) == 0 ? rc : -1;
}

int main(int argc, char **argv)
{
    g_autoptr(GOptionContext) context = g_option_context_new(NULL);
    g_autoptr(GError) err = NULL;
    const char *missing = ssh_server_missing();

    g_option_context_add_main_entries(context, entries, NULL);
    if (!g_option_context_parse(context, &argc, &argv, &err)) {
        fprintf(stderr, "bench_login: %s\n", err->message);
        return 2;
    }
    if (missing != NULL) {
        fprintf(stderr, "skipped: %s\n", missing);
        return 77;
    }
    if (folder == NULL)
        folder = g_strdup("/dev/shm");
    struct ssh_server *server =
        ssh_server_prepare("MaxStartups 1000\nSubsystem sftp internal-sftp");
    int rc = fiber_run(measure, server, &err);
    if (rc < 0)
        fprintf(stderr, "bench_login: %s\n", err != NULL ? err->message : "it failed");
    return rc < 0;
}
