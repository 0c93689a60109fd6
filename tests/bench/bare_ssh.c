#include "bare_ssh.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <libssh2.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

enum step { CONNECT, HANDSHAKE, LOG_IN, OPEN, EXEC, WRITE, END_OF_INPUT, READ, DONE, FAILED };

struct visit {
    uv_poll_t poll;
    int fd;
    enum step step;
    LIBSSH2_SESSION *session;
    LIBSSH2_CHANNEL *channel;
    const char *user, *key;
    char *script;
    size_t written;
    GString *out;
};

/* Returns whether the step is over; *failed: in the bad way. */
static bool is_over(int status, bool *failed)
{
    *failed = status < 0 && status != LIBSSH2_ERROR_EAGAIN;
    return status != LIBSSH2_ERROR_EAGAIN;
}

static int write_on(struct visit *visit)
{
    size_t size = strlen(visit->script);

    while (visit->written < size) {
        ssize_t n = libssh2_channel_write(visit->channel, visit->script + visit->written,
                                          size - visit->written);
        if (n < 0)
            return (int)n;
        visit->written += (size_t)n;
    }
    return 0;
}

static int read_on(struct visit *visit)
{
    char buffer[4096];
    ssize_t n;

    while ((n = libssh2_channel_read(visit->channel, buffer, sizeof(buffer))) > 0)
        g_string_append_len(visit->out, buffer, n);
    if (n < 0)
        return (int)n;
    return libssh2_channel_eof(visit->channel) ? 0 : LIBSSH2_ERROR_EAGAIN;
}

static int take_step(struct visit *visit)
{
    switch (visit->step) {
    case CONNECT:
        return 0;
    case HANDSHAKE:
        return libssh2_session_handshake(visit->session, visit->fd);
    case LOG_IN:
        return libssh2_userauth_publickey_fromfile(visit->session, visit->user, NULL, visit->key,
                                                   NULL);
    case OPEN:
        visit->channel = libssh2_channel_open_session(visit->session);
        return visit->channel ? 0 : libssh2_session_last_errno(visit->session);
    case EXEC:
        return libssh2_channel_exec(visit->channel, "/bin/sh -s");
    case WRITE:
        return write_on(visit);
    case END_OF_INPUT:
        return libssh2_channel_send_eof(visit->channel);
    case READ:
        return read_on(visit);
    default:
        return 0;
    }
}

static void on_ready(uv_poll_t *poll, int status, int events)
{
    struct visit *visit = poll->data;
    bool failed = status < 0;

    (void)events;
    while (!failed && visit->step < DONE && is_over(take_step(visit), &failed) && !failed)
        visit->step++;
    if (failed)
        visit->step = FAILED;
    if (visit->step >= DONE) {
        uv_close((uv_handle_t *)poll, NULL);
        return;
    }
    int want = libssh2_session_block_directions(visit->session);
    uv_poll_start(poll,
                  (want & LIBSSH2_SESSION_BLOCK_OUTBOUND ? UV_WRITABLE : 0) |
                      (want & LIBSSH2_SESSION_BLOCK_INBOUND || want == 0 ? UV_READABLE : 0),
                  on_ready);
}

static int begin(struct visit *visit, uv_loop_t *loop, uint16_t port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(port)};

    visit->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (connect(visit->fd, (struct sockaddr *)&address, sizeof(address)) < 0 &&
        errno != EINPROGRESS)
        return -1;
    visit->session = libssh2_session_init();
    libssh2_session_set_blocking(visit->session, 0);
    visit->out = g_string_new(NULL);
    visit->poll.data = visit;
    uv_poll_init(loop, &visit->poll, visit->fd);
    return uv_poll_start(&visit->poll, UV_WRITABLE, on_ready);
}

static void end(struct visit *visit)
{
    if (visit->channel)
        libssh2_channel_free(visit->channel);
    if (visit->session)
        libssh2_session_free(visit->session);
    close(visit->fd);
    g_free(visit->script);
}

int bare_ssh_run(const struct ssh_hosts *hosts, char *(*script_of)(void *arg, unsigned host),
                 void *arg, char **outputs, GError **err)
{
    g_autofree struct visit *visits = g_new0(struct visit, hosts->n);
    g_autofree char *key = g_build_filename(hosts->folder, "user_key", NULL);
    uv_loop_t loop;
    unsigned n_done = 0;

    uv_loop_init(&loop);
    for (unsigned i = 0; i < hosts->n; i++) {
        visits[i].user = g_get_user_name();
        visits[i].key = key;
        visits[i].script = script_of(arg, i);
        if (begin(&visits[i], &loop, hosts->ports[i]) < 0)
            g_error("cannot connect: %s", g_strerror(errno));
    }
    uv_run(&loop, UV_RUN_DEFAULT);
    uv_loop_close(&loop);
    for (unsigned i = 0; i < hosts->n; i++) {
        n_done += visits[i].step == DONE;
        outputs[i] = g_string_free(visits[i].out, FALSE);
        end(&visits[i]);
    }
    if (n_done == hosts->n)
        return 0;
    g_set_error(err, G_SPAWN_ERROR, G_SPAWN_ERROR_FAILED, "%u of %u bare sessions failed",
                hosts->n - n_done, hosts->n);
    return -1;
}
