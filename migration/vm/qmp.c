/*
 * QMP over a socket that the loop polls.
 *
 * The read side splits lines and hands each object to whom it belongs: the greeting, an event, or
 * the answer to a pending command, found by its id. A waiter's record lies on its fiber's stack, or
 * in its struct qmp_later, and is in the table only while it waits, so an answer that comes too
 * late finds nobody and is dropped.
 *
 * The write side is a queue that is flushed as far as the socket takes it, the rest when it becomes
 * writable: a command that was begun is sent in whole even if its fiber has given up, else the
 * stream would be torn.
 */
#include "migration/vm/qmp.h"

#include "migration/vm/platform.h"
#include "migration/vm/qmp_log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define MAX_LINE_BYTES (8u << 20) /* query-qmp-schema says some 300 KiB */
#define READ_BYTES 65536
#define SECONDS_MAX ((int64_t)1 << 40) /* of a time stamp; what lies above is none */

struct outgoing {
    char *text;
    size_t size, sent;
    int fd; /* our own duplicate; -1: none, or already sent */
};

struct pending {
    const char *command;
    struct event done;
    json_t *answer;          /* NULL when the connection ended before it came */
    struct qmp_later *later; /* NULL: a fiber waits */
};

struct qmp_later {
    struct pending pending;
    struct qmp *qmp;
    size_t id;
    qmp_answer_fn on_answer;
    void *arg;
};

struct qmp {
    uv_poll_t poll;
    int fd;
    GString *in;
    GQueue out;          /* struct outgoing */
    GHashTable *pending; /* id (GSIZE_TO_POINTER) -> struct pending, its waiter's */
    size_t last_id;
    qmp_event_fn on_event;
    void *arg;
    qmp_ended_fn on_ended; /* or NULL */
    void *ended_arg;
    struct qmp_log *log; /* or NULL */
    struct event greeted;
    struct event ended;
    GError *cause; /* why it ended */
    unsigned refs; /* the owner's and one a waiter: closing wakes them, they run later */
};

static void unref(struct qmp *qmp)
{
    if (--qmp->refs > 0)
        return;
    g_hash_table_unref(qmp->pending);
    g_clear_error(&qmp->cause);
    g_free(qmp);
}

static void outgoing_free(struct outgoing *outgoing)
{
    if (outgoing->fd >= 0)
        close(outgoing->fd);
    g_free(outgoing->text);
    g_free(outgoing);
}

int qmp_take_answer(const char *name, const json_t *answer, json_t **reply_out,
                    json_t **refusal_out, GError **err)
{
    json_t *error = json_object_get(answer, "error");
    json_t *value = json_object_get(answer, "return");
    const char *class = json_string_value(json_object_get(error, "class"));
    const char *desc = json_string_value(json_object_get(error, "desc"));

    if (refusal_out != NULL)
        *refusal_out = json_incref(error);
    if (error != NULL || value == NULL) {
        g_set_error(err, VM_ERROR, VM_ERROR_COMMAND, "QMP %s: %s (%s)", name,
                    desc != NULL ? desc : "no description", class != NULL ? class : "no class");
        return -1;
    }
    if (reply_out != NULL)
        *reply_out = json_incref(value);
    return 0;
}

static void later_free(struct qmp_later *later)
{
    g_hash_table_remove(later->qmp->pending, GSIZE_TO_POINTER(later->id));
    json_decref(later->pending.answer);
    unref(later->qmp);
    g_free((char *)later->pending.command);
    g_free(later);
}

/* Its answer has come, or the connection has ended. */
static void tell_later(struct qmp_later *later)
{
    json_auto_t *reply = NULL, *refusal = NULL;
    g_autoptr(GError) error = NULL;

    if (later->pending.answer == NULL)
        error = g_error_copy(later->qmp->cause);
    else
        qmp_take_answer(later->pending.command, later->pending.answer, &reply, &refusal, &error);
    later->on_answer(reply, refusal, error, later->arg);
    later_free(later);
}

/* Those for whom no fiber waits. Transfer container. */
static GPtrArray *laters_of(struct qmp *qmp)
{
    GPtrArray *laters = g_ptr_array_new();
    GHashTableIter iter;
    void *value;

    g_hash_table_iter_init(&iter, qmp->pending);
    while (g_hash_table_iter_next(&iter, NULL, &value))
        if (((struct pending *)value)->later != NULL)
            g_ptr_array_add(laters, ((struct pending *)value)->later);
    return laters;
}

/* The connection is over: nobody waits in vain. Transfer full of cause. */
static void end(struct qmp *qmp, GError *cause)
{
    g_autoptr(GPtrArray) laters = NULL;
    GHashTableIter iter;
    void *value;

    if (qmp->cause != NULL) {
        g_error_free(cause);
        return;
    }
    qmp->cause = cause;
    uv_poll_stop(&qmp->poll);
    g_hash_table_iter_init(&iter, qmp->pending);
    while (g_hash_table_iter_next(&iter, NULL, &value))
        event_set(&((struct pending *)value)->done);
    event_set(&qmp->greeted);
    event_set(&qmp->ended);
    laters = laters_of(qmp);
    for (unsigned i = 0; i < laters->len; i++)
        tell_later(g_ptr_array_index(laters, i));
    if (qmp->on_ended != NULL)
        qmp->on_ended(qmp->ended_arg);
}

/*
 * When an event was, by CLOCK_MONOTONIC, though its stamp is of CLOCK_REALTIME, which may be set
 * at any time. 0: not known.
 */
static int64_t stamp_of(const json_t *message)
{
    int64_t now_us = g_get_monotonic_time(), clocks_apart_us = g_get_real_time() - now_us;
    const json_t *stamp = json_object_get(message, "timestamp");
    int64_t seconds = json_integer_value(json_object_get(stamp, "seconds"));
    int64_t microseconds = json_integer_value(json_object_get(stamp, "microseconds"));

    if (seconds <= 0 || seconds >= SECONDS_MAX || microseconds < 0 ||
        microseconds >= G_USEC_PER_SEC)
        return 0;
    /* Later than now: the clock has been set back in between. */
    return CLAMP(seconds * G_USEC_PER_SEC + microseconds - clocks_apart_us, 0, now_us);
}

static void take_message(struct qmp *qmp, json_t *message)
{
    const char *event = json_string_value(json_object_get(message, "event"));
    json_t *id = json_object_get(message, "id");

    if (event != NULL) {
        const json_t *data = json_object_get(message, "data");

        qmp->on_event(event, json_is_object(data) ? data : NULL, stamp_of(message), qmp->arg);
    } else if (json_object_get(message, "QMP") != NULL) {
        event_set(&qmp->greeted);
    } else if (json_is_integer(id)) {
        size_t number = (size_t)json_integer_value(id);
        struct pending *pending = g_hash_table_lookup(qmp->pending, GSIZE_TO_POINTER(number));

        if (pending != NULL && pending->answer == NULL) {
            pending->answer = json_incref(message);
            event_set(&pending->done);
            if (pending->later != NULL)
                tell_later(pending->later);
        }
    }
}

/* Which command it answers; NULL: none that is waited for. */
static const char *command_of(const struct qmp *qmp, const json_t *message)
{
    size_t id = (size_t)json_integer_value(json_object_get(message, "id"));
    const struct pending *pending = g_hash_table_lookup(qmp->pending, GSIZE_TO_POINTER(id));

    return pending != NULL ? pending->command : NULL;
}

static int take_line(struct qmp *qmp, char *line)
{
    json_auto_t *message = NULL;
    json_error_t error;

    g_strchomp(line);
    if (*line == '\0')
        return 0;
    message = json_loads(line, 0, &error);
    qmp_log_received(qmp->log, line, message, command_of(qmp, message));
    if (!json_is_object(message)) {
        end(qmp, g_error_new(VM_ERROR, VM_ERROR_COMMAND, "QMP: not a JSON object: %.120s", line));
        return -1;
    }
    take_message(qmp, message);
    return 0;
}

static void take_lines(struct qmp *qmp)
{
    size_t begin = 0;
    char *newline;

    while ((newline = memchr(qmp->in->str + begin, '\n', qmp->in->len - begin)) != NULL) {
        *newline = '\0';
        if (take_line(qmp, qmp->in->str + begin) < 0)
            return;
        begin = (size_t)(newline + 1 - qmp->in->str);
    }
    g_string_erase(qmp->in, 0, (gssize)begin);
    if (qmp->in->len > MAX_LINE_BYTES)
        end(qmp, g_error_new(VM_ERROR, VM_ERROR_COMMAND, "QMP: a line of more than %u bytes",
                             MAX_LINE_BYTES));
}

static GError *ended_error(int error)
{
    return g_error_new(SYNC_ERROR, SYNC_ERROR_CLOSED, "QMP: the connection has ended%s%s",
                       error != 0 ? ": " : "", error != 0 ? g_strerror(error) : "");
}

static void read_some(struct qmp *qmp)
{
    char buffer[READ_BYTES];
    ssize_t got = recv(qmp->fd, buffer, sizeof buffer, MSG_DONTWAIT);

    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (got <= 0) {
        end(qmp, ended_error(got < 0 ? errno : 0));
        return;
    }
    g_string_append_len(qmp->in, buffer, got);
    take_lines(qmp);
}

static ssize_t send_some(struct qmp *qmp, struct outgoing *outgoing)
{
    union {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } control = {0};
    struct iovec data = {outgoing->text + outgoing->sent, outgoing->size - outgoing->sent};
    struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1};

    if (outgoing->fd >= 0) {
        struct cmsghdr *header;

        message.msg_control = control.bytes;
        message.msg_controllen = sizeof control.bytes;
        header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(header), &outgoing->fd, sizeof(int));
    }
    return sendmsg(qmp->fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void on_poll(uv_poll_t *handle, int status, int events);

/* Sends what the socket takes now. */
static void flush(struct qmp *qmp)
{
    struct outgoing *outgoing;

    while (qmp->cause == NULL && (outgoing = g_queue_peek_head(&qmp->out)) != NULL) {
        ssize_t sent = send_some(qmp, outgoing);

        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0 && errno == EAGAIN)
            break;
        if (sent < 0) {
            /* What the peer said before it went is still to be read; the read side ends it. */
            break;
        }
        if (outgoing->fd >= 0)
            close(g_steal_fd(&outgoing->fd));
        outgoing->sent += (size_t)sent;
        if (outgoing->sent == outgoing->size)
            outgoing_free(g_queue_pop_head(&qmp->out));
    }
    if (qmp->cause == NULL)
        uv_poll_start(&qmp->poll, UV_READABLE | (g_queue_is_empty(&qmp->out) ? 0 : UV_WRITABLE),
                      on_poll);
}

static void on_poll(uv_poll_t *handle, int status, int events)
{
    struct qmp *qmp = handle->data;

    if (status < 0) {
        read_some(qmp);
        if (qmp->cause == NULL)
            end(qmp, ended_error(-status));
        return;
    }
    if (events & UV_READABLE)
        read_some(qmp);
    if ((events & UV_WRITABLE) && qmp->cause == NULL)
        flush(qmp);
}

struct qmp *qmp_open(int fd, const char *log_path, GHashTable *known, qmp_event_fn on_event,
                     void *arg, GError **err)
{
    struct qmp *qmp;
    struct qmp_log *log = NULL;

    if (log_path != NULL && (log = qmp_log_open(log_path, known, err)) == NULL) {
        close(fd);
        return NULL;
    }
    qmp = g_new0(struct qmp, 1);
    qmp->refs = 1;
    qmp->fd = fd;
    qmp->log = log;
    qmp->in = g_string_new(NULL);
    g_queue_init(&qmp->out);
    qmp->pending = g_hash_table_new(NULL, NULL);
    qmp->on_event = on_event;
    qmp->arg = arg;
    uv_poll_init(fiber_loop(), &qmp->poll, fd);
    qmp->poll.data = qmp;
    uv_poll_start(&qmp->poll, UV_READABLE, on_poll);
    return qmp;
}

int qmp_log_to(struct qmp *qmp, const char *log_path, GHashTable *known, GError **err)
{
    struct qmp_log *log = qmp_log_open(log_path, known, err);

    if (log == NULL)
        return -1;
    g_clear_pointer(&qmp->log, qmp_log_close);
    qmp->log = log;
    return 0;
}

int qmp_greet(struct qmp *qmp, int64_t deadline, GError **err)
{
    if (await_event(&qmp->greeted, deadline, err) < 0) {
        g_prefix_error(err, "waiting for the QMP greeting: ");
        return -1;
    }
    return qmp_command(qmp, "qmp_capabilities", NULL, -1, deadline, NULL, err);
}

static int queue_command(struct qmp *qmp, const char *name, json_t *arguments, size_t id, int fd,
                         GError **err)
{
    json_auto_t *message = json_pack("{s:s, s:o*, s:I}", "execute", name, "arguments", arguments,
                                     "id", (json_int_t)id);
    g_autofree char *text = json_dumps(message, JSON_COMPACT);
    struct outgoing *outgoing;
    int own_fd = -1;

    if (fd >= 0 && (own_fd = fcntl(fd, F_DUPFD_CLOEXEC, 3)) < 0) {
        g_set_error(err, SYNC_ERROR, SYNC_ERROR_SYSTEM, "QMP %s: cannot duplicate descriptor: %s",
                    name, g_strerror(errno));
        return -1;
    }
    qmp_log_sent(qmp->log, text, fd >= 0);
    outgoing = g_new0(struct outgoing, 1);
    outgoing->text = g_strconcat(text, "\n", NULL);
    outgoing->size = strlen(outgoing->text);
    outgoing->fd = own_fd;
    g_queue_push_tail(&qmp->out, outgoing);
    flush(qmp);
    return 0;
}

int qmp_command(struct qmp *qmp, const char *name, json_t *arguments, int fd, int64_t deadline,
                json_t **reply_out, GError **err)
{
    return qmp_ask(qmp, name, arguments, fd, deadline, reply_out, NULL, err);
}

int qmp_ask(struct qmp *qmp, const char *name, json_t *arguments, int fd, int64_t deadline,
            json_t **reply_out, json_t **refusal_out, GError **err)
{
    struct pending pending = {.command = name, .done = EVENT_INIT};
    size_t id = ++qmp->last_id;
    int result = -1;

    if (refusal_out != NULL)
        *refusal_out = NULL;
    if (qmp->cause != NULL) {
        json_decref(arguments);
        g_propagate_error(err, g_error_copy(qmp->cause));
        return -1;
    }
    if (queue_command(qmp, name, arguments, id, fd, err) < 0)
        return -1;
    g_hash_table_insert(qmp->pending, GSIZE_TO_POINTER(id), &pending);
    qmp->refs++;
    if (await_event(&pending.done, deadline, err) < 0)
        g_prefix_error(err, "QMP %s: ", name);
    else if (pending.answer == NULL)
        g_propagate_error(err, g_error_copy(qmp->cause));
    else
        result = qmp_take_answer(name, pending.answer, reply_out, refusal_out, err);
    g_hash_table_remove(qmp->pending, GSIZE_TO_POINTER(id));
    json_decref(pending.answer);
    unref(qmp);
    return result;
}

struct qmp_later *qmp_later(struct qmp *qmp, const char *name, json_t *arguments,
                            qmp_answer_fn on_answer, void *arg, GError **err)
{
    struct qmp_later *later;
    size_t id = ++qmp->last_id;

    if (qmp->cause != NULL) {
        json_decref(arguments);
        g_propagate_error(err, g_error_copy(qmp->cause));
        return NULL;
    }
    later = g_new0(struct qmp_later, 1);
    *later = (struct qmp_later){.pending = {.command = g_strdup(name), .later = later},
                                .qmp = qmp,
                                .id = id,
                                .on_answer = on_answer,
                                .arg = arg};
    g_hash_table_insert(qmp->pending, GSIZE_TO_POINTER(id), &later->pending);
    qmp->refs++;
    if (queue_command(qmp, name, arguments, id, -1, err) == 0)
        return later;
    later_free(later);
    return NULL;
}

void qmp_forget(struct qmp_later *later)
{
    if (later != NULL)
        later_free(later);
}

void qmp_on_ended(struct qmp *qmp, qmp_ended_fn on_ended, void *arg)
{
    qmp->on_ended = on_ended;
    qmp->ended_arg = arg;
}

struct event *qmp_ended(struct qmp *qmp)
{
    return &qmp->ended;
}

static void on_closed(uv_handle_t *handle)
{
    struct qmp *qmp = handle->data;

    g_queue_clear_full(&qmp->out, (GDestroyNotify)outgoing_free);
    g_string_free(qmp->in, TRUE);
    unref(qmp);
}

void qmp_close(struct qmp *qmp)
{
    if (qmp == NULL)
        return;
    qmp->on_ended = NULL;
    end(qmp, ended_error(0));
    uv_close((uv_handle_t *)&qmp->poll, on_closed);
    close(qmp->fd);
    g_clear_pointer(&qmp->log, qmp_log_close);
}
