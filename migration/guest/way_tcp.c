/* A login or a shell behind a TCP port: telnet (RFC 854, of which every option is declined), and
 * nc, a bare shell. */
#include "migration/guest/console.h"
#include "migration/guest/way.h"
#include "sync/stream.h"

#include <string.h>

enum telnet {
    TELNET_SE = 240,
    TELNET_SB = 250,
    TELNET_WILL,
    TELNET_WONT,
    TELNET_DO,
    TELNET_DONT,
    TELNET_IAC
};

struct tcp_session {
    struct session base;
    struct stream *stream;
    bool is_telnet;
    bool in_option;      /* between SB and SE */
    unsigned char order; /* IAC, or the order of the option that comes next; 0: neither */
    struct console console;
    struct console_login login;
};

static int say(void *arg, const char *bytes, size_t size, int64_t deadline, GError **err)
{
    struct tcp_session *session = arg;

    return stream_write(session->stream, bytes, size, deadline, err);
}

/* Takes a byte of telnet's orders. Returns whether it was one. */
static bool take_order(struct tcp_session *session, unsigned char byte, int64_t deadline)
{
    unsigned char order = session->order;

    if (order == 0 && byte != TELNET_IAC)
        return session->in_option;
    session->order = order == 0 ? TELNET_IAC : 0;
    if (order == 0)
        return true;
    if (order == TELNET_IAC) {
        if (byte == TELNET_IAC)
            return session->in_option; /* a byte of that value */
        if (byte == TELNET_SB || byte == TELNET_SE)
            session->in_option = byte == TELNET_SB;
        else if (byte >= TELNET_WILL && byte <= TELNET_DONT)
            session->order = byte;
        return true;
    }
    if (order == TELNET_DO || order == TELNET_WILL) {
        const unsigned char no[] = {TELNET_IAC, order == TELNET_DO ? TELNET_WONT : TELNET_DONT,
                                    byte};

        say(session, (const char *)no, sizeof no, deadline, NULL);
    }
    return true;
}

static int hear(void *arg, GString *heard, int64_t deadline, GError **err)
{
    struct tcp_session *session = arg;
    unsigned char buffer[4096];
    ssize_t n = stream_read(session->stream, buffer, sizeof buffer, deadline, err);

    if (n < 0) {
        g_prefix_error(err, "%s: ", session->base.where);
        return -1;
    }
    if (n == 0) {
        g_set_error(err, SESSION_ERROR, SESSION_ERROR_BROKEN, "%s: it has hung up",
                    session->base.where);
        return -1;
    }
    for (ssize_t i = 0; i < n; i++) {
        if (session->is_telnet && take_order(session, buffer[i], deadline))
            continue;
        g_string_append_c(heard, buffer[i] != '\0' ? (char)buffer[i] : ' ');
    }
    return 0;
}

static void close_tcp(struct session *base)
{
    struct tcp_session *session = (struct tcp_session *)base;

    stream_close(session->stream);
    g_string_free(session->console.heard, TRUE);
}

static struct session *fail_to_open(struct tcp_session *session, GError *why, GError **err)
{
    /* Whoever forwards the port hangs up for a guest that does not listen yet. */
    bool not_yet = why->domain == SYNC_ERROR
                       ? !g_error_matches(why, SYNC_ERROR, SYNC_ERROR_CANCELLED)
                       : g_error_matches(why, SESSION_ERROR, SESSION_ERROR_BROKEN);

    if (not_yet) {
        g_set_error(err, SESSION_ERROR, SESSION_ERROR_NOT_YET, "%s", why->message);
        g_error_free(why);
    } else {
        g_propagate_error(err, why);
    }
    close_tcp(&session->base);
    g_free(session->base.where);
    g_free(session);
    return NULL;
}

static struct session *open_tcp(const char *way, bool is_telnet, const struct login *login,
                                int64_t answer_ms, int64_t deadline, GError **err)
{
    struct tcp_session *session;
    GError *why = NULL;

    if (!login_has_port(login, way, err))
        return NULL;
    session = g_new0(struct tcp_session, 1);
    session->is_telnet = is_telnet;
    session->base.where =
        g_strdup_printf("%s %s@%s:%u", way, login->username, login->address, login->port);
    session->login = (struct console_login){.where = session->base.where,
                                            .username = login->username,
                                            .password = login->password,
                                            .prompt = login->prompt,
                                            .line_end = login->line_end,
                                            .status = login->status};
    session->console =
        (struct console){.heard = g_string_new(NULL), .arg = session, .hear = hear, .say = say};
    session->stream = stream_connect_tcp(login->address, login->port,
                                         deadline_min(deadline, deadline_in(answer_ms)), &why);
    if (session->stream == NULL)
        g_prefix_error(&why, "%s: ", session->base.where);
    if (session->stream == NULL ||
        console_enter(&session->console, &session->login, answer_ms, deadline, &why) < 0)
        return fail_to_open(session, why, err);
    return &session->base;
}

static struct session *open_telnet(const struct login *login, int64_t answer_ms, int64_t deadline,
                                   GError **err)
{
    return open_tcp("telnet", true, login, answer_ms, deadline, err);
}

static struct session *open_nc(const struct login *login, int64_t answer_ms, int64_t deadline,
                               GError **err)
{
    return open_tcp("nc", false, login, answer_ms, deadline, err);
}

static int run_by_tcp(struct session *base, const char *command, const void *input,
                      size_t input_size, int64_t deadline, struct session_result *result,
                      GError **err)
{
    struct tcp_session *session = (struct tcp_session *)base;

    return console_run(&session->console, &session->login, command, input, input_size, deadline,
                       result, err);
}

const struct way way_telnet = {
    .name = "telnet",
    .by_network = true,
    .open = open_telnet,
    .close = close_tcp,
    .run = run_by_tcp,
};

const struct way way_nc = {
    .name = "nc",
    .by_network = true,
    .open = open_nc,
    .close = close_tcp,
    .run = run_by_tcp,
};
