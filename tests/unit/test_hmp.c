/* A monitor for people, whose other end is played here. tests/integration/test_monitors.c: QEMU's.
 */
#include "migration/vm/hmp.h"

#include "migration/vm/platform.h"
#include "sync/stream.h"
#include "tests/unit/fiber_checks.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

TestSuite(hmp, .timeout = 30);

#define SOON deadline_in(10000)
#define PROMPT "(qemu) "
#define GREETING "QEMU 7.2.0 monitor - type 'help' for more information\r\n" PROMPT

struct bed {
    struct hmp *hmp;
    struct stream *peer;
    struct event go; /* for the answer to "slow" */
};

typedef int (*bed_fn)(struct bed *bed, GError **err);
static bed_fn body;
static const char *log_path;

static const char *const answers[][2] = {
    {"help", "c|cont  -- resume emulation\r\n"
             "screendump filename [-f format] [device [head]] -- save screen\r\n"},
    {"info status", "VM status: running\r\n\033[31mred\r\n"},
    {"stop", ""},
    {"torn", "no line feed"},
    {"refused", "Error: no screen\r\n"},
    {"unknown", "unknown command: 'unknown'\r\n"},
    {"slow", "late\r\n"},
    {"one", "1\r\n"},
    {"two", "2\r\n"},
};

static int say(struct bed *bed, const char *text, GError **err)
{
    return stream_write(bed->peer, text, strlen(text), SOON, err);
}

/* What QEMU's line editor makes of a command, and then the text. */
static int say_answer(struct bed *bed, const char *command, const char *text, GError **err)
{
    g_autofree char *all =
        g_strdup_printf("%.1s\033[K\033[D%s\033[K\r\n%s" PROMPT, command, command, text);

    return say(bed, all, err);
}

static void flood(struct bed *bed)
{
    g_autofree char *block = g_strnfill(65536, 'x');

    if (say(bed, "flood\r\n", NULL) < 0)
        return;
    while (stream_write(bed->peer, block, 65536, SOON, NULL) == 0)
        ; /* until nobody reads any more, and this is called off */
}

static int answer(struct bed *bed, const char *command, GError **err)
{
    if (strcmp(command, "flood") == 0)
        flood(bed);
    if (strcmp(command, "slow") == 0 && await_event(&bed->go, SOON, err) < 0)
        return -1;
    for (unsigned i = 0; i < G_N_ELEMENTS(answers); i++)
        if (strcmp(answers[i][0], command) == 0)
            return say_answer(bed, command, answers[i][1], err);
    return 0;
}

/* Until the other side goes, or a command that it does not know. */
static int play(void *arg, GError **err)
{
    struct bed *bed = arg;

    if (say(bed, GREETING, err) < 0)
        return -1;
    for (;;) {
        g_autofree char *command = stream_read_line(bed->peer, 4096, SOON, NULL);

        if (command == NULL || strcmp(command, "go away") == 0)
            break;
        if (answer(bed, command, err) < 0)
            return -1;
    }
    shutdown(stream_fd(bed->peer), SHUT_RDWR);
    return 0;
}

static int in_bed(void *arg, GError **err)
{
    struct bed bed = {.go = EVENT_INIT};
    struct scope *scope = scope_open("peer");
    int pair[2], result;

    (void)arg;
    check(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
    bed.peer = stream_new(pair[0], err);
    bed.hmp = hmp_open(pair[1], log_path, err);
    scope_spawn(scope, "peer", play, &bed);
    result = hmp_greet(bed.hmp, SOON, err);
    if (result == 0)
        result = body(&bed, err);
    hmp_close(bed.hmp);
    scope_abandon(scope);
    stream_close(bed.peer);
    return result;
}

static void run(bed_fn fn)
{
    body = fn;
    expect_run(in_bed, NULL);
}

static int learn(struct bed *bed, GError **err)
{
    (void)err;
    check(g_strcmp0(hmp_usage(bed->hmp, "screendump"),
                    "screendump filename [-f format] [device [head]]") == 0);
    check(hmp_usage(bed->hmp, "cont") != NULL && hmp_usage(bed->hmp, "c") != NULL);
    check(hmp_usage(bed->hmp, "migrate") == NULL);
    return 0;
}

Test(hmp, learns_once_which_commands_there_are)
{
    run(learn);
}

static int ask_for_status(struct bed *bed, GError **err)
{
    g_autofree char *text = NULL, *empty = NULL, *torn = NULL;

    if (hmp_command(bed->hmp, "info status", SOON, &text, err) < 0 ||
        hmp_command(bed->hmp, "stop", SOON, &empty, err) < 0 ||
        hmp_command(bed->hmp, "torn", SOON, &torn, err) < 0)
        return -1;
    check(strcmp(text, "VM status: running\n?[31mred\n") == 0);
    check(strcmp(empty, "") == 0);
    check(strcmp(torn, "no line feed\n") == 0);
    return 0;
}

Test(hmp, takes_the_answer_without_the_echo_and_what_draws)
{
    run(ask_for_status);
}

static int be_refused(struct bed *bed, GError **err)
{
    g_autoptr(GError) error = NULL, unknown = NULL, torn = NULL, wide = NULL;
    g_autofree char *text = NULL, *line = g_strnfill(HMP_LINE_BYTES + 1, 'x');

    check(hmp_command(bed->hmp, "refused", SOON, NULL, &error) < 0);
    check(g_error_matches(error, VM_ERROR, VM_ERROR_COMMAND));
    check(strcmp(error->message, "HMP refused: Error: no screen") == 0);
    check(hmp_command(bed->hmp, "unknown", SOON, NULL, &unknown) < 0);
    check(g_error_matches(unknown, VM_ERROR, VM_ERROR_COMMAND));
    check(hmp_command(bed->hmp, "info status\nquit", SOON, NULL, &torn) < 0);
    check(g_error_matches(torn, VM_ERROR, VM_ERROR_COMMAND));
    check(hmp_command(bed->hmp, line, SOON, NULL, &wide) < 0);
    check(g_error_matches(wide, VM_ERROR, VM_ERROR_COMMAND));
    if (hmp_command(bed->hmp, "one", SOON, &text, err) < 0)
        return -1;
    check(strcmp(text, "1\n") == 0);
    return 0;
}

Test(hmp, says_what_was_refused_and_goes_on)
{
    run(be_refused);
}

static int give_up(struct bed *bed, GError **err)
{
    g_autoptr(GError) late = NULL;
    g_autofree char *text = NULL;

    check(hmp_command(bed->hmp, "slow", deadline_in(1), NULL, &late) < 0);
    check(g_error_matches(late, SYNC_ERROR, SYNC_ERROR_TIMEOUT));
    event_set(&bed->go);
    if (hmp_command(bed->hmp, "one", SOON, &text, err) < 0)
        return -1;
    check(strcmp(text, "1\n") == 0);
    return 0;
}

Test(hmp, drops_the_answer_that_nobody_waits_for)
{
    run(give_up);
}

static int be_flooded(struct bed *bed, GError **err)
{
    g_autoptr(GError) error = NULL, later = NULL;

    (void)err;
    check(hmp_command(bed->hmp, "flood", SOON, NULL, &error) < 0);
    check(g_error_matches(error, SYNC_ERROR, SYNC_ERROR_LIMIT));
    check(hmp_command(bed->hmp, "one", SOON, NULL, &later) < 0);
    check(g_error_matches(later, SYNC_ERROR, SYNC_ERROR_LIMIT));
    return 0;
}

Test(hmp, gives_up_an_answer_without_end)
{
    run(be_flooded);
}

static int lose_peer(struct bed *bed, GError **err)
{
    g_autoptr(GError) error = NULL;

    (void)err;
    check(hmp_command(bed->hmp, "go away", SOON, NULL, &error) < 0);
    check(g_error_matches(error, SYNC_ERROR, SYNC_ERROR_CLOSED));
    return 0;
}

Test(hmp, fails_when_the_peer_has_gone)
{
    run(lose_peer);
}

struct asker {
    struct bed *bed;
    const char *command;
    char *text;
};

static int ask(void *arg, GError **err)
{
    struct asker *asker = arg;

    return hmp_command(asker->bed->hmp, asker->command, SOON, &asker->text, err);
}

static int ask_both(struct bed *bed, GError **err)
{
    struct asker one = {bed, "one", NULL}, two = {bed, "two", NULL};
    struct scope *scope = scope_open("askers");
    int result;

    scope_spawn(scope, "one", ask, &one);
    scope_spawn(scope, "two", ask, &two);
    result = scope_close(scope, err);
    check(g_strcmp0(one.text, "1\n") == 0 && g_strcmp0(two.text, "2\n") == 0);
    g_free(one.text);
    g_free(two.text);
    return result;
}

Test(hmp, answers_those_who_ask_at_once_one_after_the_other)
{
    run(ask_both);
}

Test(hmp, logs_each_line_with_its_time)
{
    g_autofree char *dir = g_dir_make_tmp("vtmh-hmp-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(dir, "vm1.h.hmp.log", NULL);
    g_autofree char *text = NULL;
    g_auto(GStrv) lines = NULL;

    log_path = path;
    run(ask_for_status);
    cr_assert(g_file_get_contents(path, &text, NULL, NULL));
    lines = g_strsplit(g_strchomp(text), "\n", -1);
    for (char **line = lines; *line != NULL; line++)
        cr_expect(g_regex_match_simple("^20[0-9-]+T[0-9:]{8}\\.[0-9]{6}Z [<>] ", *line, 0, 0), "%s",
                  *line);
    cr_expect_not_null(strstr(text, "Z > info status\n"));
    cr_expect_not_null(strstr(text, "Z < VM status: running\n"));
    cr_expect_null(strstr(text, "\033"));
    unlink(path);
    rmdir(dir);
}
