/*
 * HMP over a socket that the asking fiber reads.
 *
 * QEMU runs a line editor: a command comes back character by character, with movements of the
 * cursor, and ends with the first line feed. What follows is the answer, until a line begins that
 * is only the prompt so far. A fiber that gives up leaves an answer behind that the next one reads
 * to its end first.
 */
#include "migration/vm/hmp.h"

#include "migration/vm/platform.h"
#include "migration/vm/qemu_words.h"
#include "migration/vm/qmp_log.h"
#include "sync/stream.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PROMPT "(qemu) "
#define READ_BYTES 4096
#define LOG_BYTES (4u * 1024u * 1024u) /* of a VM on one host, however often it comes there */

struct hmp {
    struct stream *stream;
    struct qmp_log *log; /* or NULL */
    size_t logged;
    GString *part;     /* of a line that has not ended */
    GString *answer;   /* whole lines */
    bool is_due;       /* an answer is still to come, whoever asked */
    bool in_echo;      /* what comes is the command */
    bool is_busy;      /* a fiber is at it */
    struct event idle; /* set when none is */
    GHashTable *usage; /* name -> how it is used */
    GError *cause;     /* why nothing can be asked any more */
    unsigned refs;     /* the owner's and one a waiter */
};

static void unref(struct hmp *hmp)
{
    if (--hmp->refs > 0)
        return;
    g_string_free(hmp->part, TRUE);
    g_string_free(hmp->answer, TRUE);
    g_hash_table_unref(hmp->usage);
    g_clear_error(&hmp->cause);
    g_free(hmp);
}

static bool may_log(struct hmp *hmp, const char *line)
{
    if (hmp->log == NULL || hmp->logged > LOG_BYTES)
        return false;
    hmp->logged += strlen(line) + sizeof "2026-11-21T23:00:00.123456Z < ";
    if (hmp->logged <= LOG_BYTES)
        return true;
    qmp_log_received(hmp->log, "(no more of this monitor is kept)", NULL, NULL);
    return false;
}

/* A whole line of an answer, without its end. */
static void take_line(struct hmp *hmp, char *line)
{
    g_strchomp(line);
    qemu_words_make_plain(line);
    if (may_log(hmp, line))
        qmp_log_received(hmp->log, line, NULL, NULL);
    g_string_append_printf(hmp->answer, "%s\n", line);
}

static void take_bytes(struct hmp *hmp, const char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] == '\n' && hmp->in_echo) {
            hmp->in_echo = false;
        } else if (bytes[i] == '\n') {
            take_line(hmp, hmp->part->str);
            g_string_truncate(hmp->part, 0);
        } else if (!hmp->in_echo && bytes[i] != '\0') {
            g_string_append_c(hmp->part, bytes[i]);
        }
    }
    if (hmp->in_echo || !g_str_has_suffix(hmp->part->str, PROMPT))
        return;
    hmp->is_due = false;
    g_string_truncate(hmp->part, hmp->part->len - strlen(PROMPT));
    if (hmp->part->len > 0) /* no line feed behind the last word */
        take_line(hmp, hmp->part->str);
    g_string_truncate(hmp->part, 0);
}

/* It is over: whoever asks is told why. cause: transfer full. */
static void end(struct hmp *hmp, GError *cause)
{
    if (hmp->cause == NULL)
        hmp->cause = cause;
    else
        g_error_free(cause);
}

static int read_answer(struct hmp *hmp, int64_t deadline, GError **err)
{
    char buffer[READ_BYTES];

    while (hmp->is_due && hmp->cause == NULL) {
        ssize_t got = stream_read(hmp->stream, buffer, sizeof buffer, deadline, err);

        if (got < 0)
            return -1;
        if (got == 0)
            end(hmp, g_error_new(SYNC_ERROR, SYNC_ERROR_CLOSED, "the connection has ended"));
        else
            take_bytes(hmp, buffer, (size_t)got);
        if (hmp->answer->len + hmp->part->len > HMP_ANSWER_BYTES)
            end(hmp, g_error_new(SYNC_ERROR, SYNC_ERROR_LIMIT, "an answer of more than %u bytes",
                                 HMP_ANSWER_BYTES));
    }
    if (hmp->cause == NULL)
        return 0;
    g_propagate_error(err, g_error_copy(hmp->cause));
    return -1;
}

static int say(struct hmp *hmp, const char *line, int64_t deadline, GError **err)
{
    g_autofree char *text = g_strconcat(line, "\n", NULL);
    g_autoptr(GError) error = NULL;

    g_string_truncate(hmp->answer, 0);
    hmp->is_due = hmp->in_echo = true;
    if (may_log(hmp, line))
        qmp_log_sent(hmp->log, line, false);
    if (stream_write(hmp->stream, text, strlen(text), deadline, &error) == 0)
        return 0;
    /* What has been said of it may be half a line. */
    end(hmp, g_error_copy(error));
    g_propagate_error(err, g_steal_pointer(&error));
    return -1;
}

static int check_line(const char *line, GError **err)
{
    bool is_fit = strlen(line) <= HMP_LINE_BYTES;

    for (const char *c = line; *c != '\0' && is_fit; c++)
        is_fit = !g_ascii_iscntrl(*c);
    if (is_fit)
        return 0;
    g_set_error(err, VM_ERROR, VM_ERROR_COMMAND,
                "it is longer than %d bytes, or has control characters", HMP_LINE_BYTES);
    return -1;
}

/* Transfer full. */
static char *take_answer(struct hmp *hmp, GError **err)
{
    const char *text = hmp->answer->str;

    if (!g_str_has_prefix(text, "Error: ") && !g_str_has_prefix(text, "unknown command: "))
        return g_strdup(text);
    g_set_error(err, VM_ERROR, VM_ERROR_COMMAND, "%.*s", (int)strcspn(text, "\n"), text);
    return NULL;
}

/* Transfer full; NULL with err. line: NULL: only the prompt is waited for. */
static char *ask(struct hmp *hmp, const char *line, int64_t deadline, GError **err)
{
    while (hmp->is_busy)
        if (await_event(&hmp->idle, deadline, err) < 0)
            return NULL;
    if (hmp->cause != NULL) {
        g_propagate_error(err, g_error_copy(hmp->cause));
        return NULL;
    }
    hmp->is_busy = true;
    event_reset(&hmp->idle);
    bool is_said = read_answer(hmp, deadline, err) == 0 &&
                   (line == NULL ||
                    (say(hmp, line, deadline, err) == 0 && read_answer(hmp, deadline, err) == 0));
    hmp->is_busy = false;
    event_set(&hmp->idle);
    return is_said ? take_answer(hmp, err) : NULL;
}

int hmp_command(struct hmp *hmp, const char *line, int64_t deadline, char **text_out, GError **err)
{
    g_autofree char *text = NULL;

    hmp->refs++;
    if (check_line(line, err) == 0)
        text = ask(hmp, line, deadline, err);
    unref(hmp);
    if (text == NULL) {
        g_prefix_error(err, "HMP %.60s: ", line);
        return -1;
    }
    if (text_out != NULL)
        *text_out = g_steal_pointer(&text);
    return 0;
}

/* "c|cont  -- resume emulation" */
static void learn(struct hmp *hmp, const char *line)
{
    const char *end_of_usage = strstr(line, " -- ");
    size_t size = strcspn(line, " ");
    g_autofree char *name = g_strndup(line, size);
    g_auto(GStrv) names = g_strsplit(name, "|", -1);

    for (char **alias = names; end_of_usage != NULL && *alias != NULL; alias++)
        g_hash_table_insert(hmp->usage, g_strdup(*alias),
                            g_strndup(line, (gsize)(end_of_usage - line)));
}

int hmp_greet(struct hmp *hmp, int64_t deadline, GError **err)
{
    g_autofree char *banner = NULL, *help = NULL;
    g_auto(GStrv) lines = NULL;

    hmp->refs++;
    banner = ask(hmp, NULL, deadline, err);
    unref(hmp);
    if (banner == NULL) {
        g_prefix_error(err, "waiting for the prompt of HMP: ");
        return -1;
    }
    if (hmp_command(hmp, "help", deadline, &help, err) < 0)
        return -1;
    lines = g_strsplit(help, "\n", -1);
    for (char **line = lines; *line != NULL; line++)
        learn(hmp, *line);
    return 0;
}

const char *hmp_usage(const struct hmp *hmp, const char *command)
{
    return g_hash_table_lookup(hmp->usage, command);
}

struct hmp *hmp_open(int fd, const char *log_path, GError **err)
{
    g_autoptr(stream) stream = stream_new(fd, err);
    struct qmp_log *log = NULL;
    struct stat file;
    struct hmp *hmp;

    if (stream == NULL || (log_path != NULL && (log = qmp_log_open(log_path, NULL, err)) == NULL))
        return NULL;
    hmp = g_new0(struct hmp, 1);
    hmp->refs = 1;
    hmp->stream = g_steal_pointer(&stream);
    hmp->log = log;
    if (log_path != NULL && stat(log_path, &file) == 0)
        hmp->logged = (size_t)file.st_size;
    hmp->part = g_string_new(NULL);
    hmp->answer = g_string_new(NULL);
    hmp->usage = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    hmp->is_due = true; /* the prompt, with a greeting in front */
    return hmp;
}

int hmp_log_to(struct hmp *hmp, const char *log_path, GError **err)
{
    struct qmp_log *log = qmp_log_open(log_path, NULL, err);

    if (log == NULL)
        return -1;
    g_clear_pointer(&hmp->log, qmp_log_close);
    hmp->log = log;
    hmp->logged = 0;
    return 0;
}

void hmp_close(struct hmp *hmp)
{
    if (hmp == NULL)
        return;
    end(hmp, g_error_new(SYNC_ERROR, SYNC_ERROR_CLOSED, "the connection has been closed"));
    g_clear_pointer(&hmp->stream, stream_close);
    g_clear_pointer(&hmp->log, qmp_log_close);
    unref(hmp);
}
