/*
 * A mark is made anew for each question. On the line that asks it stands in two pieces, so that its
 * echo is no answer; the guest puts it together. Lines are kept short, as a terminal that is not
 * read takes only so much of one.
 */
#include "migration/guest/console.h"

#include <stdio.h>
#include <string.h>

#define HEARD_MAX ((size_t)1 << 20) /* a guest that talks without end is not kept */
#define LAST_BYTES 4096             /* among them is a question, if one is asked */
#define CHUNK 600                   /* bytes of base64 on one line; a terminal takes 4,095 */
#define FETCHES 8                   /* how often an answer is asked for */
#define QUIET_MS 1000               /* nobody who waits for input is silent for so long */
#define MARK_SIZE 16

static void make_mark(char mark[MARK_SIZE])
{
    g_snprintf(mark, MARK_SIZE, "v%08x", g_random_int());
}

/* Says a line; the first half of the mark is set apart in it. */
static int say_line(struct console *console, const struct console_login *login, const char *line,
                    int64_t deadline, GError **err)
{
    g_autofree char *whole = g_strconcat(line, login->line_end, NULL);

    return console->say(console->arg, whole, strlen(whole), deadline, err);
}

static void keep_last(struct console *console)
{
    if (console->heard->len > HEARD_MAX)
        g_string_erase(console->heard, 0, (gssize)(console->heard->len - HEARD_MAX / 2));
}

void console_take(struct console *console, const char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        g_string_append_c(console->heard, bytes[i] != '\0' ? bytes[i] : ' ');
    keep_last(console);
}

static int hear(struct console *console, int64_t deadline, GError **err)
{
    if (console->hear(console->arg, console->heard, deadline, err) < 0)
        return -1;
    keep_last(console);
    return 0;
}

/* Takes a line, without what ends it, if one has come. Transfer full. */
static char *take_line(struct console *console)
{
    char *end = memchr(console->heard->str, '\n', console->heard->len);
    char *line;

    if (end == NULL)
        return NULL;
    line = g_strndup(console->heard->str, (gsize)(end - console->heard->str));
    g_string_erase(console->heard, 0, end + 1 - console->heard->str);
    return g_strchomp(line);
}

/* Waits for a line with the text in it, and takes all up to it. Transfer full: what stands behind
 * the text. */
static char *await_line_with(struct console *console, const char *text, int64_t deadline,
                             GError **err)
{
    for (;;) {
        g_autofree char *line = take_line(console);
        const char *found = line != NULL ? strstr(line, text) : NULL;

        if (found != NULL)
            return g_strdup(found + strlen(text));
        if (line == NULL && hear(console, deadline, err) < 0)
            return NULL;
    }
}

/* Whether a shell reads what is said: it does as it is told. */
static int shake_hands(struct console *console, const struct console_login *login, int64_t deadline,
                       GError **err)
{
    char mark[MARK_SIZE];
    g_autofree char *line = NULL;
    g_autofree char *rest = NULL;

    make_mark(mark);
    line = g_strdup_printf(" stty -echo 2>/dev/null; echo %.4s''%s", mark, mark + 4);
    if (say_line(console, login, line, deadline, err) < 0)
        return -1;
    rest = await_line_with(console, mark, deadline, err);
    return rest != NULL ? 0 : -1;
}

/* What others say on the line: a heartbeat, or what has come of it; the kernel; and what colours a
 * prompt. */
#define NOISE                                                                                      \
    "T( [0-9A-F]{0,8}){1,3}\\s*$|(<[0-7]>)?\\[ *[0-9]+\\.[0-9]{6}\\].*$|\x1b\\[[0-9;?]*[a-zA-Z]"

/* What stands on the last line, with others' words left out: the question of who waits. Transfer
 * full. */
static char *last_line(const struct console *console)
{
    static GRegex *noise;
    const GString *heard = console->heard;
    g_auto(GStrv) lines =
        g_strsplit(heard->str + heard->len - MIN(heard->len, LAST_BYTES), "\n", -1);

    if (g_once_init_enter(&noise))
        g_once_init_leave(&noise, g_regex_new(NOISE, G_REGEX_RAW, 0, NULL));
    for (unsigned i = g_strv_length(lines); i > 0; i--) {
        char *line = g_regex_replace_literal(noise, lines[i - 1], -1, 0, "", 0, NULL);

        if (line != NULL && *g_strchug(line) != '\0')
            return line;
        g_free(line);
    }
    return g_strdup("");
}

enum asked { ASKED_NOTHING, ASKED_NAME, ASKED_PASSWORD, ASKED_COMMAND };

/* Where a getty or a shell waits. */
static enum asked what_is_asked(const struct console *console, const struct console_login *login)
{
    g_autofree char *line = last_line(console);

    if (g_regex_match_simple("login:\\s*$", line, G_REGEX_CASELESS | G_REGEX_RAW, 0))
        return ASKED_NAME;
    if (g_regex_match_simple("password:\\s*$", line, G_REGEX_CASELESS | G_REGEX_RAW, 0))
        return ASKED_PASSWORD;
    if (*line != '\0' && g_regex_match_simple(login->prompt, line, G_REGEX_RAW, 0))
        return ASKED_COMMAND;
    return ASKED_NOTHING;
}

static int refuse(const struct console_login *login, const char *why, GError **err)
{
    g_set_error(err, SESSION_ERROR, SESSION_ERROR_REFUSED, "%s: cannot log in as %s: %s",
                login->where, login->username, why);
    return -1;
}

/* Hears for a while at most, or until something is asked. -1 with err: not even that. */
static int await_question(struct console *console, const struct console_login *login, int64_t until,
                          enum asked *asked, GError **err)
{
    GError *why = NULL;

    while ((*asked = what_is_asked(console, login)) == ASKED_NOTHING) {
        if (hear(console, until, &why) == 0)
            continue;
        if (g_error_matches(why, SYNC_ERROR, SYNC_ERROR_TIMEOUT)) {
            g_clear_error(&why);
            return 0;
        }
        g_propagate_error(err, why);
        return -1;
    }
    return 0;
}

static bool says_wrong(const struct console *console)
{
    return strstr(console->heard->str, "incorrect") != NULL ||
           strstr(console->heard->str, "enied") != NULL;
}

int console_enter(struct console *console, const struct console_login *login, int64_t answer_ms,
                  int64_t deadline, GError **err)
{
    int64_t answer_until = deadline_min(deadline, deadline_in(answer_ms));
    unsigned names = 0, passwords = 0;
    enum asked asked;

    g_string_truncate(console->heard, 0);
    if (say_line(console, login, "", deadline, err) < 0)
        return -1;
    for (;;) {
        int64_t until = deadline_min(deadline, deadline_in(QUIET_MS));

        if (await_question(console, login, until, &asked, err) < 0)
            return -1;
        if (passwords > 0 && says_wrong(console))
            return refuse(login, "name or password are wrong", err);
        if (asked == ASKED_COMMAND)
            break;
        if (asked == ASKED_NOTHING && names + passwords == 0 && deadline_left(answer_until) == 0) {
            /* A shell without a prompt, or nobody. */
            if (shake_hands(console, login, deadline_min(deadline, deadline_in(answer_ms)), NULL) ==
                0)
                return 0;
            g_set_error(err, SESSION_ERROR, SESSION_ERROR_NOT_YET,
                        "%s: neither a login nor a shell answers", login->where);
            return -1;
        }
        if (deadline_left(deadline) == 0) {
            g_set_error(err, SESSION_ERROR, SESSION_ERROR_NOT_YET,
                        "%s: no shell came after the login", login->where);
            return -1;
        }
        g_string_truncate(console->heard, 0);
        if (asked == ASKED_NAME && ++names > 2)
            return refuse(login, "it asks for the name again and again", err);
        if (asked == ASKED_PASSWORD && (login->password == NULL || ++passwords > 1))
            return refuse(login,
                          login->password == NULL ? "it asks for a password (password)"
                                                  : "name or password are wrong",
                          err);
        if (say_line(console, login,
                     asked == ASKED_NAME       ? login->username
                     : asked == ASKED_PASSWORD ? login->password
                                               : "",
                     deadline, err) < 0)
            return -1;
    }
    return shake_hands(console, login, deadline, err);
}

/* Puts bytes into a file there, in pieces; each is confirmed, as a terminal loses what it is told
 * too fast. */
static int bring(struct console *console, const struct console_login *login, const char *file,
                 const void *bytes, size_t size, int64_t deadline, GError **err)
{
    g_autofree char *text = g_base64_encode(bytes, size);
    size_t length = strlen(text);

    for (size_t at = 0; at < length || at == 0; at += CHUNK) {
        char mark[MARK_SIZE];
        g_autofree char *line = NULL;
        g_autofree char *rest = NULL;

        make_mark(mark);
        line = g_strdup_printf(" echo '%.*s' | base64 -d >>%s; echo %.4s''%s",
                               (int)MIN(CHUNK, length - at), text + at, file, mark, mark + 4);
        if (say_line(console, login, line, deadline, err) < 0)
            return -1;
        rest = await_line_with(console, mark, deadline, err);
        if (rest == NULL)
            return -1;
    }
    return 0;
}

/* One try to have the answer: status, output, errors, and what all of it hashes to. 1: others
 * talked into it. */
static int fetch(struct console *console, const struct console_login *login, const char *folder,
                 int64_t deadline, struct session_result *result, GError **err)
{
    static const char names[] = "soe";
    GString *texts[] = {g_string_new(NULL), g_string_new(NULL), g_string_new(NULL)};
    g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_SHA256);
    g_autofree char *ask = NULL;
    char mark[MARK_SIZE];
    char *parts[3] = {NULL};
    int rc = -1;

    make_mark(mark);
    ask = g_strdup_printf(" m=%.4s''%s; cd %s; for f in s o e; do head -c %d $f | base64 | "
                          "sed \"s/^/$m$f/\"; done; for f in s o e; do head -c %d $f; done | "
                          "sha256sum | sed \"s/^/${m}z/\"; cd /",
                          mark, mark + 4, folder, CONSOLE_OUTPUT_MAX, CONSOLE_OUTPUT_MAX);
    if (say_line(console, login, ask, deadline, err) < 0)
        goto out;
    for (;;) {
        g_autofree char *said = await_line_with(console, mark, deadline, err);
        const char *which;

        if (said == NULL)
            goto out;
        which = strchr(names, *said);
        if (*said != '\0' && which != NULL) {
            g_string_append(texts[which - names], said + 1);
            continue;
        }
        if (*said != 'z')
            continue;
        for (int i = 0; i < 3; i++) {
            gsize size;

            parts[i] = (char *)g_base64_decode(texts[i]->str, &size);
            parts[i] = g_realloc(parts[i], size + 1);
            parts[i][size] = '\0';
            g_checksum_update(checksum, (guchar *)parts[i], (gssize)size);
        }
        rc = g_str_has_prefix(said + 1, g_checksum_get_string(checksum)) ? 0 : 1;
        break;
    }
    if (rc == 0 && *parts[0] == '\0') {
        g_set_error(err, SESSION_ERROR, SESSION_ERROR_FAILED,
                    "%s: \"%s\" (status_test_command) tells no status", login->where,
                    login->status);
        rc = -1;
    }
    if (rc == 0)
        *result = (struct session_result){atoi(parts[0]), g_steal_pointer(&parts[1]),
                                          g_steal_pointer(&parts[2])};
out:
    for (int i = 0; i < 3; i++) {
        g_string_free(texts[i], TRUE);
        g_free(parts[i]);
    }
    return rc;
}

int console_run(struct console *console, const struct console_login *login, const char *command,
                const void *input, size_t input_size, int64_t deadline,
                struct session_result *result, GError **err)
{
    g_autofree char *folder = g_strdup_printf("/tmp/vtmh-%08x", g_random_int());
    g_autofree char *command_file = g_strconcat(folder, "/c", NULL);
    g_autofree char *input_file = g_strconcat(folder, "/i", NULL);
    g_autofree char *begin = g_strdup_printf(" (umask 077; mkdir %s)", folder);
    g_autofree char *remove = g_strdup_printf(" rm -rf %s", folder);
    g_autofree char *run = NULL;
    g_autofree char *rest = NULL;
    char mark[MARK_SIZE];
    int fetched = 1, removed;

    /* What was said until now answers nothing. */
    g_string_truncate(console->heard, 0);
    make_mark(mark);
    run = g_strdup_printf(" (cd %s; sh c <i >o 2>e; { %s; } >s); echo %.4s''%s", folder,
                          login->status, mark, mark + 4);
    if (say_line(console, login, begin, deadline, err) < 0 ||
        bring(console, login, command_file, command, strlen(command), deadline, err) < 0 ||
        bring(console, login, input_file, input != NULL ? input : "", input_size, deadline, err) <
            0 ||
        say_line(console, login, run, deadline, err) < 0)
        return -1;
    rest = await_line_with(console, mark, deadline, err);
    for (int i = 0; rest != NULL && fetched == 1 && i < FETCHES; i++)
        fetched = fetch(console, login, folder, deadline, result, err);
    if (rest == NULL)
        return -1;
    /* Whatever has come of the answer: the shell waits for a line. */
    removed = say_line(console, login, remove, deadline, fetched == 0 ? err : NULL);
    if (fetched > 0)
        g_set_error(err, SESSION_ERROR, SESSION_ERROR_BROKEN,
                    "%s: others talk into the answer, %d times", login->where, FETCHES);
    return fetched == 0 ? removed : -1;
}
