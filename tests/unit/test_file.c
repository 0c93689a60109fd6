#include "orchestrator/report/file.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A folder of the test's own, and a path in it. */
static char *dir, *path;

static void make_dir(void)
{
    dir = g_dir_make_tmp("vtmh-file-XXXXXX", NULL);
    cr_assert_not_null(dir);
    path = g_build_filename(dir, "results.json", NULL);
}

static void remove_dir(void)
{
    g_unlink(path);
    cr_expect_eq(g_rmdir(dir), 0, "something was left in %s", dir);
    g_free(path);
    g_free(dir);
}

TestSuite(file, .init = make_dir, .fini = remove_dir, .timeout = 30);

static void expect_text(const char *where, const char *expected)
{
    g_autofree char *text = NULL;

    cr_assert(g_file_get_contents(where, &text, NULL, NULL));
    cr_expect_str_eq(text, expected);
}

Test(file, keeps_the_old_text_when_the_new_one_cannot_be_written)
{
    g_autofree char *in_the_way = g_strconcat(path, ".new", NULL);
    g_autoptr(GError) error = NULL;

    cr_assert_eq(file_replace(path, "old\n", NULL), 0);
    cr_assert_eq(g_mkdir(in_the_way, 0700), 0);
    cr_expect_eq(file_replace(path, "new\n", &error), -1);
    cr_expect(error && strstr(error->message, path));
    expect_text(path, "old\n");
    g_rmdir(in_the_way);
    cr_assert_eq(file_replace(path, "new\n", NULL), 0);
    cr_expect_not(g_file_test(in_the_way, G_FILE_TEST_EXISTS));
    expect_text(path, "new\n");
}

Test(file, a_link_stays_one_and_the_text_is_behind_it)
{
    g_autofree char *target = g_build_filename(dir, "target", NULL);

    cr_assert_eq(symlink(target, path), 0);
    cr_assert_eq(file_replace(target, "old\n", NULL), 0);
    cr_expect_eq(file_check(path, NULL), 0);
    cr_assert_eq(file_replace(path, "new\n", NULL), 0);
    cr_expect(g_file_test(path, G_FILE_TEST_IS_SYMLINK));
    expect_text(target, "new\n");
    g_unlink(target);
}

Test(file, a_pipe_stays_one_and_its_reader_has_the_text)
{
    char text[8] = "";
    struct stat info;
    int reader;

    cr_assert_eq(mkfifo(path, 0600), 0);
    reader = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    cr_assert_geq(reader, 0);
    cr_expect_eq(file_check(path, NULL), 0);
    cr_assert_eq(file_replace(path, "new\n", NULL), 0);
    cr_expect_eq(read(reader, text, sizeof(text)), 4);
    cr_expect_str_eq(text, "new\n");
    cr_expect(stat(path, &info) == 0 && S_ISFIFO(info.st_mode));
    close(reader);
}

Test(file, a_check_leaves_nothing_and_changes_nothing)
{
    cr_expect_eq(file_check(path, NULL), 0);
    cr_expect_not(g_file_test(path, G_FILE_TEST_EXISTS));
    cr_assert_eq(file_replace(path, "old\n", NULL), 0);
    cr_expect_eq(file_check(path, NULL), 0);
    expect_text(path, "old\n");
}

Test(file, a_check_names_a_folder_that_is_not_there)
{
    g_autofree char *below = g_build_filename(path, "deeper.json", NULL);
    g_autofree char *expected =
        g_strdup_printf("cannot write %s: No such file or directory", below);
    g_autoptr(GError) error = NULL;

    cr_expect_eq(file_check(below, &error), -1);
    cr_expect_str_eq(error->message, expected);
}

Test(file, a_check_refuses_a_folder)
{
    g_autoptr(GError) error = NULL;

    cr_expect_eq(file_check(dir, &error), -1);
    cr_expect(g_str_has_suffix(error->message, ": Is a directory"), "%s", error->message);
}
