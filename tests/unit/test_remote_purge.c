#include "orchestrator/remote_purge.h"

#include <criterion/criterion.h>
#include <glib/gstdio.h>
#include <sys/stat.h>

/* The script runs here, by /bin/sh, with a cache in a folder of the test and shell scripts as
 * nodes.
 */
static char *folder;

#define FIRST "node-0000000000000001"
#define SECOND "node-0000000000000002"

static char *path_of(const char *name)
{
    return g_build_filename(folder, "a cache", "vtmh", name, NULL);
}

static bool exists(const char *name)
{
    g_autofree char *path = path_of(name);

    return g_file_test(path, G_FILE_TEST_EXISTS);
}

static void make_file(const char *name, const char *text, int mode)
{
    g_autofree char *path = path_of(name);
    g_autofree char *dir = g_path_get_dirname(path);

    cr_assert_eq(g_mkdir_with_parents(dir, 0700), 0);
    cr_assert(g_file_set_contents(path, text, -1, NULL));
    cr_assert_eq(g_chmod(path, mode), 0);
}

/* A node program in the cache whose clean-up does this. */
static void make_node(const char *bundle, const char *clean_up)
{
    g_autofree char *name = g_build_filename(bundle, "vtmh-node", NULL);
    g_autofree char *text =
        g_strdup_printf("#!/bin/sh\n[ \"$*\" != --version ] || exit 0\n"
                        "[ \"$*\" = cleanup ] || { echo \"arguments: $*\"; exit 4; }\n%s\n",
                        clean_up);

    make_file(name, text, 0755);
}

static void set_up(void)
{
    g_autofree char *cache = NULL;

    folder = g_dir_make_tmp("vtmh-purge-XXXXXX", NULL);
    cr_assert_not_null(folder);
    cache = g_build_filename(folder, "a cache", NULL);
    g_setenv("XDG_CACHE_HOME", cache, TRUE);
}

static void tear_down(void)
{
    const char *argv[] = {"rm", "-r", folder, NULL};

    g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL,
                 NULL);
    g_free(folder);
}

TestSuite(remote_purge, .init = set_up, .fini = tear_down);

static struct purged *run(const struct remote_purge *purge, GError **err)
{
    g_autofree char *script = remote_purge_script(purge);
    g_autofree char *path = g_build_filename(folder, "script", NULL);
    g_autofree char *command = g_strdup_printf("/bin/sh -s <'%s'", path);
    const char *argv[] = {"/bin/sh", "-c", command, NULL};
    g_autofree char *out = NULL, *errors = NULL;
    int status = -1;

    cr_assert(g_file_set_contents(path, script, -1, NULL));
    cr_assert(
        g_spawn_sync(folder, (char **)argv, NULL, 0, NULL, NULL, &out, &errors, &status, NULL));
    cr_assert_eq(status, 0, "%s", errors);
    return remote_purge_read(out, errors, NULL, err);
}

static struct purged *purge(const char *first, bool with_cache)
{
    const struct remote_purge request = {.folder = first, .with_cache = with_cache};
    g_autoptr(GError) err = NULL;
    struct purged *purged = run(&request, &err);

    cr_assert_not_null(purged, "%s", err != NULL ? err->message : "");
    return purged;
}

/* Lines joined by ";". */
static void assert_lines(const GPtrArray *lines, const char *wanted)
{
    g_autoptr(GString) text = g_string_new(NULL);

    for (unsigned i = 0; i < lines->len; i++)
        g_string_append_printf(text, "%s%s", i > 0 ? ";" : "", (char *)g_ptr_array_index(lines, i));
    cr_assert_str_eq(text->str, wanted);
}

Test(remote_purge, finds_nothing_on_a_machine_without_a_cache)
{
    g_autoptr(purged) purged = purge(FIRST, true);

    cr_assert_eq(purged->removed->len + purged->live->len + purged->left->len, 0);
}

Test(remote_purge, repeats_what_the_node_program_says)
{
    make_node(FIRST, "echo 'removed process 12 (qemu)'; echo 'removed path /run/a  b'\n"
                     "echo 'live node 7 (host2)'");

    g_autoptr(purged) purged = purge(FIRST, false);

    assert_lines(purged->removed, "process 12 (qemu);path /run/a  b");
    assert_lines(purged->live, "node 7 (host2)");
    assert_lines(purged->left, "");
}

Test(remote_purge, takes_the_program_that_it_is_told_to_try_first)
{
    make_node(FIRST, "echo 'removed first'");
    make_node(SECOND, "echo 'removed second'");

    g_autoptr(purged) purged = purge(FIRST, false);
    g_autoptr(purged) other = purge(SECOND, false);

    assert_lines(purged->removed, "first");
    assert_lines(other->removed, "second");
}

Test(remote_purge, takes_another_when_the_first_is_not_there_or_does_not_run)
{
    make_node(SECOND, "echo 'removed second'");

    g_autoptr(purged) purged = purge(FIRST, false);

    make_file(FIRST "/vtmh-node", "#!/no/such/interpreter\n", 0755);

    g_autoptr(purged) other = purge(FIRST, false);

    assert_lines(purged->removed, "second");
    assert_lines(other->removed, "second");
}

Test(remote_purge, says_that_no_program_there_runs)
{
    make_file(FIRST "/vtmh-node", "#!/no/such/interpreter\n", 0755);

    g_autoptr(purged) purged = purge(FIRST, false);

    cr_assert_eq(purged->left->len, 1);
    cr_assert_not_null(strstr(g_ptr_array_index(purged->left, 0), "no node program"));
}

Test(remote_purge, removes_bundles_and_guests_of_the_cache_and_nothing_else)
{
    g_autofree char *wanted = NULL, *guests = path_of("guests-00000000000000aa");
    g_autofree char *node = path_of(FIRST);

    make_node(FIRST, "");
    make_file("guests-00000000000000aa/tick/tick.rom", "", 0600);
    make_file("guests/tick/tick.rom", "", 0600);
    make_file("guests-old/tick.rom", "", 0600);
    make_file("node-notes", "", 0600);
    wanted = g_strdup_printf("cache %s;cache %s", node, guests);

    g_autoptr(purged) purged = purge(FIRST, true);

    assert_lines(purged->removed, wanted);
    assert_lines(purged->left, "");
    cr_assert_not(exists(FIRST));
    cr_assert_not(exists("guests-00000000000000aa"));
    cr_assert(exists("guests/tick/tick.rom"));
    cr_assert(exists("guests-old/tick.rom"));
    cr_assert(exists("node-notes"));
}

Test(remote_purge, leaves_no_empty_cache_behind)
{
    make_node(FIRST, "");
    purged_free(purge(FIRST, true));
    cr_assert_not(exists(""));
}

Test(remote_purge, keeps_the_cache_unless_asked)
{
    make_node(FIRST, "");
    purged_free(purge(FIRST, false));
    cr_assert(exists(FIRST));
}

Test(remote_purge, keeps_the_cache_while_a_node_runs_from_it)
{
    g_autofree char *wanted = NULL, *node = path_of(FIRST);

    make_node(FIRST, "echo 'live node 7 (host2)'");
    wanted = g_strdup_printf("cache %s: a node runs", node);

    g_autoptr(purged) purged = purge(FIRST, true);

    assert_lines(purged->left, wanted);
    cr_assert(exists(FIRST));
}

Test(remote_purge, keeps_the_cache_while_something_is_left)
{
    make_node(FIRST, "echo 'left path /x'; echo 'could not' >&2; exit 1");

    g_autoptr(purged) purged = purge(FIRST, true);

    cr_assert_eq(purged->left->len, 2);
    cr_assert_str_eq(g_ptr_array_index(purged->left, 0), "path /x");
    cr_assert(exists(FIRST));
}

Test(remote_purge, fails_with_the_words_of_a_clean_up_that_failed)
{
    const struct remote_purge request = {.folder = FIRST, .with_cache = true};
    g_autoptr(GError) err = NULL;

    make_node(FIRST, "echo '/run/vtmh is not a folder of this user alone' >&2; exit 1");
    cr_assert_null(run(&request, &err));
    cr_assert(g_error_matches(err, DEPLOY_ERROR, DEPLOY_ERROR_START));
    cr_assert_not_null(strstr(err->message, "not a folder of this user alone"), "%s", err->message);
    cr_assert(exists(FIRST));
}

Test(remote_purge, uses_a_program_outside_of_the_cache)
{
    g_autofree char *program = path_of(SECOND "/vtmh-node");
    const struct remote_purge request = {.program = program};
    g_autoptr(purged) purged = NULL;

    make_node(FIRST, "echo 'removed first'");
    make_node(SECOND, "echo 'removed second'");
    purged = run(&request, NULL);
    cr_assert_not_null(purged);
    assert_lines(purged->removed, "second");
}

Test(remote_purge, fails_when_the_shell_did_not_come_to_the_end)
{
    g_autoptr(GError) err = NULL;

    cr_assert_null(
        remote_purge_read("vtmh:removed x\n", "sh: not found\n", "exit status 127", &err));
    cr_assert_str_eq(err->message, "cleaning up: exit status 127: sh: not found");
}
