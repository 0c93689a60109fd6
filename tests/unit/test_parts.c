#include "orchestrator/report/parts.h"

#include <criterion/criterion.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static char *folder, *path;

static void make_folder(void)
{
    folder = g_dir_make_tmp("vtmh-parts-XXXXXX", NULL);
    path = g_build_filename(folder, "log", NULL);
}

static void remove_folder(void)
{
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);

    for (const char *name; (name = g_dir_read_name(dir)) != NULL;) {
        g_autofree char *file = g_build_filename(folder, name, NULL);

        g_unlink(file);
    }
    g_rmdir(folder);
}

TestSuite(parts, .init = make_folder, .fini = remove_folder);

static void expect_text(const char *suffix, const char *wanted)
{
    g_autofree char *file = g_strconcat(path, suffix, NULL);
    g_autofree char *text = NULL;

    g_file_get_contents(file, &text, NULL, NULL);
    if (wanted == NULL)
        cr_expect_null(text, "%s is there: %s", file, text);
    else
        cr_expect_str_eq(text != NULL ? text : "(none)", wanted, "%s: \"%s\"", suffix, text);
}

static void append(struct parts *parts, const char *text)
{
    g_autoptr(GError) error = NULL;

    cr_assert_eq(parts_append(parts, text, strlen(text), &error), 0, "%s",
                 error ? error->message : "?");
}

Test(parts, a_file_without_a_bound_stays_one)
{
    g_autoptr(parts) parts = parts_new(path, 0, 1);

    for (unsigned i = 0; i < 3; i++)
        append(parts, "line\n");
    expect_text("", "line\nline\nline\n");
    expect_text(".first", NULL);
    cr_expect_eq(parts_bytes(parts), 15);
}

Test(parts, keeps_the_first_part_and_the_newest_whole)
{
    g_autoptr(parts) parts = parts_new(path, 8, 2);

    for (const char *line = "abcdefghijkl"; *line != '\0'; line++) {
        g_autofree char *text = g_strdup_printf("%c23\n", *line);

        append(parts, text);
        cr_expect_leq(parts_bytes(parts), 32);
    }
    expect_text(".first", "a23\nb23\n");
    expect_text(".2", "g23\nh23\n");
    expect_text(".1", "i23\nj23\n");
    expect_text("", "k23\nl23\n");
    expect_text(".3", NULL);
    cr_expect(parts_have_gap(parts));
}

Test(parts, has_no_gap_as_long_as_all_is_there)
{
    g_autoptr(parts) parts = parts_new(path, 8, 1);

    append(parts, "1\n2\n3\n4\n5\n6\n7\n8\n9\n");
    expect_text(".first", "1\n2\n3\n4\n");
    expect_text(".1", "5\n6\n7\n8\n");
    expect_text("", "9\n");
    cr_expect_not(parts_have_gap(parts));
}

Test(parts, keeps_none_before_the_newest_when_asked)
{
    g_autoptr(parts) parts = parts_new(path, 4, 0);

    append(parts, "1\n2\n3\n4\n5\n6\n");
    expect_text(".first", "1\n2\n");
    expect_text("", "5\n6\n");
    expect_text(".1", NULL);
    cr_expect(parts_have_gap(parts));
    cr_expect_eq(parts_bytes(parts), 8);
}

Test(parts, a_line_is_in_one_part_unless_it_is_longer_than_one)
{
    g_autoptr(parts) parts = parts_new(path, 8, 9);

    append(parts, "12345\n");
    append(parts, "123456\n");
    expect_text(".first", "12345\n");
    expect_text("", "123456\n");
    append(parts, "0123456789abcdef\n");
    expect_text(".3", "123456\n");
    expect_text(".2", "01234567");
    expect_text(".1", "89abcdef");
    expect_text("", "\n");
}

Test(parts, goes_on_after_a_rest)
{
    g_autoptr(parts) parts = parts_new(path, 0, 0);

    append(parts, "1");
    parts_rest(parts);
    append(parts, "2");
    expect_text("", "12");
}

Test(parts, takes_back_a_piece_that_did_not_fit_on_the_disk)
{
    const struct rlimit limit = {10, 10};
    g_autoptr(parts) parts = parts_new(path, 0, 0);
    g_autoptr(GError) error = NULL;

    signal(SIGXFSZ, SIG_IGN);
    append(parts, "1234567\n");
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    cr_expect_eq(parts_append(parts, "abcdefg\n", 8, &error), -1);
    cr_expect(error != NULL && strstr(error->message, path), "%s", error ? error->message : "?");
    expect_text("", "1234567\n");
    cr_expect_eq(parts_bytes(parts), 8);
}

Test(parts, follows_no_link)
{
    g_autoptr(parts) parts = parts_new(path, 0, 0);
    g_autoptr(GError) error = NULL;
    g_autofree char *elsewhere = g_build_filename(folder, "elsewhere", NULL);

    cr_assert_eq(symlink(elsewhere, path), 0);
    cr_expect_eq(parts_append(parts, "x", 1, &error), -1);
    cr_expect_not(g_file_test(elsewhere, G_FILE_TEST_EXISTS));
}
