#include "orchestrator/artifacts.h"

#include "orchestrator/deploy.h"

#include <criterion/criterion.h>
#include <glib/gstdio.h>

static char *folder;

static void make_folder(void)
{
    folder = g_dir_make_tmp("vtmh-artifacts-XXXXXX", NULL);
    cr_assert_not_null(folder);
}

static void remove_folder(void)
{
    const char *argv[] = {"rm", "-r", folder, NULL};

    g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL,
                 NULL);
    g_free(folder);
}

static void make_file(const char *name)
{
    g_autofree char *path = g_build_filename(folder, name, NULL);
    g_autofree char *dir = g_path_get_dirname(path);

    cr_assert_eq(g_mkdir_with_parents(dir, 0700), 0);
    cr_assert(g_file_set_contents(path, "x", 1, NULL));
}

TestSuite(artifacts, .init = make_folder, .fini = remove_folder);

Test(artifacts, finds_programs_where_the_environment_says)
{
    g_autoptr(GError) err = NULL;

    make_file("vtmh-node");
    g_setenv("VTMH_EXEC_PATH", folder, TRUE);

    g_autofree char *path = artifacts_find_program("vtmh-node", &err);
    g_autofree char *want = g_build_filename(folder, "vtmh-node", NULL);

    cr_assert_null(err);
    cr_assert_str_eq(path, want);
}

Test(artifacts, says_what_to_run_when_a_program_is_missing)
{
    g_autoptr(GError) err = NULL;

    g_setenv("VTMH_EXEC_PATH", folder, TRUE);
    cr_assert_null(artifacts_find_program("vtmh-node", &err));
    cr_assert(g_error_matches(err, DEPLOY_ERROR, DEPLOY_ERROR_BUNDLE));
    cr_assert_not_null(strstr(err->message, "/vtmh-node is missing"), "%s", err->message);
    cr_assert_not_null(strstr(err->message, "build all of vtmh"), "%s", err->message);
}

Test(artifacts, looks_for_guests_in_the_cache)
{
    g_setenv("XDG_CACHE_HOME", folder, TRUE);

    g_autofree char *guests = artifacts_guests_dir();
    g_autofree char *want = g_build_filename(folder, "vtmh", "guests", NULL);

    cr_assert_str_eq(guests, want);
}

Test(artifacts, accepts_guests_that_are_complete)
{
    const char *const guests[] = {"tick", "jeos", NULL};
    g_autoptr(GError) err = NULL;

    make_file("tick/VERSION");
    make_file("tick/tick.rom");
    make_file("jeos/VERSION");
    make_file("jeos/vmlinuz");
    make_file("jeos/initrd");
    make_file("jeos/command_line");
    make_file("jeos/id_ed25519");
    make_file("jeos/host_key.pub");
    cr_assert_eq(artifacts_check_guests(folder, guests, &err), 0);
    cr_assert_null(err);
    cr_assert_eq(artifacts_check_guests(folder, NULL, &err), 0);
}

Test(artifacts, says_what_to_run_when_a_guest_is_half_built)
{
    const char *const guests[] = {"tick", NULL};
    g_autoptr(GError) err = NULL;

    make_file("tick/VERSION");
    cr_assert_eq(artifacts_check_guests(folder, guests, &err), -1);
    cr_assert(g_error_matches(err, DEPLOY_ERROR, DEPLOY_ERROR_BUNDLE));
    cr_assert_not_null(strstr(err->message, "tick.rom"), "%s", err->message);
    cr_assert_not_null(strstr(err->message, "run deploy/guest"), "%s", err->message);
}

Test(artifacts, names_the_guests_there_are_when_asked_for_another)
{
    const char *const guests[] = {"tock", NULL};
    g_autoptr(GError) err = NULL;

    cr_assert_eq(artifacts_check_guests(folder, guests, &err), -1);
    cr_assert_not_null(strstr(err->message, "\"tock\": tick and jeos"), "%s", err->message);
}
