/*
 * What all sessions can do, made of what each way can: run a command.
 *
 * A command that outlives its session is a folder in the guest's /tmp: the command, its process,
 * its output, and at last its status, which appears whole or not at all. Nothing of it is on a
 * host, so the folder moves with the guest.
 */
#include "migration/guest/session.h"

#include "migration/guest/way.h"

#include <stdio.h>
#include <string.h>

#define TAIL_BYTES 300
#define JOB_FOLDER "/tmp/vtmh-job-"

G_DEFINE_QUARK(session - error - quark, session_error)

const char *session_way(const struct session *session)
{
    return session->way->name;
}

const char *session_where(const struct session *session)
{
    return session->where;
}

struct session *session_hold(struct session *session)
{
    session->others++;
    return session;
}

bool session_is_broken(const struct session *session)
{
    return session->is_broken;
}

void session_close(struct session *session)
{
    if (session == NULL || session->others-- > 0)
        return;
    session->way->close(session);
    g_free(session->where);
    g_free(session);
}

void session_result_clear(struct session_result *result)
{
    g_clear_pointer(&result->out, g_free);
    g_clear_pointer(&result->err, g_free);
}

int session_begin_turn(struct session *session, int64_t deadline, GError **err)
{
    while (session->is_busy) {
        event_reset(&session->idle);
        if (await_event(&session->idle, deadline, err) < 0) {
            g_prefix_error(err, "%s: another command runs: ", session->where);
            return -1;
        }
    }
    if (session->is_broken) {
        g_set_error(err, SESSION_ERROR, SESSION_ERROR_NOT_BEGUN, "%s: another command broke it",
                    session->where);
        return -1;
    }
    session->is_busy = true;
    return 0;
}

int session_end_turn(struct session *session, GError *error, GError **err)
{
    session->is_busy = false;
    session->is_broken =
        error != NULL && (error->domain != SESSION_ERROR || (error->code != SESSION_ERROR_FAILED &&
                                                             error->code != SESSION_ERROR_CANNOT));
    event_set(&session->idle);
    if (error == NULL)
        return 0;
    g_propagate_error(err, error);
    return -1;
}

int session_run(struct session *session, const char *command, const void *input, size_t input_size,
                int64_t deadline, struct session_result *result, GError **err)
{
    GError *error = NULL;

    if (session_begin_turn(session, deadline, err) < 0)
        return -1;
    session->way->run(session, command, input, input_size, deadline, result, &error);
    return session_end_turn(session, error, err);
}

/* The last of what a command said, fit for a message. Transfer full. */
static char *last_words(const struct session_result *result)
{
    const char *text = *result->err != '\0' ? result->err : result->out;
    size_t size = strlen(text);

    return g_utf8_make_valid(size > TAIL_BYTES ? text + size - TAIL_BYTES : text, -1);
}

static int fail_by_status(const struct session *session, const char *command,
                          struct session_result *result, GError **err)
{
    g_autofree char *tail = NULL;

    g_strchomp(result->out);
    g_strchomp(result->err);
    tail = last_words(result);
    g_set_error(err, SESSION_ERROR, SESSION_ERROR_FAILED, "%s: \"%s\" ended with status %d%s%s",
                session->where, command, result->status, *tail != '\0' ? ": " : "", tail);
    return -1;
}

int session_run_ok(struct session *session, const char *command, int64_t deadline, char **out,
                   GError **err)
{
    g_auto(session_result) result = {0};

    if (session_run(session, command, NULL, 0, deadline, &result, err) < 0)
        return -1;
    if (result.status != 0)
        return fail_by_status(session, command, &result, err);
    if (out != NULL)
        *out = g_strchomp(g_steal_pointer(&result.out));
    return 0;
}

int session_needs_sh(const struct session *session, const char *what, GError **err)
{
    if (!session->is_windows)
        return 0;
    g_set_error(err, SESSION_ERROR, SESSION_ERROR_CANNOT, "%s: %s: Windows has no /bin/sh",
                session->where, what);
    return -1;
}

static bool is_token(const char *token)
{
    size_t size = strlen(token);

    return size > 0 && size < 64 &&
           strspn(token, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "-_") == size;
}

/* Runs a script about a job; the command's text, if any, is its input. */
static int run_about_job(struct session *session, const char *script, const char *token,
                         const char *input, int64_t deadline, struct session_result *result,
                         GError **err)
{
    g_autofree char *whole = NULL;

    if (!is_token(token)) {
        g_set_error(err, SESSION_ERROR, SESSION_ERROR_FAILED,
                    "%s: '%s' cannot be a token: letters, digits, - and _ can", session->where,
                    token);
        return -1;
    }
    if (session_needs_sh(session, "a command that outlives its session", err) < 0)
        return -1;
    whole = g_strdup_printf("d=" JOB_FOLDER "%s; %s", token, script);
    return session_run(session, whole, input, input != NULL ? strlen(input) : 0, deadline, result,
                       err);
}

/* The process that waits for the command leads a session and a process group of its own. */
#define START                                                                                      \
    "umask 077; if ! mkdir $d 2>/dev/null; then echo there is a $d already, or no place for it "   \
    ">&2; exit 1; fi; cat >$d/command && cd / || exit 1; "                                         \
    "setsid sh -c 'echo $$ >$0/pid; sh $0/command >$0/out 2>$0/err; echo $? >$0/status.part; "     \
    "mv $0/status.part $0/status' $d </dev/null >/dev/null 2>&1 & "                                \
    "while [ ! -s $d/pid ]; do sleep 0.01; done"

int session_start(struct session *session, const char *token, const char *command, int64_t deadline,
                  GError **err)
{
    g_auto(session_result) result = {0};

    if (run_about_job(session, START, token, command, deadline, &result, err) < 0)
        return -1;
    return result.status == 0 ? 0 : fail_by_status(session, command, &result, err);
}

/* The first word of stdout is what became of it, the second its status; then its output. */
#define FIND                                                                                       \
    "[ -d $d ] || { echo unknown 0; exit; }; n=%" G_GINT64_FORMAT                                  \
    "; runs() { [ ! -e $d/status ] && kill -0 $(cat $d/pid) 2>/dev/null; }; "                      \
    "while [ $n -gt 0 ] && runs; do sleep 0.1; n=$((n - 1)); done; "                               \
    "if [ -e $d/status ]; then echo ended $(cat $d/status); "                                      \
    "elif runs; then echo runs 0; elif [ -e $d/status ]; then echo ended $(cat $d/status); "       \
    "else echo lost 0; fi; cat $d/err >&2; exec cat $d/out"
#define LOOKS_A_SECOND 10

int session_find(struct session *session, const char *token, int64_t wait_ms, int64_t deadline,
                 enum session_job *job, struct session_result *result, GError **err)
{
    static const char *const words[] = {"unknown", "runs", "ended", "lost"};
    g_autofree char *script = g_strdup_printf(FIND, (wait_ms * LOOKS_A_SECOND + 999) / 1000);
    g_auto(session_result) said = {0};
    char word[16];
    const char *line_end;
    int status;

    if (run_about_job(session, script, token, NULL, deadline, &said, err) < 0)
        return -1;
    line_end = strchr(said.out, '\n');
    for (size_t i = 0; line_end != NULL && sscanf(said.out, "%15s %d", word, &status) == 2 &&
                       i < G_N_ELEMENTS(words);
         i++) {
        if (strcmp(word, words[i]) != 0)
            continue;
        *job = (enum session_job)i;
        *result =
            (struct session_result){status, g_strdup(line_end + 1), g_steal_pointer(&said.err)};
        return 0;
    }
    return fail_by_status(session, token, &said, err);
}

#define FORGET                                                                                     \
    "if [ -s $d/pid ] && [ ! -e $d/status ]; then kill -9 -$(cat $d/pid) 2>/dev/null; fi; "        \
    "rm -rf $d"

int session_forget(struct session *session, const char *token, int64_t deadline, GError **err)
{
    g_auto(session_result) result = {0};

    if (run_about_job(session, FORGET, token, NULL, deadline, &result, err) < 0)
        return -1;
    return result.status == 0 ? 0 : fail_by_status(session, token, &result, err);
}
