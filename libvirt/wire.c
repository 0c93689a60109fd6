#include "libvirt/wire.h"

#include "libvirt/protocol.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define QUEUE_MAX_BYTES (64U << 20) /* a node that reads nothing of so much is not one any more */

static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    pthread_t thread;
    GQueue lines;  /* char * */
    size_t queued; /* bytes of them */
    bool is_ending;
    bool is_broken; /* nobody reads: what is said is dropped */
    int fd;
} out = {
    .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER, .lines = G_QUEUE_INIT};

/* The socket is the node's too, and it may have made it non-blocking. */
static bool write_all(int fd, const char *text, size_t size)
{
    while (size > 0) {
        ssize_t written = write(fd, text, size);

        if (written >= 0) {
            text += written;
            size -= (size_t)written;
        } else if (errno == EAGAIN) {
            struct pollfd writable = {.fd = fd, .events = POLLOUT};

            poll(&writable, 1, -1);
        } else if (errno != EINTR) {
            return false;
        }
    }
    return true;
}

static void *write_queue(void *arg)
{
    char *line;

    pthread_mutex_lock(&out.lock);
    for (;;) {
        while ((line = g_queue_pop_head(&out.lines)) == NULL && !out.is_ending)
            pthread_cond_wait(&out.changed, &out.lock);
        if (line == NULL)
            break;
        size_t size = strlen(line);
        bool is_broken = out.is_broken;
        pthread_mutex_unlock(&out.lock);
        if (!is_broken)
            is_broken = !write_all(out.fd, line, size);
        g_free(line);
        pthread_mutex_lock(&out.lock);
        out.queued -= size;
        out.is_broken = is_broken;
    }
    pthread_mutex_unlock(&out.lock);
    return arg;
}

/* Transfer full of the message. */
static void send(json_t *message)
{
    char *text = json_dumps(message, JSON_COMPACT);
    char *line = g_strconcat(text, "\n", NULL);
    size_t size = strlen(line);

    free(text);
    json_decref(message);
    pthread_mutex_lock(&out.lock);
    if (out.queued + size > QUEUE_MAX_BYTES) {
        fprintf(stderr, "vtmh-node-libvirt: the node reads nothing of what it is told\n");
        _exit(1);
    }
    out.queued += size;
    g_queue_push_tail(&out.lines, line);
    pthread_cond_signal(&out.changed);
    pthread_mutex_unlock(&out.lock);
}

void wire_begin(int fd)
{
    out.fd = fd;
    out.is_ending = out.is_broken = false;
    if (pthread_create(&out.thread, NULL, write_queue, NULL) != 0) {
        fprintf(stderr, "vtmh-node-libvirt: cannot start a thread\n");
        _exit(1);
    }
    send(json_pack("{s:{s:{s:s}, s:[]}}", "QMP", "version", "vtmh", PROGRAM_VERSION,
                   "capabilities"));
}

void wire_end(void)
{
    pthread_mutex_lock(&out.lock);
    out.is_ending = true;
    pthread_cond_signal(&out.changed);
    pthread_mutex_unlock(&out.lock);
    pthread_join(out.thread, NULL);
}

/* A copy: a JSON value's references are counted without a lock where it is shared by threads. */
static void add_id(json_t *message, const json_t *id)
{
    if (id != NULL)
        json_object_set_new(message, "id", json_deep_copy(id));
}

void wire_return(const json_t *id, json_t *value)
{
    json_t *message = json_pack("{s:o}", "return", value);

    add_id(message, id);
    if (json_dumpb(message, NULL, 0, JSON_COMPACT) < PROTOCOL_LINE_MAX_BYTES) {
        send(message);
        return;
    }
    json_decref(message);
    wire_error(id, "GenericError", "the answer is longer than the protocol allows");
}

void wire_error(const json_t *id, const char *class_name, const char *desc)
{
    json_t *message =
        json_pack("{s:{s:s, s:o}}", "error", "class", class_name, "desc", wire_text(desc));

    add_id(message, id);
    send(message);
}

void wire_event(const char *name, json_t *data, int64_t time_us)
{
    int64_t at_us = time_us > 0 ? time_us : g_get_real_time();

    send(json_pack("{s:s, s:o, s:{s:I, s:I}}", "event", name, "data", data, "timestamp", "seconds",
                   (json_int_t)(at_us / G_USEC_PER_SEC), "microseconds",
                   (json_int_t)(at_us % G_USEC_PER_SEC)));
}

json_t *wire_text(const char *text)
{
    json_t *value = text != NULL ? json_string(text) : json_null();

    if (value == NULL) {
        g_autofree char *valid = g_utf8_make_valid(text, -1);

        value = json_string(valid);
    }
    return value;
}

/* Each line's end is known from here on; what follows the last one stays. */
bool wire_take(struct wire_input *input, const char *bytes, size_t size, wire_line_fn on_line,
               void *arg)
{
    size_t begin = 0;
    const char *newline;
    bool goes_on = true;

    if (input->text == NULL)
        input->text = g_string_new(NULL);
    g_string_append_len(input->text, bytes, (gssize)size);
    while (goes_on &&
           (newline = memchr(input->text->str + begin, '\n', input->text->len - begin)) != NULL) {
        size_t length = (size_t)(newline - input->text->str) - begin;
        json_t *message = json_loadb(input->text->str + begin, length, 0, NULL);

        if (length > 0 && strspn(input->text->str + begin, " \t\r") < length)
            goes_on = on_line(json_is_object(message) ? message : NULL, arg);
        json_decref(message);
        begin += length + 1;
    }
    g_string_erase(input->text, 0, (gssize)begin);
    return goes_on && input->text->len <= PROTOCOL_LINE_MAX_BYTES;
}

void wire_input_clear(struct wire_input *input)
{
    if (input->text != NULL)
        g_string_free(g_steal_pointer(&input->text), TRUE);
}
