/* Commands over the SSH session against a real OpenSSH server. */
#include "ssh_bed.h"

#include <glib/gstdio.h>
#include <signal.h>

#define BIG (5 * 1024 * 1024 + 4321)

Test(ssh, runs_a_command_as_the_user)
{
    run(whoami, true);
}

static int statuses(void *arg, GError **err)
{
    static const struct {
        const char *command;
        int status;
    } cases[] = {{"true", 0},
                 {"exit 7", 7},
                 {"kill -TERM $$", 128 + SIGTERM},
                 {"kill -9 $$", 128 + SIGKILL},
                 {"/no/such/program", 127}};
    g_autoptr(ssh) ssh = ssh_connect(&target, soon(), err);

    (void)arg;
    if (ssh == NULL)
        return -1;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_auto(ssh_result) result = {0};

        if (ssh_run(ssh, cases[i].command, NULL, 0, soon(), &result, err) < 0)
            return -1;
        cr_assert_eq(result.status, cases[i].status, "%s: %d", cases[i].command, result.status);
    }
    return 0;
}

Test(ssh, gives_exit_status_and_signal)
{
    run(statuses, true);
}

static int both_streams(void *arg, GError **err)
{
    g_autoptr(ssh) ssh = ssh_connect(&target, soon(), err);
    g_auto(ssh_result) result = {0};

    (void)arg;
    /* More than any window or pipe holds, on both at once. */
    if (ssh == NULL ||
        ssh_run(ssh,
                "head -c 6000000 /dev/zero | tr '\\0' e >&2 & head -c 6000000 /dev/zero | tr "
                "'\\0' o; wait; exit 3",
                NULL, 0, soon(), &result, err) < 0)
        return -1;
    cr_assert_eq(result.status, 3);
    cr_assert_eq(strlen(result.out), 1 << 20);
    cr_assert_eq(strlen(result.err), 1 << 20);
    cr_assert_eq(strspn(result.out, "o"), 1 << 20);
    cr_assert_eq(strspn(result.err, "e"), 1 << 20);
    return 0;
}

Test(ssh, drains_output_and_errors_beyond_what_it_keeps)
{
    run(both_streams, true);
}

static int through_cat(void *arg, GError **err)
{
    g_autoptr(ssh) ssh = ssh_connect(&target, soon(), err);
    g_autofree char *input = g_malloc(BIG);
    g_autofree char *sum = NULL;
    g_auto(ssh_result) echoed = {0}, summed = {0}, unread = {0};

    (void)arg;
    for (size_t i = 0; i < BIG; i++)
        input[i] = (char)('a' + i % 23);
    sum = g_compute_checksum_for_data(G_CHECKSUM_SHA256, (const guchar *)input, BIG);
    if (ssh == NULL || ssh_run(ssh, "cat", input, 1000000, soon(), &echoed, err) < 0 ||
        ssh_run(ssh, "sha256sum", input, BIG, soon(), &summed, err) < 0 ||
        ssh_run(ssh, "exit 5", input, BIG, soon(), &unread, err) < 0)
        return -1;
    cr_assert_eq(strlen(echoed.out), 1000000);
    cr_assert_eq(memcmp(echoed.out, input, 1000000), 0);
    cr_assert(g_str_has_prefix(summed.out, sum));
    cr_assert_eq(unread.status, 5, "a command need not read its input");
    return 0;
}

Test(ssh, feeds_a_command_while_it_answers)
{
    run(through_cat, true);
}

static int one_of_two(void *arg, GError **err)
{
    g_auto(ssh_result) result = {0};

    if (ssh_run(arg, "head -c 300000 /dev/zero; echo done >&2", NULL, 0, soon(), &result, err) < 0)
        return -1;
    cr_assert_str_eq(result.err, "done\n");
    return 0;
}

static int two_at_once(void *arg, GError **err)
{
    g_autoptr(ssh) ssh = ssh_connect(&target, soon(), err);
    struct scope *scope;

    (void)arg;
    if (ssh == NULL)
        return -1;
    scope = scope_open("two");
    for (int i = 0; i < 4; i++)
        scope_spawn(scope, "one", one_of_two, ssh);
    return scope_close(scope, err);
}

Test(ssh, lets_fibers_take_turns_on_one_session)
{
    run(two_at_once, true);
}

static int past_deadline(void *arg, GError **err)
{
    g_autoptr(ssh) ssh = ssh_connect(&target, soon(), err);
    g_auto(ssh_result) result = {0};
    g_autoptr(GError) why = NULL, after = NULL;

    (void)arg;
    if (ssh == NULL)
        return -1;
    cr_assert_eq(ssh_run(ssh, "exec tail -f /dev/null", NULL, 0, deadline_in(300), &result, &why),
                 -1);
    assert_error(why, SYNC_ERROR, SYNC_ERROR_TIMEOUT, "host2");
    cr_assert_null(result.out);
    cr_assert_eq(ssh_run(ssh, "true", NULL, 0, soon(), &result, &after), -1);
    assert_error(after, SSH_ERROR, SSH_ERROR_CHANNEL, "broke before");
    return 0;
}

Test(ssh, gives_up_a_command_at_its_deadline)
{
    run(past_deadline, true);
}

static int endless_output(void *arg, GError **err)
{
    g_autoptr(ssh) ssh = ssh_connect(&target, soon(), err);
    g_auto(ssh_result) result = {0};
    g_autoptr(GError) why = NULL;

    (void)arg;
    if (ssh == NULL)
        return -1;
    cr_assert_eq(ssh_run(ssh, "exec yes", NULL, 0, deadline_in(500), &result, &why), -1);
    assert_error(why, SYNC_ERROR, SYNC_ERROR_TIMEOUT, "host2");
    return 0;
}

Test(ssh, gives_up_at_the_deadline_though_output_keeps_coming)
{
    run(endless_output, true);
}

static int follow(void *arg, GError **err)
{
    g_autoptr(ssh) ssh = ssh_connect(&target, soon(), err);
    g_auto(ssh_result) result = {0};
    g_autofree char *command =
        g_strdup_printf("echo >%s/begun; exec tail -f /dev/null", server->folder);

    (void)arg;
    return ssh == NULL ? -1 : ssh_run(ssh, command, NULL, 0, soon(), &result, err);
}

/* Waits until the command has begun, by a FIFO that it opens. */
static int cancel_in_mid_command(void *arg, GError **err)
{
    g_autofree char *path = ssh_server_path(server, "begun");
    g_autofree char *make = g_strdup_printf("mkfifo %s", path);
    g_autofree char *line = NULL;
    g_autoptr(stream) fifo = NULL;
    g_autoptr(GError) why = NULL;
    struct scope *scope;
    g_autoptr(fiber) fiber = NULL;

    (void)arg;
    g_free(ssh_server_tool("%s", make));
    fifo = stream_new(g_open(path, O_RDWR, 0), err);
    if (fifo == NULL)
        return -1;
    scope = scope_open("command");
    fiber = fiber_ref(scope_spawn_detached(scope, "follow", follow, NULL));
    line = stream_read_line(fifo, 16, soon(), err);
    if (line == NULL) {
        scope_abandon(scope);
        return -1;
    }
    fiber_cancel(fiber, NULL);
    cr_assert_eq(fiber_join(fiber, soon(), &why), -1);
    assert_error(why, SYNC_ERROR, SYNC_ERROR_CANCELLED, "cancelled");
    return scope_close(scope, err);
}

Test(ssh, can_be_cancelled_in_the_middle_of_a_command)
{
    run(cancel_in_mid_command, true);
}

static int dead_server(void *arg, GError **err)
{
    g_autoptr(ssh) ssh = ssh_connect(&target, soon(), err);
    g_auto(ssh_result) result = {0};
    g_autoptr(GError) why = NULL;

    (void)arg;
    if (ssh == NULL)
        return -1;
    /* The parent of our shell is the server's process for this connection. */
    cr_assert_eq(
        ssh_run(ssh, "kill -9 $PPID; exec tail -f /dev/null", NULL, 0, soon(), &result, &why), -1);
    assert_error(why, SSH_ERROR, SSH_ERROR_CHANNEL, "host2");
    return 0;
}

Test(ssh, notices_a_connection_that_ends_under_a_command)
{
    run(dead_server, true);
}

int main(int argc, char **argv)
{
    return run_tests(argc, argv);
}
