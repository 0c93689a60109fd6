/*
 * The byte 0xFF is in no JSON. Sent before a request it ends whatever the agent has half read;
 * before the reply to guest-sync-delimited it ends whatever we have. The reply bears the number
 * that was sent: an earlier request for it, which nobody waits for any more, may be answered first.
 */
#include "migration/guest/agent.h"

#include "migration/guest/session.h"

#include <string.h>

#define SENTINEL '\xff'
#define READ_BYTES 16384
#define LEAVE_MS 1000

void agent_begin(struct agent *agent, struct stream *stream, const char *where)
{
    *agent = (struct agent){.stream = stream, .where = where, .heard = g_string_new(NULL)};
}

static int break_off(const struct agent *agent, const char *why, GError **err)
{
    g_set_error(err, SESSION_ERROR, SESSION_ERROR_BROKEN, "%s: %s", agent->where, why);
    return -1;
}

static int hear(struct agent *agent, int64_t deadline, GError **err)
{
    char buffer[READ_BYTES];
    ssize_t got = stream_read(agent->stream, buffer, sizeof buffer, deadline, err);

    if (got < 0) {
        g_prefix_error(err, "%s: ", agent->where);
        return -1;
    }
    if (got == 0)
        return break_off(agent, "the channel has ended", err);
    g_string_append_len(agent->heard, buffer, got);
    return 0;
}

/* Waits for a line and takes it, without its end; of one that is too long nothing is kept. */
static int take_line(struct agent *agent, GString *line, bool *is_too_long, int64_t deadline,
                     GError **err)
{
    const char *end = NULL;

    *is_too_long = false;
    while (end == NULL) {
        GString *heard = agent->heard;

        if (heard->len == 0 && hear(agent, deadline, err) < 0)
            return -1;
        end = memchr(heard->str, '\n', heard->len);
        const size_t size = end != NULL ? (size_t)(end - heard->str) : heard->len;
        *is_too_long = *is_too_long || line->len + size > AGENT_REPLY_MAX;
        if (*is_too_long)
            g_string_truncate(line, 0);
        else
            g_string_append_len(line, heard->str, (gssize)size);
        g_string_erase(heard, 0, (gssize)(size + (end != NULL ? 1 : 0)));
    }
    return 0;
}

static int say(struct agent *agent, const char *before, const char *name, json_t *arguments,
               int64_t deadline, GError **err)
{
    json_auto_t *request = json_pack("{s:s, s:o*}", "execute", name, "arguments", arguments);
    g_autofree char *text = request != NULL ? json_dumps(request, JSON_COMPACT) : NULL;
    g_autofree char *line = NULL;

    if (text == NULL) {
        g_set_error(err, SESSION_ERROR, SESSION_ERROR_FAILED,
                    "%s: %s: what it is to be told is "
                    "not UTF-8",
                    agent->where, name);
        return -1;
    }
    line = g_strconcat(before, text, "\n", NULL);
    if (stream_write(agent->stream, line, strlen(line), deadline, err) == 0)
        return 0;
    g_prefix_error(err, "%s: ", agent->where);
    return -1;
}

/* Whether a line ends with the reply to that number. */
static bool is_sync_reply(const GString *line, json_int_t number)
{
    const char *mark = memrchr(line->str, SENTINEL, line->len);
    json_auto_t *reply = NULL;

    if (mark == NULL)
        return false;
    mark++;
    reply = json_loadb(mark, line->len - (size_t)(mark - line->str), 0, NULL);
    return json_is_integer(json_object_get(reply, "return")) &&
           json_integer_value(json_object_get(reply, "return")) == number;
}

int agent_sync(struct agent *agent, int64_t deadline, GError **err)
{
    static const char sentinel[] = {SENTINEL, '\0'};
    g_autoptr(GString) line = g_string_new(NULL);
    json_int_t number = (json_int_t)(g_random_int() >> 1);
    bool is_too_long;

    g_string_truncate(agent->heard, 0);
    agent->is_due = false;
    if (say(agent, sentinel, "guest-sync-delimited", json_pack("{s:I}", "id", number), deadline,
            err) < 0)
        return -1;
    do {
        g_string_truncate(line, 0);
        if (take_line(agent, line, &is_too_long, deadline, err) < 0)
            return -1;
    } while (is_too_long || !is_sync_reply(line, number));
    return 0;
}

static int fail_by(const struct agent *agent, const char *name, const json_t *error, GError **err)
{
    const char *class = json_string_value(json_object_get(error, "class"));
    const char *words = json_string_value(json_object_get(error, "desc"));

    g_set_error(err, SESSION_ERROR,
                g_strcmp0(class, "CommandNotFound") == 0 ? SESSION_ERROR_CANNOT
                                                         : SESSION_ERROR_FAILED,
                "%s: %s: %.300s", agent->where, name, words != NULL ? words : "it says no");
    return -1;
}

int agent_request(struct agent *agent, const char *name, json_t *arguments, int64_t deadline,
                  json_t **reply_out, GError **err)
{
    g_autoptr(GString) line = g_string_new(NULL);
    json_auto_t *reply = NULL;
    json_t *value;
    bool is_too_long;

    if (say(agent, "", name, arguments, deadline, err) < 0)
        return -1;
    agent->is_due = true;
    if (take_line(agent, line, &is_too_long, deadline, err) < 0)
        return -1;
    agent->is_due = false;
    if (is_too_long) {
        g_set_error(err, SESSION_ERROR, SESSION_ERROR_FAILED,
                    "%s: %s: it answers with more than "
                    "%zu MiB",
                    agent->where, name, AGENT_REPLY_MAX >> 20);
        return -1;
    }
    reply = json_loadb(line->str, line->len, 0, NULL);
    if (json_object_get(reply, "error") != NULL)
        return fail_by(agent, name, json_object_get(reply, "error"), err);
    value = json_object_get(reply, "return");
    if (value == NULL)
        return break_off(agent, "what it says is no reply", err);
    if (reply_out != NULL)
        *reply_out = json_incref(value);
    return 0;
}

int agent_allows(struct agent *agent, const char *name, int64_t deadline, GError **err)
{
    json_auto_t *info = NULL;
    const json_t *command;
    size_t i;

    if (agent_request(agent, "guest-info", NULL, deadline, &info, err) < 0)
        return -1;
    json_array_foreach (json_object_get(info, "supported_commands"), i, command)
        if (g_strcmp0(json_string_value(json_object_get(command, "name")), name) == 0)
            return json_is_true(json_object_get(command, "enabled"));
    return 0;
}

void agent_leave(struct agent *agent)
{
    g_autoptr(GString) line = g_string_new(NULL);
    bool is_too_long;

    if (agent->is_due) {
        fiber_shield();
        agent->is_due = take_line(agent, line, &is_too_long, deadline_in(LEAVE_MS), NULL) < 0;
        fiber_unshield();
    }
    g_string_free(agent->heard, TRUE);
}
