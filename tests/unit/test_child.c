#include "sync/child.h"
#include "sync/stream.h"
#include "tests/unit/fiber_checks.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define SOON deadline_in(20000)

TestSuite(child, .timeout = 60);

#define ARGV(...) ((const char *const[]){__VA_ARGS__, NULL})
#define SHELL(text) ARGV("sh", "-c", text)

static int run_statuses(void *arg, GError **err)
{
    static const struct {
        const char *script;
        int status;
        const char *description;
    } rows[] = {
        {"exit 0", 0, "exit status 0"},
        {"exit 3", 3, "exit status 3"},
        {"exit 255", 255, "exit status 255"},
        {"kill -TERM $$", 256 + SIGTERM, "killed by SIGTERM"},
        {"kill -KILL $$", 256 + SIGKILL, "killed by SIGKILL"},
    };

    (void)arg;
    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        int status = -1;
        g_autofree char *description = NULL;

        if (child_run(SHELL(rows[i].script), NULL, SOON, &status, NULL, NULL, err) < 0)
            return -1;
        description = child_describe_status(status);
        check(status == rows[i].status);
        check(strcmp(description, rows[i].description) == 0);
    }
    return 0;
}

Test(child, tells_its_exit_status_or_signal)
{
    expect_run(run_statuses, NULL);
}

static int show_signals(void *arg, GError **err)
{
    g_autofree char *out = NULL;

    (void)arg;
    if (child_run(ARGV("grep", "-E", "Sig(Ign|Blk)", "/proc/self/status"), NULL, SOON, NULL, &out,
                  NULL, err) < 0)
        return -1;
    check(strcmp(out, "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n") == 0);
    return 0;
}

Test(child, begins_with_no_signal_ignored_or_blocked)
{
    expect_run(show_signals, NULL);
}

static int run_with_text(void *arg, GError **err)
{
    g_autofree char *out = NULL, *error_text = NULL;
    int status = -1;

    (void)arg;
    if (child_run(SHELL("tr a-z A-Z; echo oops >&2; exit 4"), "text in\n", SOON, &status, &out,
                  &error_text, err) < 0)
        return -1;
    check(status == 4);
    check(strcmp(out, "TEXT IN\n") == 0);
    check(strcmp(error_text, "oops\n") == 0);
    return 0;
}

Test(child, is_run_with_input_and_both_outputs)
{
    expect_run(run_with_text, NULL);
}

static int run_with_bulk(void *arg, GError **err)
{
    g_autofree char *input = g_strnfill(700000, 'x');
    g_autofree char *out = NULL;

    (void)arg;
    if (child_run(ARGV("cat"), input, SOON, NULL, &out, NULL, err) < 0)
        return -1;
    check(strcmp(out, input) == 0);
    return 0;
}

Test(child, is_fed_and_read_at_the_same_time)
{
    expect_run(run_with_bulk, NULL);
}

static int run_with_too_much(void *arg, GError **err)
{
    g_autofree char *out = NULL;
    int status = -1;

    (void)arg;
    if (child_run(SHELL("head -c 3000000 /dev/zero | tr '\\0' y"), NULL, SOON, &status, &out, NULL,
                  err) < 0)
        return -1;
    check(status == 0);
    check(strlen(out) == 1 << 20);
    return 0;
}

Test(child, has_its_output_cut_at_one_mebibyte)
{
    expect_run(run_with_too_much, NULL);
}

static int run_without_reading(void *arg, GError **err)
{
    g_autofree char *input = g_strnfill(700000, 'x');
    int status = -1;

    (void)arg;
    if (child_run(ARGV("true"), input, SOON, &status, NULL, NULL, err) < 0)
        return -1;
    check(status == 0);
    return 0;
}

Test(child, may_leave_its_input_unread)
{
    expect_run(run_without_reading, NULL);
}

/* The background process keeps stdout open for as long as it lives. */
static int run_with_heir(void *arg, GError **err)
{
    g_autofree char *out = NULL;
    int status = -1;

    (void)arg;
    if (child_run(SHELL("sleep 1000 & echo $!"), NULL, SOON, &status, &out, NULL, err) < 0)
        return -1;
    check(status == 0);
    check(kill((pid_t)g_ascii_strtoll(out, NULL, 10), SIGKILL) == 0);
    return 0;
}

Test(child, is_over_when_it_has_ended_though_another_process_holds_its_pipe)
{
    expect_run(run_with_heir, NULL);
}

static int run_too_long(void *arg, GError **err)
{
    g_autoptr(GError) error = NULL;
    char *out = NULL;

    (void)arg;
    (void)err;
    check(child_run(ARGV("sleep", "1000"), NULL, deadline_in(5), NULL, &out, NULL, &error) == -1);
    check(g_error_matches(error, SYNC_ERROR, SYNC_ERROR_TIMEOUT));
    check(strcmp(error->message, "running sleep: timed out") == 0);
    check(out == NULL);
    return 0;
}

Test(child, is_killed_at_the_deadline)
{
    expect_run(run_too_long, NULL);
}

static int run_in_a_session(void *arg, GError **err)
{
    g_autofree char *stat = NULL;
    int pid = 0, group = 0, session = 0;

    (void)arg;
    if (child_run(ARGV("cat", "/proc/self/stat"), NULL, SOON, NULL, &stat, NULL, err) < 0)
        return -1;
    check(sscanf(stat, "%d (cat) %*c %*d %d %d", &pid, &group, &session) == 3);
    check(pid > 0 && group == pid && session == pid);
    return 0;
}

Test(child, a_run_is_out_of_reach_of_our_terminals_signals)
{
    expect_run(run_in_a_session, NULL);
}

static int start_what_is_missing(void *arg, GError **err)
{
    const struct {
        struct child_spec spec;
        const char *message;
    } rows[] = {
        {{.argv = ARGV("no-such-program")}, "cannot run no-such-program: not found in PATH"},
        {{.argv = ARGV("/no/such/program")},
         "cannot run /no/such/program: no such file or directory"},
        {{.argv = ARGV("/dev/null")}, "cannot run /dev/null: permission denied"},
        {{.argv = ARGV("true"), .cwd = "/no/such/folder"},
         "cannot run true in /no/such/folder: no such directory"},
    };

    (void)arg;
    (void)err;
    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;

        check(!child_start(&rows[i].spec, &error));
        check(error && strcmp(error->message, rows[i].message) == 0);
    }
    return 0;
}

Test(child, says_which_program_cannot_be_run_and_why)
{
    expect_run(start_what_is_missing, NULL);
}

/* Runs a script with stdout at `as` and gives what it wrote. */
static char *output_of(struct child_spec spec, int as, GError **err)
{
    int ends[2];
    g_autoptr(GString) text = g_string_new(NULL);
    g_autoptr(stream) stream = NULL;
    g_autoptr(child) child = NULL;
    char buffer[512];
    ssize_t n;

    check(pipe2(ends, O_CLOEXEC) == 0);
    spec.fds = (struct child_fd[]){{ends[1], as}, {.fd = -1}};
    stream = stream_new(ends[0], err);
    child = child_start(&spec, err);
    close(ends[1]);
    if (!stream || !child)
        return NULL;
    while ((n = stream_read(stream, buffer, sizeof(buffer), SOON, err)) > 0)
        g_string_append_len(text, buffer, n);
    if (n < 0 || child_await(child, SOON, NULL, err) < 0)
        return NULL;
    return g_string_free(g_steal_pointer(&text), FALSE);
}

static int inherit_only_what_is_named(void *arg, GError **err)
{
    /* Numbers that the test's own runner has nothing at. */
    int ours = fcntl(0, F_DUPFD_CLOEXEC, 100);
    struct stream *stream = stream_new(fcntl(eventfd(0, 0), F_DUPFD, 101), err);
    g_autofree char *listing = output_of(
        (struct child_spec){
            .argv = SHELL("for fd in 7 100 101; do test -e /proc/self/fd/$fd && echo $fd; done >&7;"
                          "readlink /proc/self/fd/0 /proc/self/fd/2 >&7")},
        7, err);

    (void)arg;
    check(ours == 100 && stream && stream_fd(stream) == 101);
    close(ours);
    stream_close(stream);
    if (!listing)
        return -1;
    check(strcmp(listing, "7\n/dev/null\n/dev/null\n") == 0);
    return 0;
}

Test(child, inherits_only_the_descriptors_named)
{
    expect_run(inherit_only_what_is_named, NULL);
}

static int start_elsewhere(void *arg, GError **err)
{
    struct child_spec spec = {
        .argv = SHELL("echo $PWD $COLOUR ${HOME:+home} $(ps -o sid= -p $$) $$"),
        .env = ARGV("COLOUR=blue=green"),
        .cwd = "/usr",
        .new_session = true,
    };
    g_autofree char *out = output_of(spec, 1, err);
    g_auto(GStrv) words = out ? g_strsplit_set(g_strchomp(out), " ", 0) : NULL;

    (void)arg;
    if (!words)
        return -1;
    check(g_strv_length(words) == 5);
    check(strcmp(words[0], "/usr") == 0);
    check(strcmp(words[1], "blue=green") == 0);
    check(strcmp(words[2], "home") == 0);
    check(strcmp(words[3], words[4]) == 0);
    return 0;
}

Test(child, has_the_directory_the_environment_and_the_session_asked_for)
{
    g_setenv("HOME", "/nowhere", TRUE);
    expect_run(start_elsewhere, NULL);
}

static int signal_child(void *arg, GError **err)
{
    const struct child_spec spec = {.argv = ARGV("sleep", "1000")};
    g_autoptr(child) child = child_start(&spec, err);
    struct event never = EVENT_INIT;
    int status = -1;

    (void)arg;
    if (!child)
        return -1;
    check(kill(child_pid(child), 0) == 0);
    child_signal(child, SIGTERM);
    check(await_any((struct event *[]){&never, child_ended(child)}, 2, SOON, err) == 1);
    check(child_await(child, SOON, &status, err) == 0);
    check(status == 256 + SIGTERM);
    child_signal(child, SIGTERM);
    return 0;
}

Test(child, can_be_signalled_and_awaited_beside_other_events)
{
    expect_run(signal_child, NULL);
}

static int leave_running(void *arg, GError **err)
{
    const struct child_spec spec = {.argv = ARGV("sleep", "1000")};
    g_autoptr(child) child = child_start(&spec, err);

    if (!child)
        return -1;
    *(pid_t *)arg = child_pid(child);
    return 0;
}

Test(child, is_killed_and_reaped_when_freed)
{
    pid_t pid = 0;

    expect_run(leave_running, &pid);
    cr_assert_gt(pid, 0);
    cr_assert_eq(kill(pid, 0), -1);
    cr_assert_eq(errno, ESRCH);
}

/* The grandchild holds the write end; when it dies the stream ends. */
static int leave_family_running(void *arg, GError **err)
{
    int ends[2];
    g_autoptr(stream) stream = NULL;
    g_autofree char *line = NULL;
    char byte;

    (void)arg;
    check(pipe2(ends, O_CLOEXEC) == 0);
    stream = stream_new(ends[0], err);
    if (stream) {
        const struct child_spec spec = {
            .argv = SHELL("sleep 1000 & echo ready; wait"),
            .fds = (struct child_fd[]){{ends[1], 1}, {.fd = -1}},
            .new_session = true,
        };
        g_autoptr(child) child = child_start(&spec, err);

        close(ends[1]);
        line = stream_read_line(stream, 100, SOON, err);
        check(line != NULL);
    }
    check(stream_read(stream, &byte, 1, SOON, err) == 0);
    return 0;
}

Test(child, takes_its_session_with_it_when_freed)
{
    expect_run(leave_family_running, NULL);
}

static int run_sleep(void *arg, GError **err)
{
    (void)arg;
    return child_run(ARGV("sleep", "1000"), NULL, DEADLINE_NEVER, NULL, NULL, NULL, err);
}

static int cancel_run(void *arg, GError **err)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(scope) scope = scope_open("cancel");
    g_autoptr(fiber) fiber = fiber_ref(scope_spawn_detached(scope, "sleep", run_sleep, NULL));

    (void)arg;
    check(await_turn(err) == 0);
    fiber_cancel(fiber, NULL);
    check(fiber_join(fiber, SOON, &error) == -1);
    check(g_error_matches(error, SYNC_ERROR, SYNC_ERROR_CANCELLED));
    return scope_close(g_steal_pointer(&scope), err);
}

Test(child, is_killed_when_the_fiber_that_runs_it_is_cancelled)
{
    expect_run(cancel_run, NULL);
}
