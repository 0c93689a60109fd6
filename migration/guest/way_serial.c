/*
 * The guest's first serial port, on which the guest's reader listens anyway (guest.c): what comes
 * is given to the session, too. Who was logged in there stays so, also over a move.
 */
#include "migration/guest/console.h"
#include "migration/guest/kind.h"
#include "migration/guest/way.h"

struct serial_session {
    struct session base;
    struct guest *guest;
    struct console console;
    struct console_login login;
    struct event more;
};

static void take(void *arg, const char *bytes, size_t size)
{
    struct serial_session *session = arg;

    console_take(&session->console, bytes, size);
    event_set(&session->more);
}

static int hear(void *arg, GString *heard, int64_t deadline, GError **err)
{
    struct serial_session *session = arg;
    struct event *events[] = {&session->more, &session->guest->silent,
                              vm_exited(session->guest->vm)};

    (void)heard;
    if (await_any(events, G_N_ELEMENTS(events), deadline, err) < 0) {
        g_prefix_error(err, "%s: ", session->base.where);
        return -1;
    }
    if (event_is_set(&session->more)) {
        event_reset(&session->more);
        return 0;
    }
    g_set_error(err, SESSION_ERROR, SESSION_ERROR_BROKEN, "%s: the port has ended",
                session->base.where);
    return -1;
}

static int say(void *arg, const char *bytes, size_t size, int64_t deadline, GError **err)
{
    struct serial_session *session = arg;

    return stream_write(vm_serial(session->guest->vm), bytes, size, deadline, err);
}

static void close_serial(struct session *base)
{
    struct serial_session *session = (struct serial_session *)base;

    if (session->guest->listener_arg == session)
        session->guest->listener = NULL;
    g_string_free(session->console.heard, TRUE);
}

static struct session *open_serial(const struct login *login, int64_t answer_ms, int64_t deadline,
                                   GError **err)
{
    struct serial_session *session = g_new0(struct serial_session, 1);

    session->base.where = g_strdup_printf("serial %s", login->username);
    session->guest = login->guest;
    session->login = (struct console_login){.where = session->base.where,
                                            .username = login->username,
                                            .password = login->password,
                                            .prompt = login->prompt,
                                            .line_end = login->line_end,
                                            .status = login->status};
    session->console =
        (struct console){.heard = g_string_new(NULL), .arg = session, .hear = hear, .say = say};
    login->guest->listener = take;
    login->guest->listener_arg = session;
    if (console_enter(&session->console, &session->login, answer_ms, deadline, err) == 0)
        return &session->base;
    close_serial(&session->base);
    g_free(session->base.where);
    g_free(session);
    return NULL;
}

static int run_by_serial(struct session *base, const char *command, const void *input,
                         size_t input_size, int64_t deadline, struct session_result *result,
                         GError **err)
{
    struct serial_session *session = (struct serial_session *)base;

    return console_run(&session->console, &session->login, command, input, input_size, deadline,
                       result, err);
}

const struct way way_serial = {
    .name = "serial",
    .open = open_serial,
    .close = close_serial,
    .run = run_by_serial,
};
