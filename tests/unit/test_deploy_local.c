#include "orchestrator/deploy.h"

#include <criterion/criterion.h>
#include <glib/gstdio.h>
#include <sys/stat.h>

/* A stand-in for vtmh-node, a shell script, and the folders that deploy looks into. */
static char *folder;
static struct machine machine = {.name = (char *)"a", .is_local = true, .index = 2};
static const char *const guests[] = {"tick", NULL};
static GString *states;

static void note_state(const struct machine *of, const char *state, void *arg)
{
    cr_assert_eq(of, &machine);
    cr_assert_eq(arg, &states);
    g_string_append_printf(states, "%s;", state != NULL ? state : "ready");
}

static const struct deploy_options options = {
    .guests = guests, .progress = note_state, .arg = &states};

static char *in_folder(const char *name)
{
    return g_build_filename(folder, name, NULL);
}

static void make_file(const char *name, const char *text, int mode)
{
    g_autofree char *path = in_folder(name);
    g_autofree char *dir = g_path_get_dirname(path);

    cr_assert_eq(g_mkdir_with_parents(dir, 0700), 0);
    cr_assert(g_file_set_contents(path, text, -1, NULL));
    cr_assert_eq(g_chmod(path, mode), 0);
}

static void make_node(const char *script)
{
    g_autofree char *text = g_strdup_printf("#!/bin/sh\ncd '%s'\n%s\n", folder, script);

    make_file("vtmh-node", text, 0755);
}

static void make_folder(void)
{
    folder = g_dir_make_tmp("vl-XXXXXX", NULL);
    cr_assert_not_null(folder);

    states = g_string_new(NULL);
    g_setenv("VTMH_EXEC_PATH", folder, TRUE);
    g_setenv("XDG_CACHE_HOME", folder, TRUE);
    make_file("vtmh/guests/tick/VERSION", "1\n", 0644);
    make_file("vtmh/guests/tick/tick.rom", "rom", 0644);
}

static void remove_folder(void)
{
    const char *argv[] = {"rm", "-r", folder, NULL};

    g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL,
                 NULL);
    g_free(folder);
    g_string_free(states, TRUE);
}

TestSuite(deploy_local, .init = make_folder, .fini = remove_folder);

static char *read_file(const char *name)
{
    g_autofree char *path = in_folder(name);
    char *text = NULL;

    cr_assert(g_file_get_contents(path, &text, NULL, NULL), "%s is missing", path);
    return text;
}

static int run_deploy(void *arg, GError **err)
{
    struct deployed **deployed = arg;

    *deployed = deploy_node(&machine, &options, deadline_in(10000), err);
    return *deployed != NULL ? 0 : -1;
}

static void assert_deploy_fails(GQuark domain, int code, const char *message)
{
    struct deployed *deployed = NULL;
    g_autoptr(GError) err = NULL;

    cr_assert_eq(fiber_run(run_deploy, &deployed, &err), -1);
    cr_assert(g_error_matches(err, domain, code), "%s", err->message);
    cr_assert_not_null(strstr(err->message, message), "%s", err->message);
    cr_assert(g_str_has_prefix(err->message, "a: "), "%s", err->message);
    cr_assert_null(strstr(err->message + 1, "a: a:"), "%s", err->message);
    cr_assert_null(strstr(states->str, "ready"));
}

Test(deploy_local, starts_a_node_with_its_key_on_stdin_only)
{
    struct deployed *deployed = NULL;
    g_autoptr(GError) err = NULL;

    make_node("cat >key; echo \"$@\" >args; env >environment\n"
              "echo '{\"version\":\"0.1.0\",\"protocol\":3,\"address\":\"ipc:///x\",\"pid\":55}'");
    cr_assert_eq(fiber_run(run_deploy, &deployed, &err), 0, "%s", err ? err->message : "");
    cr_assert_str_eq(deployed->address, "127.77.0.3");
    cr_assert_str_eq(deployed->link_address, "ipc:///x");
    cr_assert_str_eq(deployed->version, "0.1.0");
    cr_assert_eq(deployed->pid, 55);
    cr_assert_eq(deployed->machine, &machine);
    cr_assert_str_eq(states->str, "starting;ready;");

    g_autofree char *key = seal_key_to_hex(deployed->key);
    g_autofree char *line = g_strdup_printf("%s\n", key);
    g_autofree char *sent = read_file("key");
    g_autofree char *args = read_file("args");
    g_autofree char *environment = read_file("environment");
    g_autofree char *want = g_strdup_printf(
        "serve --name a --listen ipc --guests %s/vtmh/guests --address 127.77.0.3\n", folder);

    cr_assert_str_eq(sent, line);
    cr_assert_str_eq(args, want);
    cr_assert_null(strstr(args, key));
    cr_assert_null(strstr(environment, key));
    deployed_free(deployed);
}

Test(deploy_local, repeats_why_the_node_did_not_start)
{
    make_node("echo '{\"error\":\"no room\"}'; exit 1");
    assert_deploy_fails(DEPLOY_ERROR, DEPLOY_ERROR_START, "a: the node did not start: no room");
}

Test(deploy_local, says_what_to_run_when_the_node_is_not_built)
{
    assert_deploy_fails(DEPLOY_ERROR, DEPLOY_ERROR_BUNDLE, "build all of vtmh");
}

Test(deploy_local, says_what_to_run_when_a_guest_is_not_built)
{
    g_autofree char *rom = in_folder("vtmh/guests/tick/tick.rom");

    make_node("exit 0");
    cr_assert_eq(g_remove(rom), 0);
    assert_deploy_fails(DEPLOY_ERROR, DEPLOY_ERROR_BUNDLE, "run deploy/guest");
}

static int run_deploy_short(void *arg, GError **err)
{
    struct deployed **deployed = arg;

    *deployed = deploy_node(&machine, &options, deadline_in(200), err);
    return *deployed != NULL ? 0 : -1;
}

Test(deploy_local, gives_up_on_a_node_that_never_answers)
{
    struct deployed *deployed = NULL;
    g_autoptr(GError) err = NULL;

    make_node("exec sleep 1000");
    cr_assert_eq(fiber_run(run_deploy_short, &deployed, &err), -1);
    cr_assert(g_error_matches(err, SYNC_ERROR, SYNC_ERROR_TIMEOUT), "%s", err->message);
    cr_assert(g_str_has_prefix(err->message, "a: starting its node: "), "%s", err->message);
}

static int run_clean_up(void *arg, GError **err)
{
    const struct deployed deployed = {.machine = &machine, .pid = 4321};

    (void)arg;
    return deploy_clean_up(&deployed, &options, deadline_in(10000), err);
}

Test(deploy_local, cleans_up_the_node_by_its_pid)
{
    g_autoptr(GError) err = NULL;

    make_node("echo \"$@\" >args");
    cr_assert_eq(fiber_run(run_clean_up, NULL, &err), 0, "%s", err ? err->message : "");

    g_autofree char *args = read_file("args");

    cr_assert_str_eq(args, "cleanup --pid 4321\n");
}

Test(deploy_local, tells_when_cleaning_up_failed)
{
    g_autoptr(GError) err = NULL;

    make_node("echo 'cannot remove tap0' >&2; exit 1");
    cr_assert_eq(fiber_run(run_clean_up, NULL, &err), -1);
    cr_assert_str_eq(err->message, "a: cleaning up: exit status 1: cannot remove tap0");
}
