/* Running a program to its end: one fiber feeds it, one collects each of its outputs. */
#include "sync/child.h"
#include "sync/stream.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#define OUTPUT_MAX (1024u * 1024u)
#define CHUNK 16384
#define END_MS 1000 /* for the kernel to end it after SIGKILL */

/* One of the child's standard descriptors. */
struct channel {
    int child_end; /* -1: /dev/null */
    struct stream *stream;
    const char *input;
    GByteArray *output;
};

struct run {
    struct channel in, out, err;
};

static void channel_clear(struct channel *channel)
{
    if (channel->child_end >= 0)
        close(channel->child_end);
    stream_close(channel->stream);
    g_clear_pointer(&channel->output, g_byte_array_unref);
}

static int channel_open(struct channel *channel, bool is_input, GError **err)
{
    int ends[2];

    if (pipe2(ends, O_CLOEXEC) < 0) {
        g_set_error(err, SYNC_ERROR, SYNC_ERROR_SYSTEM, "cannot create a pipe: %s",
                    g_strerror(errno));
        return -1;
    }
    channel->child_end = ends[is_input ? 0 : 1];
    if (!is_input)
        channel->output = g_byte_array_new();
    channel->stream = stream_new(ends[is_input ? 1 : 0], err);
    return channel->stream ? 0 : -1;
}

static void append(GByteArray *output, const void *data, size_t size)
{
    g_byte_array_append(output, data, (guint)MIN(size, OUTPUT_MAX - output->len));
}

/* Reads what is in the pipe now. */
static void drain(struct channel *channel)
{
    char buffer[CHUNK];
    ssize_t n;

    while ((n = read(stream_fd(channel->stream), buffer, sizeof(buffer))) > 0)
        append(channel->output, buffer, (size_t)n);
}

/* Until the end of the stream, or until it is cancelled because the child has ended: another
 * process may hold the pipe open for ever, but what the child wrote is in it. */
static int collect(void *arg, GError **err)
{
    struct channel *channel = arg;
    char buffer[CHUNK];
    ssize_t n;

    while ((n = stream_read(channel->stream, buffer, sizeof(buffer), DEADLINE_NEVER, err)) > 0)
        append(channel->output, buffer, (size_t)n);
    if (n < 0)
        drain(channel);
    return (int)n;
}

/* A child that does not read its input to the end is none of our business. */
static int feed(void *arg, GError **err)
{
    struct channel *channel = arg;
    int result =
        stream_write(channel->stream, channel->input, strlen(channel->input), DEADLINE_NEVER, err);

    stream_close(g_steal_pointer(&channel->stream));
    return result;
}

static void close_child_end(struct channel *channel)
{
    if (channel->child_end >= 0)
        close(channel->child_end);
    channel->child_end = -1;
}

static struct child *start(struct run *run, const char *const *argv, GError **err)
{
    struct child_fd fds[4];
    struct child_spec spec = {.argv = argv, .fds = fds, .new_session = true};
    const struct channel *channels[] = {&run->in, &run->out, &run->err};
    unsigned n = 0;

    for (int as = 0; as < 3; as++) {
        if (channels[as]->child_end >= 0)
            fds[n++] = (struct child_fd){.fd = channels[as]->child_end, .as = as};
    }
    fds[n].fd = -1;
    return child_start(&spec, err);
}

/* NUL-terminated. Transfer full. */
static char *take_text(struct channel *channel)
{
    g_byte_array_append(channel->output, (const uint8_t *)"", 1);
    return (char *)g_byte_array_free(g_steal_pointer(&channel->output), FALSE);
}

/* Who comes after us is not to find it among the living. Its session is its own: with it end those
 * that it has started. */
static void end_now(struct child *child)
{
    fiber_shield();
    if (!event_is_set(child_ended(child)))
        kill(-child_pid(child), SIGKILL);
    child_await(child, deadline_in(END_MS), NULL, NULL);
    fiber_unshield();
}

/* With the channels open. */
static int run_to_end(struct run *run, const char *const *argv, int64_t deadline, int *status_out,
                      GError **err)
{
    g_autoptr(child) child = start(run, argv, err);
    g_autoptr(scope) scope = NULL;

    if (!child)
        return -1;
    close_child_end(&run->in);
    close_child_end(&run->out);
    close_child_end(&run->err);

    scope = scope_open("child_run");
    if (run->in.stream)
        scope_spawn_detached(scope, "stdin", feed, &run->in);
    if (run->out.stream)
        scope_spawn(scope, "stdout", collect, &run->out);
    if (run->err.stream)
        scope_spawn(scope, "stderr", collect, &run->err);
    if (child_await(child, deadline, status_out, err) < 0) {
        end_now(child);
        g_prefix_error(err, "running %s: ", argv[0]);
        return -1;
    }
    scope_cancel(scope, NULL);
    if (scope_close(g_steal_pointer(&scope), err) == 0)
        return 0;
    g_prefix_error(err, "running %s: ", argv[0]);
    return -1;
}

int child_run(const char *const *argv, const char *input, int64_t deadline, int *status_out,
              char **stdout_out, char **stderr_out, GError **err)
{
    struct run run = {
        .in.child_end = -1, .in.input = input, .out.child_end = -1, .err.child_end = -1};
    int result = -1;
    int status;

    if ((!input || channel_open(&run.in, true, err) == 0) &&
        (!stdout_out || channel_open(&run.out, false, err) == 0) &&
        (!stderr_out || channel_open(&run.err, false, err) == 0))
        result = run_to_end(&run, argv, deadline, &status, err);
    if (result == 0 && status_out)
        *status_out = status;
    if (result == 0 && stdout_out)
        *stdout_out = take_text(&run.out);
    if (result == 0 && stderr_out)
        *stderr_out = take_text(&run.err);
    channel_clear(&run.in);
    channel_clear(&run.out);
    channel_clear(&run.err);
    return result;
}
