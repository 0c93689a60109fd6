/*
 * QEMU's guest agent, at the other end of a virtio port. Nobody logs in: commands are root's, or by
 * su another user's where `username` names one; on Windows they are those of the agent's service.
 *
 * The agent tells of a command's end only when it is asked (guest-exec-status): the one place where
 * nothing else is to be had, so it is asked at growing intervals. A command's end is also that of
 * all that holds its output.
 */
#include "migration/guest/agent.h"
#include "migration/guest/kind.h"
#include "migration/guest/way.h"
#include "migration/machine/agent.h"

#include <string.h>

#define FIRST_PAUSE_MS 2
#define LAST_PAUSE_MS 100
#define OUTPUT_MAX ((size_t)1 << 20)
#define SIGNALLED 128

struct agent_session {
    struct session base;
    struct agent agent;
    char *user; /* NULL: root */
};

static void close_agent(struct session *base)
{
    struct agent_session *session = (struct agent_session *)base;

    agent_leave(&session->agent);
    g_free(session->user);
}

/* Whether somebody is there, and runs commands. */
static int greet(struct agent *agent, int64_t answer_ms, int64_t deadline, GError **err)
{
    GError *why = NULL;
    int allows = -1;

    deadline = deadline_min(deadline, deadline_in(answer_ms));
    if (agent_sync(agent, deadline, &why) == 0)
        allows = agent_allows(agent, "guest-exec", deadline, &why);
    if (allows > 0)
        return 0;
    if (allows == 0) {
        g_set_error(err, SESSION_ERROR, SESSION_ERROR_CANNOT,
                    "%s: the agent runs no commands (guest-exec is forbidden it)", agent->where);
    } else if (g_error_matches(why, SYNC_ERROR, SYNC_ERROR_TIMEOUT)) {
        g_set_error(err, SESSION_ERROR, SESSION_ERROR_NOT_YET, "%s: no agent answers",
                    agent->where);
        g_error_free(why);
    } else {
        g_propagate_error(err, why);
    }
    return -1;
}

struct session *agent_session_open(struct stream *stream, const char *username, int64_t answer_ms,
                                   int64_t deadline, GError **err)
{
    struct agent_session *session = g_new0(struct agent_session, 1);

    session->base.where = g_strconcat("agent ", username != NULL ? username : "",
                                      username != NULL ? "@" : "", MACHINE_AGENT_PORT, NULL);
    session->user = g_strcmp0(username, "root") != 0 ? g_strdup(username) : NULL;
    agent_begin(&session->agent, stream, session->base.where);
    if (greet(&session->agent, answer_ms, deadline, err) == 0)
        return &session->base;
    close_agent(&session->base);
    g_free(session->base.where);
    g_free(session);
    return NULL;
}

static struct session *open_agent(const struct login *login, int64_t answer_ms, int64_t deadline,
                                  GError **err)
{
    struct stream *stream = vm_agent(login->guest->vm);

    if (stream != NULL)
        return agent_session_open(stream, login->is_windows ? NULL : login->username, answer_ms,
                                  deadline, err);
    g_set_error_literal(err, SESSION_ERROR, SESSION_ERROR_CANNOT,
                        "agent: the VM has no channel to one");
    return NULL;
}

/* Who runs the command there. Transfer full; NULL: it cannot be said in JSON. */
static json_t *exec_of(const struct agent_session *session, const char *command)
{
    if (session->base.is_windows)
        return json_pack("{s:s, s:[s, s], s:b}", "path", "cmd.exe", "arg", "/c", command,
                         "capture-output", 1);
    if (session->user == NULL)
        return json_pack("{s:s, s:[s, s], s:b}", "path", "/bin/sh", "arg", "-c", command,
                         "capture-output", 1);
    return json_pack("{s:s, s:[s, s, s, s, s], s:b}", "path", "su", "arg", "-s", "/bin/sh", "-c",
                     command, session->user, "capture-output", 1);
}

/* The same with what the command reads. */
static json_t *exec_arguments(const struct agent_session *session, const char *command,
                              const void *input, size_t input_size)
{
    json_t *arguments = exec_of(session, command);

    if (arguments != NULL && input != NULL) {
        g_autofree char *text = g_base64_encode(input, input_size);

        json_object_set_new(arguments, "input-data", json_string(text));
    }
    return arguments;
}

/* What a command has said, cut to what is kept. Transfer full. */
static char *output_of(const json_t *status, const char *key)
{
    const char *text = json_string_value(json_object_get(status, key));
    gsize size = 0;
    guchar *bytes = text != NULL ? g_base64_decode(text, &size) : NULL;

    size = MIN(size, OUTPUT_MAX);
    bytes = g_realloc(bytes, size + 1);
    bytes[size] = '\0';
    return (char *)bytes;
}

static int await_end(struct agent *agent, json_int_t pid, int64_t deadline, json_t **status_out,
                     GError **err)
{
    for (int64_t pause = FIRST_PAUSE_MS;; pause = MIN(pause * 2, LAST_PAUSE_MS)) {
        json_auto_t *status = NULL;

        if (agent_request(agent, "guest-exec-status", json_pack("{s:I}", "pid", pid), deadline,
                          &status, err) < 0)
            return -1;
        if (json_is_true(json_object_get(status, "exited"))) {
            *status_out = g_steal_pointer(&status);
            return 0;
        }
        if (deadline_left(deadline) == 0) {
            g_set_error(err, SYNC_ERROR, SYNC_ERROR_TIMEOUT, "%s: the command has not ended",
                        agent->where);
            return -1;
        }
        if (await_deadline(deadline_min(deadline, deadline_in(pause)), err) < 0)
            return -1;
    }
}

static int run_by_agent(struct session *base, const char *command, const void *input,
                        size_t input_size, int64_t deadline, struct session_result *result,
                        GError **err)
{
    struct agent_session *session = (struct agent_session *)base;
    json_auto_t *begun = NULL, *status = NULL;
    const json_t *signal, *exit_code;
    json_t *arguments;

    /* The agent puts a backslash before each for programs of C, and cmd.exe is none. */
    if (base->is_windows && strchr(command, '"') != NULL) {
        g_set_error(err, SESSION_ERROR, SESSION_ERROR_FAILED,
                    "%s: a command with quotation marks does not come whole to cmd.exe: %s",
                    base->where, command);
        return -1;
    }
    arguments = exec_arguments(session, command, input, input_size);
    if (arguments == NULL) {
        g_set_error(err, SESSION_ERROR, SESSION_ERROR_FAILED,
                    "%s: a command is not UTF-8, as the agent wants it", base->where);
        return -1;
    }
    if (agent_request(&session->agent, "guest-exec", arguments, deadline, &begun, err) < 0 ||
        await_end(&session->agent, json_integer_value(json_object_get(begun, "pid")), deadline,
                  &status, err) < 0)
        return -1;
    signal = json_object_get(status, "signal");
    exit_code = json_object_get(status, "exitcode");
    if (!json_is_integer(signal) && !json_is_integer(exit_code)) {
        g_set_error(err, SESSION_ERROR, SESSION_ERROR_BROKEN, "%s: how a command ended is not said",
                    base->where);
        return -1;
    }
    *result = (struct session_result){
        .status = json_is_integer(signal) ? SIGNALLED + (int)json_integer_value(signal)
                                          : (int)json_integer_value(exit_code),
        .out = output_of(status, "out-data"),
        .err = output_of(status, "err-data"),
    };
    return 0;
}

const struct way way_agent = {
    .name = MACHINE_AGENT_WAY,
    .open = open_agent,
    .close = close_agent,
    .run = run_by_agent,
};
