#include "sync/stream.h"
#include "tests/unit/fiber_checks.h"

#include <criterion/criterion.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define SOON deadline_in(10000)

TestSuite(socket, .timeout = 30);

static bool has_code(const GError *err, int code)
{
    return g_error_matches(err, SYNC_ERROR, code);
}

/* Listening on a port of the loopback the kernel chooses. */
static struct stream *listen_tcp(uint16_t *port_out, GError **err)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    check(bind(fd, (struct sockaddr *)&address, size) == 0);
    check(listen(fd, 5) == 0);
    check(getsockname(fd, (struct sockaddr *)&address, &size) == 0);
    *port_out = ntohs(address.sin_port);
    return stream_new(fd, err);
}

static int accept_and_echo(void *arg, GError **err)
{
    g_autoptr(stream) peer = stream_accept(arg, SOON, err);
    g_autofree char *line = peer ? stream_read_line(peer, 100, SOON, err) : NULL;

    return line ? stream_write(peer, line, strlen(line), SOON, err) : -1;
}

static int connect_tcp(void *arg, GError **err)
{
    uint16_t port = 0;
    g_autoptr(stream) listener = listen_tcp(&port, err);
    g_autoptr(stream) stream = NULL;
    g_autoptr(scope) scope = scope_open("server");
    g_autofree char *line = NULL;

    (void)arg;
    scope_spawn(scope, "server", accept_and_echo, listener);
    stream = stream_connect_tcp("127.0.0.1", port, SOON, err);
    if (!stream || stream_write(stream, "echo\n", 5, SOON, err) < 0)
        return -1;
    line = stream_read_line(stream, 100, SOON, err);
    check(line && strcmp(line, "echo") == 0);
    return scope_close(g_steal_pointer(&scope), err);
}

Test(socket, connects_and_accepts_over_tcp)
{
    expect_run(connect_tcp, NULL);
}

static int connect_refused(void *arg, GError **err)
{
    uint16_t port = 0;
    g_autoptr(GError) error = NULL, not_numeric = NULL;
    g_autofree char *expected = NULL;

    (void)arg;
    stream_close(listen_tcp(&port, err));
    expected = g_strdup_printf("cannot connect to 127.0.0.1:%u: Connection refused", port);
    check(!stream_connect_tcp("127.0.0.1", port, SOON, &error));
    check(strcmp(error->message, expected) == 0);
    check(has_code(error, SYNC_ERROR_SYSTEM));
    check(!stream_connect_tcp("localhost", port, SOON, &not_numeric));
    check(g_str_has_prefix(not_numeric->message, "cannot connect to localhost:"));
    return 0;
}

Test(socket, says_where_a_connection_was_refused)
{
    expect_run(connect_refused, NULL);
}

/* No TCP connection can go to a multicast address: every kernel says so at once. */
static int connect_to_nowhere(void *arg, GError **err)
{
    g_autoptr(GError) error = NULL;

    (void)arg, (void)err;
    check(!stream_connect_tcp("224.0.0.1", 9, SOON, &error));
    check(has_code(error, SYNC_ERROR_UNREACHABLE));
    return 0;
}

Test(socket, tells_a_host_that_cannot_be_reached_from_one_that_refuses)
{
    expect_run(connect_to_nowhere, NULL);
}

/* Fills the queue of a listener that nobody accepts from, so that a further connect hangs. */
static int connect_to_full(void *arg, GError **err)
{
    uint16_t port = 0;
    g_autoptr(stream) listener = listen_tcp(&port, err);
    g_autoptr(GPtrArray) queued = g_ptr_array_new_with_free_func((GDestroyNotify)stream_close);
    g_autoptr(GError) error = NULL;

    (void)arg;
    check(listen(stream_fd(listener), 0) == 0);
    while (!error) {
        struct stream *stream =
            stream_connect_tcp("127.0.0.1", port, deadline_in(queued->len ? 30 : 5000), &error);

        if (stream)
            g_ptr_array_add(queued, stream);
        check(queued->len < 100);
    }
    check(has_code(error, SYNC_ERROR_TIMEOUT));
    return 0;
}

Test(socket, gives_up_connecting_at_the_deadline)
{
    expect_run(connect_to_full, NULL);
}

static struct stream *listen_unix(const char *path, int backlog, GError **err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    g_strlcpy(address.sun_path, path, sizeof(address.sun_path));
    check(bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0);
    check(listen(fd, backlog) == 0);
    return stream_new(fd, err);
}

struct unix_server {
    struct stream *listener;
    unsigned n_clients;
};

static int accept_all(void *arg, GError **err)
{
    struct unix_server *server = arg;

    for (unsigned i = 0; i < server->n_clients; i++) {
        if (accept_and_echo(server->listener, err) < 0)
            return -1;
    }
    return 0;
}

static int connect_unix(void *arg, GError **err)
{
    g_autofree char *folder = g_dir_make_tmp("stream-XXXXXX", err);
    g_autofree char *path = g_build_filename(folder, "s", NULL);
    g_autofree char *long_path = g_strnfill(200, 'x');
    g_autoptr(stream) listener = listen_unix(path, 0, err);
    g_autoptr(stream) first = stream_connect_unix(path, SOON, err);
    g_autoptr(stream) second = NULL;
    g_autoptr(GError) full = NULL, too_long = NULL, missing = NULL;
    g_autoptr(scope) scope = scope_open("server");
    struct unix_server server = {.listener = listener, .n_clients = 2};

    (void)arg;
    check(first != NULL);
    check(!stream_connect_unix(path, deadline_in(1), &full));
    check(has_code(full, SYNC_ERROR_TIMEOUT));
    scope_spawn(scope, "server", accept_all, &server);
    check(stream_write(first, "\n", 1, SOON, err) == 0);
    second = stream_connect_unix(path, SOON, err);
    check(second && stream_write(second, "\n", 1, SOON, err) == 0);
    check(scope_close(g_steal_pointer(&scope), err) == 0);
    unlink(path);
    check(!stream_connect_unix(path, SOON, &missing));
    check(g_str_has_suffix(missing->message, "/s: No such file or directory"));
    check(!stream_connect_unix(long_path, SOON, &too_long));
    check(has_code(too_long, SYNC_ERROR_LIMIT));
    rmdir(folder);
    return 0;
}

Test(socket, connects_to_a_unix_socket_also_when_its_queue_is_full_at_first)
{
    expect_run(connect_unix, NULL);
}
