#include "sync/stream.h"
#include "tests/unit/fiber_checks.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <pty.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define SOON deadline_in(10000)

TestSuite(stream, .timeout = 30);

/* Runs fn as the first fiber on the two ends of a socket pair. */
struct ends {
    struct stream *a, *b;
};

static fiber_fn test_body;

static int with_pair(void *arg, GError **err)
{
    struct ends ends;
    int fds[2], result;

    (void)arg;
    check(socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == 0);
    ends.a = stream_new(fds[0], err);
    ends.b = stream_new(fds[1], err);
    result = test_body(&ends, err);
    stream_close(ends.a);
    stream_close(ends.b);
    return result;
}

static void expect_pair_run(fiber_fn fn)
{
    test_body = fn;
    expect_run(with_pair, NULL);
}

static bool has_code(const GError *err, int code)
{
    return g_error_matches(err, SYNC_ERROR, code);
}

static int read_and_write(void *arg, GError **err)
{
    struct ends *ends = arg;
    char buffer[16] = "";

    if (stream_write(ends->a, "hello", 5, SOON, err) < 0)
        return -1;
    check(stream_read(ends->b, buffer, 2, SOON, err) == 2);
    check(stream_read(ends->b, buffer + 2, 14, SOON, err) == 3);
    check(strcmp(buffer, "hello") == 0);
    stream_close(g_steal_pointer(&ends->a));
    check(stream_read(ends->b, buffer, 16, SOON, err) == 0);
    return 0;
}

Test(stream, carries_bytes_and_then_its_end)
{
    expect_pair_run(read_and_write);
}

static int take_lines(void *arg, GError **err)
{
    struct ends *ends = arg;
    static const char text[] = "first\nsecond\r\n\nlast";
    static const char *const expected[] = {"first", "second", "", "last"};
    g_autoptr(GError) error = NULL;

    if (stream_write(ends->a, text, strlen(text), SOON, err) < 0)
        return -1;
    stream_close(g_steal_pointer(&ends->a));
    for (unsigned i = 0; i < G_N_ELEMENTS(expected); i++) {
        g_autofree char *line = stream_read_line(ends->b, 100, SOON, err);

        check(line && strcmp(line, expected[i]) == 0);
    }
    check(!stream_read_line(ends->b, 100, SOON, &error));
    check(has_code(error, SYNC_ERROR_CLOSED));
    return 0;
}

Test(stream, gives_lines_without_their_ends_also_the_unfinished_last)
{
    expect_pair_run(take_lines);
}

static int take_line_in_parts(void *arg, GError **err)
{
    struct ends *ends = arg;
    g_autofree char *line = NULL;

    for (int i = 0; i < 3; i++) {
        g_autoptr(GError) error = NULL;

        check(stream_write(ends->a, "ab", 2, SOON, err) == 0);
        check(!stream_read_line(ends->b, 6, deadline_in(1), &error));
        check(has_code(error, SYNC_ERROR_TIMEOUT));
    }
    check(stream_write(ends->a, "\nrest", 5, SOON, err) == 0);
    line = stream_read_line(ends->b, 6, SOON, err);
    check(line && strcmp(line, "ababab") == 0);
    return 0;
}

Test(stream, keeps_a_part_of_a_line_that_timed_out)
{
    expect_pair_run(take_line_in_parts);
}

static int take_long_line(void *arg, GError **err)
{
    struct ends *ends = arg;
    char buffer[16] = "";

    check(stream_write(ends->a, "abcdefg\n", 8, SOON, err) == 0);
    for (int i = 0; i < 2; i++) {
        g_autoptr(GError) error = NULL;

        check(!stream_read_line(ends->b, 6, SOON, &error));
        check(has_code(error, SYNC_ERROR_LIMIT));
    }
    check(stream_await(ends->b, UV_READABLE, 0, err) == 0);
    check(stream_read(ends->b, buffer, sizeof(buffer), SOON, err) == 8);
    check(strcmp(buffer, "abcdefg\n") == 0);
    return 0;
}

Test(stream, refuses_a_line_that_is_too_long_and_keeps_its_bytes)
{
    expect_pair_run(take_long_line);
}

#define BULK ((size_t)4 * 1024 * 1024)

static int write_bulk(void *arg, GError **err)
{
    g_autofree uint8_t *data = g_malloc(BULK);
    int result;

    for (size_t i = 0; i < BULK; i++)
        data[i] = (uint8_t)(i * 7);
    result = stream_write(arg, data, BULK, SOON, err);
    check(shutdown(stream_fd(arg), SHUT_WR) == 0);
    return result;
}

static int read_bulk(void *arg, GError **err)
{
    uint8_t buffer[10000];
    size_t total = 0, wrong = 0;
    ssize_t n;

    while ((n = stream_read(arg, buffer, sizeof(buffer), SOON, err)) > 0) {
        for (ssize_t i = 0; i < n; i++)
            wrong += buffer[i] != (uint8_t)((total + (size_t)i) * 7);
        total += (size_t)n;
    }
    check(total == BULK);
    check(wrong == 0);
    return (int)n;
}

static int both_ways(void *arg, GError **err)
{
    struct ends *ends = arg;
    g_autoptr(scope) scope = scope_open("both ways");

    scope_spawn(scope, "read a", read_bulk, ends->a);
    scope_spawn(scope, "write a", write_bulk, ends->a);
    scope_spawn(scope, "read b", read_bulk, ends->b);
    scope_spawn(scope, "write b", write_bulk, ends->b);
    return scope_close(g_steal_pointer(&scope), err);
}

Test(stream, carries_bulk_both_ways_at_once)
{
    expect_pair_run(both_ways);
}

static int time_out(void *arg, GError **err)
{
    struct ends *ends = arg;
    g_autoptr(GError) reading = NULL, writing = NULL, again = NULL;
    g_autofree char *data = g_malloc0(BULK);
    char byte;

    (void)err;
    check(stream_read(ends->a, &byte, 1, deadline_in(1), &reading) == -1);
    check(has_code(reading, SYNC_ERROR_TIMEOUT));
    check(stream_write(ends->a, data, BULK, deadline_in(1), &writing) == -1);
    check(has_code(writing, SYNC_ERROR_TIMEOUT));
    check(stream_read(ends->a, &byte, 1, deadline_in(1), &again) == -1);
    check(has_code(again, SYNC_ERROR_TIMEOUT));
    return 0;
}

Test(stream, times_out_reading_and_writing)
{
    expect_pair_run(time_out);
}

static int read_one(void *arg, GError **err)
{
    char byte;
    ssize_t n = stream_read(arg, &byte, 1, DEADLINE_NEVER, err);

    return n < 0 ? -1 : 0;
}

static int write_endlessly(void *arg, GError **err)
{
    static const char zeros[4096];

    while (stream_write(arg, zeros, sizeof(zeros), DEADLINE_NEVER, err) == 0)
        ;
    return -1;
}

static int close_under_users(void *arg, GError **err)
{
    struct ends *ends = arg;
    g_autoptr(GError) reading = NULL, writing = NULL;
    g_autoptr(scope) scope = scope_open("users");
    g_autoptr(fiber) reader = fiber_ref(scope_spawn_detached(scope, "reader", read_one, ends->a));
    g_autoptr(fiber) writer =
        fiber_ref(scope_spawn_detached(scope, "writer", write_endlessly, ends->a));

    /* Both wait by then, as they do nothing else, and the buffer holds a few hundred KiB. */
    for (int i = 0; i < 1000; i++)
        check(await_turn(err) == 0);
    stream_close(g_steal_pointer(&ends->a));
    check(fiber_join(reader, SOON, &reading) == -1);
    check(has_code(reading, SYNC_ERROR_CLOSED));
    check(fiber_join(writer, SOON, &writing) == -1);
    check(has_code(writing, SYNC_ERROR_CLOSED));
    return scope_close(g_steal_pointer(&scope), err);
}

Test(stream, wakes_its_reader_and_its_writer_when_closed)
{
    expect_pair_run(close_under_users);
}

static int break_pipe(void *arg, GError **err)
{
    struct ends *ends = arg;
    g_autoptr(GError) error = NULL;

    (void)err;
    stream_close(g_steal_pointer(&ends->b));
    check(write_endlessly(ends->a, &error) == -1);
    check(has_code(error, SYNC_ERROR_CLOSED));
    return 0;
}

Test(stream, says_closed_when_the_peer_is_gone)
{
    expect_pair_run(break_pipe);
}

static int cancel_reader(void *arg, GError **err)
{
    struct ends *ends = arg;
    g_autoptr(GError) error = NULL;
    g_autoptr(scope) scope = scope_open("cancel");
    g_autoptr(fiber) reader = fiber_ref(scope_spawn_detached(scope, "reader", read_one, ends->a));
    char byte = 0;

    check(await_turn(err) == 0);
    fiber_cancel(reader, NULL);
    check(fiber_join(reader, SOON, &error) == -1);
    check(has_code(error, SYNC_ERROR_CANCELLED));
    check(stream_write(ends->b, "x", 1, SOON, err) == 0);
    check(stream_read(ends->a, &byte, 1, SOON, err) == 1 && byte == 'x');
    return scope_close(g_steal_pointer(&scope), err);
}

Test(stream, can_be_read_again_after_a_reader_was_cancelled)
{
    expect_pair_run(cancel_reader);
}

/* Never has to wait, as it reads what it has just written. */
static int talk_to_itself(void *arg, GError **err)
{
    struct ends *ends = arg;
    char buffer[16] = "";

    while (stream_write(ends->a, buffer, sizeof(buffer), DEADLINE_NEVER, err) == 0 &&
           stream_read(ends->b, buffer, sizeof(buffer), DEADLINE_NEVER, err) > 0)
        ;
    return -1;
}

static int talk_beside_a_timer(void *arg, GError **err)
{
    g_autoptr(scope) scope = scope_open("greedy");

    scope_spawn(scope, "greedy", talk_to_itself, arg);
    if (await_deadline(deadline_in(2), err) < 0)
        return -1;
    scope_cancel(scope, NULL);
    return scope_close(g_steal_pointer(&scope), err);
}

Test(stream, lets_others_run_while_it_never_has_to_wait)
{
    expect_pair_run(talk_beside_a_timer);
}

static int open_plain_file(void *arg, GError **err)
{
    g_autoptr(GError) error = NULL;
    FILE *file = tmpfile();
    int fd = dup(fileno(file));

    (void)arg;
    (void)err;
    check(!stream_new(fd, &error));
    check(has_code(error, SYNC_ERROR_SYSTEM));
    check(fcntl(fd, F_GETFD) == -1);
    fclose(file);
    return 0;
}

Test(stream, refuses_a_plain_file_and_closes_it)
{
    expect_run(open_plain_file, NULL);
}

static int take_ownership(void *arg, GError **err)
{
    struct ends *ends = arg;
    int fd = stream_fd(ends->a);
    char byte = 0;

    check(fcntl(fd, F_GETFD) == FD_CLOEXEC);
    check(fcntl(fd, F_GETFL) & O_NONBLOCK);
    check(stream_steal_fd(g_steal_pointer(&ends->a)) == fd);
    check(write(fd, "y", 1) == 1);
    check(stream_read(ends->b, &byte, 1, SOON, err) == 1 && byte == 'y');
    /* libuv has let go of it: it can become a stream again. */
    ends->a = stream_new(fd, err);
    check(stream_write(ends->b, "z", 1, SOON, err) == 0);
    check(stream_read(ends->a, &byte, 1, SOON, err) == 1 && byte == 'z');
    return 0;
}

Test(stream, hands_its_descriptor_back)
{
    expect_pair_run(take_ownership);
}

static int receive_fd(int socket)
{
    char byte;
    struct iovec part = {.iov_base = &byte, .iov_len = 1};
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(2 * sizeof(int))];
    } control;
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof(control)};
    int fd = -1;

    if (recvmsg(socket, &message, 0) == 1 && message.msg_controllen >= CMSG_LEN(sizeof(int)))
        memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(fd));
    return fd;
}

static int send_descriptor(void *arg, GError **err)
{
    struct ends *ends = arg;
    char buffer[8] = "";
    int pipe_fds[2], received;

    check(pipe(pipe_fds) == 0);
    check(stream_write_fds(ends->a, "abc", 3, &pipe_fds[0], 1, SOON, err) == 0);
    check(stream_await(ends->b, UV_READABLE, SOON, err) == 0);
    received = receive_fd(stream_fd(ends->b));
    check(received >= 0);
    check(stream_read(ends->b, buffer, 8, SOON, err) == 2 && strcmp(buffer, "bc") == 0);
    check(write(pipe_fds[1], "p", 1) == 1);
    check(read(received, buffer, 1) == 1 && buffer[0] == 'p');
    close(received);
    close(pipe_fds[0]);
    close(pipe_fds[1]);
    return 0;
}

Test(stream, sends_descriptors)
{
    expect_pair_run(send_descriptor);
}

static int hang_up_terminal(void *arg, GError **err)
{
    int master, slave;
    g_autoptr(stream) stream = NULL;
    g_autofree char *line = NULL;
    char byte;

    (void)arg;
    check(openpty(&master, &slave, NULL, NULL, NULL) == 0);
    stream = stream_new(master, err);
    if (!stream)
        return -1;
    check(write(slave, "login:\n", 7) == 7);
    close(slave);
    line = stream_read_line(stream, 100, SOON, err);
    check(line && strcmp(line, "login:") == 0);
    check(stream_read(stream, &byte, 1, SOON, err) == 0);
    return 0;
}

Test(stream, ends_when_the_last_program_leaves_a_terminal)
{
    expect_run(hang_up_terminal, NULL);
}

static int await_both(void *arg, GError **err)
{
    struct ends *ends = arg;
    g_autoptr(GError) error = NULL;

    check(stream_await(ends->a, UV_READABLE | UV_WRITABLE, SOON, err) == 0);
    check(stream_await(ends->a, UV_READABLE, deadline_in(1), &error) == -1);
    check(has_code(error, SYNC_ERROR_TIMEOUT));
    check(stream_write(ends->b, "x", 1, SOON, err) == 0);
    check(stream_await(ends->a, UV_READABLE, SOON, err) == 0);
    check(stream_await(ends->a, UV_READABLE, SOON, err) == 0);
    return 0;
}

Test(stream, awaits_readiness_without_reading)
{
    expect_pair_run(await_both);
}

static int await_twice(void *arg, GError **err)
{
    struct ends *ends = arg;
    g_autoptr(scope) scope = scope_open("two");

    scope_spawn(scope, "1", read_one, ends->a);
    scope_spawn(scope, "2", read_one, ends->a);
    return scope_close(g_steal_pointer(&scope), err);
}

Test(stream, ends_the_program_when_two_fibers_read_it, .signal = SIGTRAP)
{
    expect_pair_run(await_twice);
}
