/* A user's command on a host: what it sees, what is kept of what it says, how it ends. */
#include "migration/scenario/process/host_shell.h"
#include "sync/fiber.h"
#include "tests/unit/fiber_checks.h"

#include <criterion/criterion.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define SOON deadline_in(30000)

TestSuite(host_shell, .timeout = 60);

static GHashTable *owned;

static int own(void *node, enum owned_kind kind, const char *what, GError **err)
{
    (void)node, (void)err;
    g_hash_table_add(owned, g_strdup_printf("%d %s", (int)kind, what));
    return 0;
}

static void disown(void *node, enum owned_kind kind, const char *what)
{
    g_autofree char *entry = g_strdup_printf("%d %s", (int)kind, what);
    (void)node;
    g_hash_table_remove(owned, entry);
}

static void log_nothing(void *node, Vtmh__LogLevel level, const char *role, const char *vm,
                        const char *text)
{
    (void)node, (void)level, (void)role, (void)vm, (void)text;
}

static const struct host_ops ops = {.own = own, .disown = disown, .log = log_nothing};
static struct host host = {.ops = &ops, .name = "host1"};

static void set_up(void)
{
    owned = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    host.log_dir = g_dir_make_tmp("vtmh-shell-XXXXXX", NULL);
}

static void tear_down(void)
{
    g_autoptr(GDir) dir = g_dir_open(host.log_dir, 0, NULL);
    const char *name;
    while ((name = g_dir_read_name(dir)) != NULL) {
        g_autofree char *path = g_build_filename(host.log_dir, name, NULL);
        unlink(path);
    }
    rmdir(host.log_dir);
}

/* Transfer full. */
static char *contents(const char *name)
{
    g_autofree char *path = g_build_filename(host.log_dir, name, NULL);
    char *text = NULL;
    g_file_get_contents(path, &text, NULL, NULL);
    return text;
}

/* Runs it to its end; its error, or NULL. */
static char *run(const char *text, const struct params *params)
{
    g_autoptr(params) none = params_new();
    g_autoptr(GError) error = NULL;
    struct shell *shell = shell_start(&host, "cmd", text, params != NULL ? params : none, &error);
    if (shell != NULL) {
        check(g_hash_table_size(owned) == 1);
        shell_await(shell, SOON, &error);
        check(shell_end(shell, SOON, NULL) == 0);
    }
    check(g_hash_table_size(owned) == 0);
    return error != NULL ? g_strdup(error->message) : NULL;
}

static int see_parameters(void *arg, GError **err)
{
    g_autoptr(params) params = params_new();
    (void)arg, (void)err;
    params_set(params, "mem", "a  'b'", NULL);
    params_set(params, "password_vm1", "hush", NULL);
    params_set(params, "registry_passphrase", "hush", NULL);
    g_autofree char *failed =
        run("echo \"$KVM_TEST_mem,$VTMH_mem\" >seen; ! env | grep hush", params);
    g_autofree char *seen = contents("seen");
    check(failed == NULL);
    check(g_strcmp0(seen, "a  'b',a  'b'\n") == 0);
    return 0;
}

Test(host_shell, sees_the_parameters_but_no_secret, .init = set_up, .fini = tear_down)
{
    expect_run(see_parameters, NULL);
}

static int fail_so(void *arg, GError **err)
{
    g_autofree char *failed = run("echo first; printf 'no \\033[2Jbridge\\n\\n' >&2; exit 7", NULL);
    g_autofree char *killed = run("kill -9 $$", NULL);
    (void)arg, (void)err;
    check(g_strcmp0(failed, "cmd failed on host1 (exit status 7): no [2Jbridge") == 0);
    check(g_strcmp0(killed, "cmd failed on host1 (killed by SIGKILL)") == 0);
    return 0;
}

Test(host_shell, that_fails_says_how_with_its_last_line_and_nothing_that_draws, .init = set_up,
     .fini = tear_down)
{
    expect_run(fail_so, NULL);
}

static int leave_running(void *arg, GError **err)
{
    g_autoptr(params) params = params_new();
    struct shell *shell =
        shell_start(&host, "cmd", "sleep 1000 & echo $! >pid; echo $$ >group", params, err);
    (void)arg;
    if (shell == NULL || shell_await(shell, SOON, err) < 0)
        return -1;
    g_autofree char *pid = contents("pid");
    check(kill(atoi(pid), 0) == 0);
    if (shell_end(shell, SOON, err) < 0)
        return -1;
    g_autofree char *path = g_strdup_printf("/proc/%d/environ", atoi(pid));
    g_autofree char *environment = NULL;
    g_file_get_contents(path, &environment, NULL, NULL);
    check(environment == NULL || *environment == '\0'); /* gone, or nobody has reaped it yet */
    return 0;
}

Test(host_shell, takes_with_it_what_it_left_running, .init = set_up, .fini = tear_down)
{
    expect_run(leave_running, NULL);
}

static int run_too_long(void *arg, GError **err)
{
    g_autoptr(params) params = params_new();
    g_autoptr(GError) error = NULL;
    struct shell *shell = shell_start(&host, "cmd", "trap '' TERM; sleep 1000", params, err);
    (void)arg;
    check(shell_await(shell, deadline_in(0), &error) < 0);
    check(g_error_matches(error, SYNC_ERROR, SYNC_ERROR_TIMEOUT));
    return shell_end(shell, SOON, err);
}

Test(host_shell, that_is_not_over_in_time_is_killed, .init = set_up, .fini = tear_down)
{
    expect_run(run_too_long, NULL);
}

static int talk_much(void *arg, GError **err)
{
    g_autofree char *failed = run("head -c 3000000 /dev/zero | tr '\\0' x", NULL);
    g_autofree char *log = contents("cmd.log");
    (void)arg, (void)err;
    check(failed == NULL);
    check(strlen(log) > SHELL_LOG_BYTES && strlen(log) < SHELL_LOG_BYTES + 100);
    return 0;
}

Test(host_shell, that_says_much_fills_no_disk, .init = set_up, .fini = tear_down)
{
    expect_run(talk_much, NULL);
}
