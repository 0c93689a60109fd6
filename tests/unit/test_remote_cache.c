#include "orchestrator/remote_cache.h"

#include "orchestrator/deploy.h"

#include <criterion/criterion.h>
#include <glib/gstdio.h>

/* The scripts run here, by /bin/sh, with a cache in a folder of the test. */
static char *folder;
static struct bundle *bundles[2];

#define TOKEN "abc123"

static char *path_of(const char *name)
{
    return g_build_filename(folder, name, NULL);
}

static void make_file(const char *name, const char *text, int mode)
{
    g_autofree char *path = path_of(name);
    g_autofree char *dir = g_path_get_dirname(path);

    cr_assert_eq(g_mkdir_with_parents(dir, 0700), 0);
    cr_assert(g_file_set_contents(path, text, -1, NULL));
    cr_assert_eq(g_chmod(path, mode), 0);
}

static bool exists(const char *name)
{
    g_autofree char *path = path_of(name);

    return g_file_test(path, G_FILE_TEST_EXISTS);
}

static char *run(const char *command, const char *input, char **errors)
{
    const char *argv[] = {"sh", "-c", command, NULL};
    g_autofree char *script = path_of("script");
    g_autofree char *redirected = g_strdup_printf("%s <'%s'", command, script);
    char *out = NULL;

    cr_assert(g_file_set_contents(script, input, -1, NULL));
    argv[2] = redirected;
    cr_assert(g_spawn_sync(folder, (char **)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, &out,
                           errors, NULL, NULL));
    return out;
}

static char *sum_line(const char *text, const char *name)
{
    g_autofree char *hash = g_compute_checksum_for_string(G_CHECKSUM_SHA256, text, -1);

    return g_strdup_printf("%s  %s\n", hash, name);
}

static struct bundle *bundle_of(const char *what, const char *name, const char *sums)
{
    struct bundle *bundle = g_new0(struct bundle, 1);

    bundle->what = g_strdup(what);
    bundle->folder = g_strdup(name);
    bundle->sums = g_strdup(sums);
    bundle->size = 3;
    bundle->names = g_ptr_array_new();
    return bundle;
}

static void make_bundles(void)
{
    g_autofree char *node_sum = sum_line("node", "vtmh-node");
    g_autofree char *rom_sum = sum_line("rom", "tick/tick.rom");

    folder = g_dir_make_tmp("vtmh-cache-XXXXXX", NULL);
    cr_assert_not_null(folder);
    g_setenv("XDG_CACHE_HOME", folder, TRUE);
    g_setenv("SSH_CONNECTION", "10.0.0.1 4444 10.0.0.2 22", TRUE);
    bundles[0] = bundle_of("the node", "node-1", node_sum);
    bundles[1] = bundle_of("the guests", "guests-1", rom_sum);
}

static void remove_bundles(void)
{
    const char *argv[] = {"rm", "-r", folder, NULL};

    g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL,
                 NULL);
    bundle_free(bundles[0]);
    bundle_free(bundles[1]);
    g_free(folder);
}

TestSuite(remote_cache, .init = make_bundles, .fini = remove_bundles);

static struct remote_cache_state probe(void)
{
    g_autofree char *script = remote_cache_probe_script(bundles, 2, TOKEN, "echo went on");
    g_autofree char *out = run("/bin/sh -s", script, NULL);
    struct remote_cache_state state = {0};
    g_autoptr(GError) err = NULL;

    cr_assert_eq(remote_cache_read_state(out, bundles, 2, &state, &err), 0, "%s",
                 err != NULL ? err->message : "");
    return state;
}

static int install(const struct remote_cache_state *state, GError **err)
{
    g_autofree char *script = remote_cache_install_script(state, bundles, 2, TOKEN, "echo went on");
    g_autofree char *errors = NULL;
    g_autofree char *out = run("/bin/sh -s", script, &errors);

    return remote_cache_read_install(out, errors, err);
}

static void pack(const char *source, const char *bundle)
{
    g_autofree char *command = g_strdup_printf(
        "[ ! -d vtmh/.new-" TOKEN "/%s ] || tar -C %s -cf vtmh/.new-" TOKEN "/%s/bundle.tar .",
        bundle, source, bundle);

    g_free(run(command, "", NULL));
}

/* What an upload does: the tars, where the first look made room for them. */
static void upload(const char *node, const char *rom)
{
    make_file("node/vtmh-node", node, 0755);
    make_file("guests/tick/tick.rom", rom, 0644);
    pack("node", "node-1");
    pack("guests", "guests-1");
}

static void assert_installed(void)
{
    struct remote_cache_state state = probe();

    cr_assert(state.has[0]);
    cr_assert(state.has[1]);
    remote_cache_state_clear(&state);
}

static void install_good(void)
{
    struct remote_cache_state state = probe();
    g_autoptr(GError) err = NULL;

    upload("node", "rom");
    cr_assert_eq(install(&state, &err), 0, "%s", err != NULL ? err->message : "");
    remote_cache_state_clear(&state);
}

Test(remote_cache, learns_all_about_a_machine_in_one_look)
{
    struct remote_cache_state state = probe();
    g_autofree char *cache = path_of("vtmh");
    g_autofree char *incoming = remote_cache_incoming(&state, TOKEN, bundles[1]);

    cr_assert_str_eq(state.cache, cache);
    cr_assert_gt(strlen(state.arch), 2);
    cr_assert(g_str_has_prefix(state.libc, "glibc 2."), "%s", state.libc);
    cr_assert_str_eq(state.server_address, "10.0.0.2");
    cr_assert_gt(state.free_bytes, 4096);
    cr_assert_not(state.has[0]);
    cr_assert_not(state.has[1]);
    cr_assert(g_str_has_suffix(incoming, "/vtmh/.new-" TOKEN "/guests-1/bundle.tar"));
    cr_assert(exists("vtmh/.new-" TOKEN "/guests-1"));
    remote_cache_state_clear(&state);
}

Test(remote_cache, holds_what_was_installed_and_nothing_else)
{
    install_good();
    assert_installed();
    cr_assert_not(exists("vtmh/.new-" TOKEN), "the upload's folder is left behind");
    cr_assert_not(exists("vtmh/node-1/bundle.tar"));
}

Test(remote_cache, has_no_damaged_bundle)
{
    struct remote_cache_state state;

    install_good();
    make_file("vtmh/guests-1/tick/tick.rom", "roM", 0644);
    state = probe();
    cr_assert(state.has[0]);
    cr_assert_not(state.has[1]);
    remote_cache_state_clear(&state);
}

Test(remote_cache, has_no_bundle_whose_program_cannot_be_run)
{
    struct remote_cache_state state;

    install_good();
    make_file("vtmh/node-1/vtmh-node", "node", 0644);
    state = probe();
    cr_assert_not(state.has[0]);
    remote_cache_state_clear(&state);
}

Test(remote_cache, replaces_a_damaged_bundle)
{
    install_good();
    make_file("vtmh/node-1/vtmh-node", "nodE", 0755);
    install_good();
    assert_installed();
    cr_assert_not(exists("vtmh/.new-" TOKEN));
}

Test(remote_cache, puts_no_damaged_upload_in_place)
{
    struct remote_cache_state state = probe();
    g_autoptr(GError) err = NULL;

    upload("nodE", "rom");
    cr_assert_eq(install(&state, &err), -1);
    cr_assert(g_error_matches(err, DEPLOY_ERROR, DEPLOY_ERROR_UPLOAD));
    cr_assert_not_null(strstr(err->message, "vtmh-node: FAILED"), "%s", err->message);
    cr_assert_not(exists("vtmh/node-1"));
    remote_cache_state_clear(&state);
}

Test(remote_cache, puts_no_half_archive_in_place)
{
    struct remote_cache_state state = probe();
    g_autoptr(GError) err = NULL;

    upload("node", "rom");
    make_file("vtmh/.new-" TOKEN "/node-1/bundle.tar", "half", 0644);
    cr_assert_eq(install(&state, &err), -1);
    cr_assert_not_null(strstr(err->message, "unpacking: tar: "), "%s", err->message);
    cr_assert_not(exists("vtmh/node-1"));
    remote_cache_state_clear(&state);
}

Test(remote_cache, keeps_what_another_uploader_installed_first)
{
    struct remote_cache_state state = probe();
    g_autoptr(GError) err = NULL;
    struct stat before, after;
    g_autofree char *path = path_of("vtmh/node-1/vtmh-node");

    upload("node", "rom");
    make_file("vtmh/node-1/vtmh-node", "node", 0755);
    cr_assert_eq(g_stat(path, &before), 0);
    cr_assert_eq(install(&state, &err), 0, "%s", err != NULL ? err->message : "");
    cr_assert_eq(g_stat(path, &after), 0);
    cr_assert_eq(before.st_ino, after.st_ino);
    remote_cache_state_clear(&state);
    assert_installed();
}

Test(remote_cache, forgets_uploads_that_were_cut_off_long_ago)
{
    struct remote_cache_state state;

    make_file("vtmh/.new-old/node-1/bundle.tar", "half", 0644);
    make_file("vtmh/.new-young/node-1/bundle.tar", "half", 0644);
    g_free(run("touch -d '3 days ago' vtmh/.new-old", "", NULL));
    state = probe();
    cr_assert_not(exists("vtmh/.new-old"));
    cr_assert(exists("vtmh/.new-young"));
    remote_cache_state_clear(&state);
}

Test(remote_cache, repeats_why_a_machine_cannot_hold_a_cache)
{
    g_autofree char *script = remote_cache_probe_script(bundles, 2, TOKEN, "echo went on");
    g_autofree char *out = NULL;
    struct remote_cache_state state;
    g_autoptr(GError) err = NULL;

    make_file("vtmh", "a file where the cache should be", 0644);
    out = run("/bin/sh -s", script, NULL);
    cr_assert_eq(remote_cache_read_state(out, bundles, 2, &state, &err), -1);
    cr_assert(g_error_matches(err, DEPLOY_ERROR, DEPLOY_ERROR_HOST));
    cr_assert_not_null(strstr(err->message, "mkdir"), "%s", err->message);
}

Test(remote_cache, repeats_what_a_machine_without_a_shell_says)
{
    struct remote_cache_state state;
    g_autoptr(GError) err = NULL;

    cr_assert_eq(
        remote_cache_read_state("This account is not available.\n", bundles, 2, &state, &err), -1);
    cr_assert_not_null(strstr(err->message, "it said: This account is not available."), "%s",
                       err->message);
}

Test(remote_cache, does_not_believe_a_look_that_was_cut_off)
{
    struct remote_cache_state state;

    cr_assert_eq(remote_cache_read_state("vtmh:cache /c\nvtmh:arch x\nvtmh:libc glibc 2.36\n"
                                         "vtmh:ssh \nvtmh:has node-1\n",
                                         bundles, 2, &state, NULL),
                 -1);
}

static void assert_fits(const char *arch, const char *libc, uint64_t room, const char *message)
{
    const struct remote_cache_state state = {
        .cache = (char *)"/c", .arch = (char *)arch, .libc = (char *)libc, .free_bytes = room};
    g_autoptr(GError) err = NULL;
    int result;

    bundles[0]->arch = (char *)"x86_64";
    bundles[0]->glibc = (char *)"2.34";
    result = remote_cache_check_fit(&state, bundles[0], true, &err);
    bundles[0]->arch = NULL;
    bundles[0]->glibc = NULL;
    if (message == NULL) {
        cr_assert_eq(result, 0, "%s", err != NULL ? err->message : "");
        return;
    }
    cr_assert_eq(result, -1);
    cr_assert(g_error_matches(err, DEPLOY_ERROR, DEPLOY_ERROR_HOST));
    cr_assert_not_null(strstr(err->message, message), "%s", err->message);
}

Test(remote_cache, takes_machines_with_the_same_or_a_newer_libc)
{
    assert_fits("x86_64", "glibc 2.34", 1000, NULL);
    assert_fits("x86_64", "glibc 2.34.9000", 1000, NULL);
    assert_fits("x86_64", "glibc 2.100", 1000, NULL);
    assert_fits("x86_64", "glibc 3.0", 1000, NULL);
}

Test(remote_cache, tells_a_machine_why_it_does_not_fit)
{
    assert_fits("x86_64", "glibc 2.9", 1000,
                "its libc is too old: glibc 2.9 there, the node needs");
    assert_fits("x86_64", "glibc 2", 1000, "its libc is too old");
    assert_fits("x86_64", "", 1000, "it has no GNU libc");
    assert_fits("aarch64", "glibc 2.36", 1000,
                "its architecture is aarch64, the node is for x86_64");
    assert_fits("x86_64", "glibc 2.36", 5, "only 5 bytes free in /c");
}

Test(remote_cache, goes_on_only_when_nothing_is_missing)
{
    g_autofree char *script = remote_cache_probe_script(bundles, 2, TOKEN, "echo went on");
    g_autofree char *before = run("/bin/sh -s", script, NULL);
    g_autofree char *after = NULL;

    cr_assert_str_eq(remote_cache_after(before), "");
    install_good();
    after = run("/bin/sh -s", script, NULL);
    cr_assert_str_eq(remote_cache_after(after), "went on\n");
}

Test(remote_cache, goes_on_after_an_installation_but_not_after_a_failed_one)
{
    struct remote_cache_state state = probe();
    g_autofree char *script =
        remote_cache_install_script(&state, bundles, 2, TOKEN, "echo went on");
    g_autofree char *failed = run("/bin/sh -s", script, NULL);
    g_autofree char *done = NULL;

    cr_assert_null(strstr(failed, "went on"), "%s", failed);
    upload("node", "rom");
    done = run("/bin/sh -s", script, NULL);
    cr_assert_str_eq(remote_cache_after(done), "went on\n");
    remote_cache_state_clear(&state);
}

static char *start_and_get_arguments(const char *connection, const char *reached)
{
    const struct remote_cache_start start = {
        .node = bundles[0], .name = "it's", .key = "c0ffee", .reached = reached};
    g_autofree char *lines = remote_cache_start_lines(&start);
    g_autofree char *cache = path_of("vtmh");
    g_autofree char *script = g_strdup_printf("cache='%s'\n%s", cache, lines);

    g_setenv("SSH_CONNECTION", connection, TRUE);
    make_file("vtmh/node-1/vtmh-node", "#!/bin/sh\necho \"$(cat)|$*\"\n", 0755);
    return run("/bin/sh -s", script, NULL);
}

Test(remote_cache, starts_the_node_where_the_machine_was_reached)
{
    g_autofree char *out = start_and_get_arguments("10.0.0.1 4444 10.0.0.2 22", "192.0.2.9");
    g_autofree char *want = g_strdup_printf(
        "c0ffee|serve --name it's --listen tcp://10.0.0.2:0 --guests %s/vtmh/no-guests"
        " --address 192.0.2.9\n",
        folder);

    cr_assert_str_eq(out, want);
}

Test(remote_cache, starts_the_node_behind_a_proxy_and_over_ipv6)
{
    g_autofree char *proxied = start_and_get_arguments("fe80::1 4444 fe80::2 22", "");
    g_autofree char *silent = start_and_get_arguments("", "192.0.2.9");

    cr_assert_not_null(strstr(proxied, "--listen tcp://[fe80::2]:0 "), "%s", proxied);
    cr_assert_not_null(strstr(proxied, "--address fe80::2\n"), "%s", proxied);
    cr_assert_not_null(strstr(silent, "--listen tcp://192.0.2.9:0 "), "%s", silent);
}

Test(remote_cache, cleans_up_by_the_program_of_the_bundle)
{
    g_autofree char *script = remote_cache_clean_up_script(bundles[0], 4321);
    g_autofree char *out = NULL;

    make_file("vtmh/node-1/vtmh-node", "#!/bin/sh\necho \"$@\"\n", 0755);
    out = run("/bin/sh -s", script, NULL);
    cr_assert_str_eq(out, "cleanup --pid 4321\n");
}
