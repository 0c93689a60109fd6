/*
 * One command on one channel. Its stdin, stdout and stderr move in one loop, because a command may
 * block on any of them: with stderr unread the channel never ends.
 *
 * libssh2 takes nothing else while half a packet is on its way out, so after such an EAGAIN the
 * loop waits and comes back to the very same call.
 */
#include "proto/ssh_private.h"

#include <signal.h>
#include <string.h>

#define BUFFER_SIZE 32768
#define STEPS_A_TURN 16    /* then other fibers get theirs, and the deadline is looked at */
#define OUTPUT_MAX 1048576 /* 1 MiB, as ssh.h says */

enum step {
    STEP_FAILED = -1,
    STEP_IDLE,  /* nothing to do until the socket is ready */
    STEP_MOVED, /* something went through */
    STEP_STUCK, /* half a packet is on its way: the same call must be made again first */
};

struct command {
    struct ssh *ssh;
    LIBSSH2_CHANNEL *channel;
    const struct ssh_command_io *io;
    int64_t deadline;
    char input[BUFFER_SIZE];
    size_t input_at, input_end;
    bool input_ended; /* fill has no more; the end must still be told */
    bool end_told;
};

static enum step no_step(const struct command *c)
{
    return ssh_is_mid_packet(c->ssh) ? STEP_STUCK : STEP_IDLE;
}

static enum step fail(struct command *c, const char *doing, GError **err)
{
    ssh_fail(c->ssh, SSH_ERROR_CHANNEL, doing, err);
    return STEP_FAILED;
}

static enum step tell_end(struct command *c, GError **err)
{
    int rc = libssh2_channel_send_eof(c->channel);

    if (rc == LIBSSH2_ERROR_EAGAIN)
        return no_step(c);
    if (rc < 0)
        return fail(c, "ending the command's input", err);
    c->end_told = true;
    return STEP_MOVED;
}

static enum step push_input(struct command *c, GError **err)
{
    ssize_t n;

    if (c->end_told)
        return STEP_IDLE;
    if (c->input_at == c->input_end && !c->input_ended) {
        n = c->io->fill != NULL ? c->io->fill(c->io->arg, c->input, sizeof(c->input), err) : 0;
        if (n < 0)
            return STEP_FAILED;
        c->input_at = 0;
        c->input_end = (size_t)n;
        c->input_ended = n == 0;
    }
    if (c->input_ended)
        return tell_end(c, err);
    n = libssh2_channel_write(c->channel, c->input + c->input_at, c->input_end - c->input_at);
    if (n == LIBSSH2_ERROR_EAGAIN || n == 0)
        return no_step(c);
    if (n < 0)
        return fail(c, "writing to the command", err);
    c->input_at += (size_t)n;
    return STEP_MOVED;
}

static enum step pull_output(struct command *c, int stream, GError **err)
{
    char buffer[BUFFER_SIZE];
    ssize_t n = libssh2_channel_read_ex(c->channel, stream, buffer, sizeof(buffer));

    if (n == LIBSSH2_ERROR_EAGAIN)
        return no_step(c);
    if (n < 0)
        return fail(c, "reading from the command", err);
    if (n == 0)
        return STEP_IDLE;
    return c->io->take(c->io->arg, stream, buffer, (size_t)n, err) < 0 ? STEP_FAILED : STEP_MOVED;
}

/* One of the three streams, by number: 0 output, 1 errors, 2 input. */
static enum step move(struct command *c, int which, GError **err)
{
    enum step step;

    for (;;) {
        step = which == 2 ? push_input(c, err) : pull_output(c, which, err);
        if (step != STEP_STUCK)
            return step;
        if (ssh_await(c->ssh, c->deadline, err) < 0)
            return STEP_FAILED;
    }
}

static int give_turn(struct command *c, GError **err)
{
    if (deadline_left(c->deadline) == 0)
        g_set_error(err, SYNC_ERROR, SYNC_ERROR_TIMEOUT, "%s: timed out", c->ssh->name);
    else if (await_turn(err) == 0)
        return 0;
    c->ssh->broken = true;
    return -1;
}

static int converse(struct command *c, GError **err)
{
    for (unsigned steps = 1; !libssh2_channel_eof(c->channel); steps++) {
        bool moved = false;

        for (int which = 0; which < 3; which++) {
            enum step step = move(c, which, err);

            if (step == STEP_FAILED)
                return -1;
            moved |= step == STEP_MOVED;
        }
        if (moved && steps % STEPS_A_TURN == 0 && give_turn(c, err) < 0)
            return -1;
        if (!moved && !libssh2_channel_eof(c->channel) && ssh_await(c->ssh, c->deadline, err) < 0)
            return -1;
    }
    return 0;
}

/* The exit status comes at the latest with the other side's close. */
static int await_end(struct command *c, GError **err)
{
    int rc;

    while ((rc = libssh2_channel_wait_closed(c->channel)) == LIBSSH2_ERROR_EAGAIN) {
        if (ssh_await(c->ssh, c->deadline, err) < 0)
            return -1;
    }
    return rc < 0 ? ssh_fail(c->ssh, SSH_ERROR_CHANNEL, "waiting for the command's end", err) : 0;
}

/* SSH names signals without "SIG"; one we do not know counts as KILL. */
static int signal_number(const char *name)
{
    for (int n = 1; n < NSIG; n++) {
        if (g_strcmp0(sigabbrev_np(n), name) == 0)
            return n;
    }
    return SIGKILL;
}

static int exit_status(struct command *c)
{
    char *name = NULL;
    size_t size;
    int status = libssh2_channel_get_exit_status(c->channel);

    if (libssh2_channel_get_exit_signal(c->channel, &name, &size, NULL, NULL, NULL, NULL) == 0 &&
        name != NULL) {
        status = 128 + signal_number(name);
        libssh2_free(c->ssh->session, name);
    }
    return status;
}

static int open_channel(struct command *c, GError **err)
{
    while ((c->channel = libssh2_channel_open_session(c->ssh->session)) == NULL) {
        if (libssh2_session_last_errno(c->ssh->session) != LIBSSH2_ERROR_EAGAIN)
            return ssh_fail(c->ssh, SSH_ERROR_CHANNEL, "opening a channel", err);
        if (ssh_await(c->ssh, c->deadline, err) < 0)
            return -1;
    }
    return 0;
}

static int start(struct command *c, const char *command, GError **err)
{
    int rc;

    while ((rc = libssh2_channel_exec(c->channel, command)) == LIBSSH2_ERROR_EAGAIN) {
        if (ssh_await(c->ssh, c->deadline, err) < 0)
            return -1;
    }
    return rc < 0 ? ssh_fail(c->ssh, SSH_ERROR_CHANNEL, "starting the command", err) : 0;
}

/* A broken session keeps its channels until it is freed itself. */
static void free_channel(struct command *c)
{
    while (!c->ssh->broken && libssh2_channel_free(c->channel) == LIBSSH2_ERROR_EAGAIN) {
        if (ssh_await(c->ssh, c->deadline, NULL) < 0)
            return;
    }
}

int ssh_exec(struct ssh *ssh, const char *command, const struct ssh_command_io *io,
             int64_t deadline, int *status_out, GError **err)
{
    struct command *c;
    int rc = -1;

    if (ssh_begin(ssh, deadline, err) < 0)
        return -1;
    c = g_new0(struct command, 1);
    c->ssh = ssh;
    c->io = io;
    c->deadline = deadline;
    if (open_channel(c, err) == 0) {
        if (start(c, command, err) == 0 && converse(c, err) == 0 && await_end(c, err) == 0) {
            *status_out = exit_status(c);
            rc = 0;
        }
        free_channel(c);
    }
    ssh_end(ssh);
    g_free(c);
    return rc;
}

struct run {
    const char *input;
    size_t input_left;
    GString *output[2];
};

static ssize_t fill_from_memory(void *arg, void *buffer, size_t size, GError **err)
{
    struct run *run = arg;
    size_t n = MIN(size, run->input_left);

    (void)err;
    memcpy(buffer, run->input, n);
    run->input += n;
    run->input_left -= n;
    return (ssize_t)n;
}

static int take_to_memory(void *arg, int stream, const void *data, size_t size, GError **err)
{
    struct run *run = arg;
    GString *output = run->output[stream];

    (void)err;
    g_string_append_len(output, data, (gssize)MIN(size, OUTPUT_MAX - output->len));
    return 0;
}

int ssh_run(struct ssh *ssh, const char *command, const void *input, size_t input_size,
            int64_t deadline, struct ssh_result *result, GError **err)
{
    struct run run = {input, input_size, {g_string_new(NULL), g_string_new(NULL)}};
    const struct ssh_command_io io = {input_size > 0 ? fill_from_memory : NULL, take_to_memory,
                                      &run};
    int status, rc = ssh_exec(ssh, command, &io, deadline, &status, err);
    char *out = g_string_free(run.output[0], FALSE);
    char *errors = g_string_free(run.output[1], FALSE);

    if (rc < 0) {
        g_free(out);
        g_free(errors);
        return -1;
    }
    *result = (struct ssh_result){status, out, errors};
    return 0;
}
