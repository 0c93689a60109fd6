#include "migration/vm/file_identity.h"

#include <criterion/criterion.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <unistd.h>

TestSuite(file_identity, .timeout = 10);

/* Two files of the same size, and a link to the first. */
struct folder {
    char *path, *first, *second, *link;
};

static struct folder make(void)
{
    struct folder folder = {.path = g_dir_make_tmp("vtmh-identity-XXXXXX", NULL)};

    folder.first = g_build_filename(folder.path, "first", NULL);
    folder.second = g_build_filename(folder.path, "second", NULL);
    folder.link = g_build_filename(folder.path, "link", NULL);
    cr_assert(g_file_set_contents(folder.first, "one", -1, NULL));
    cr_assert(g_file_set_contents(folder.second, "two", -1, NULL));
    cr_assert_eq(symlink(folder.first, folder.link), 0);
    return folder;
}

static void clear(struct folder *folder)
{
    unlink(folder->first);
    unlink(folder->second);
    unlink(folder->link);
    rmdir(folder->path);
    g_free(folder->path);
    g_free(folder->first);
    g_free(folder->second);
    g_free(folder->link);
}

static bool is_another(const char *path, const struct file_identity *before)
{
    struct file_identity now = file_identity_of(path);

    return !file_identity_equal(&now, before);
}

Test(file_identity, stays_while_nothing_happens_to_the_file)
{
    struct folder folder = make();
    struct file_identity before = file_identity_of(folder.link);

    cr_expect(file_identity_exists(&before));
    cr_expect_not(is_another(folder.link, &before));
    cr_expect_not(is_another(folder.first, &before), "a link is what it leads to");
    cr_expect(is_another(folder.second, &before));
    clear(&folder);
}

Test(file_identity, is_another_when_the_file_is_written_moved_or_given_other_permissions)
{
    struct folder folder = make();
    struct file_identity before = file_identity_of(folder.link);

    cr_assert_eq(g_chmod(folder.first, 0700), 0);
    cr_expect(is_another(folder.link, &before), "permissions");

    before = file_identity_of(folder.link);
    cr_assert_eq(truncate(folder.first, 2), 0);
    cr_expect(is_another(folder.link, &before), "written");

    before = file_identity_of(folder.link);
    cr_assert_eq(g_rename(folder.second, folder.first), 0);
    cr_expect(is_another(folder.link, &before), "another in its place");
    clear(&folder);
}

Test(file_identity, is_another_when_a_link_leads_elsewhere)
{
    struct folder folder = make();
    struct file_identity before = file_identity_of(folder.link);

    cr_assert_eq(unlink(folder.link), 0);
    cr_assert_eq(symlink(folder.second, folder.link), 0);
    cr_expect(is_another(folder.link, &before));
    clear(&folder);
}

Test(file_identity, file_that_comes_or_goes_is_another)
{
    struct folder folder = make();
    struct file_identity before = file_identity_of(folder.first);
    struct file_identity gone;

    cr_assert_eq(unlink(folder.first), 0);
    gone = file_identity_of(folder.first);
    cr_expect_not(file_identity_exists(&gone));
    cr_expect(is_another(folder.first, &before));
    cr_expect_not(is_another(folder.first, &gone), "still not there");
    cr_assert(g_file_set_contents(folder.first, "one", -1, NULL));
    cr_expect(is_another(folder.first, &gone));
    clear(&folder);
}

Test(file_identity, devices_differ_in_what_they_stand_for)
{
    struct file_identity null = file_identity_of("/dev/null");
    struct file_identity as_zero = null;

    as_zero.represents = file_identity_of("/dev/zero").represents;
    cr_expect_not(file_identity_equal(&null, &as_zero));
    cr_expect_not(is_another("/dev/null", &null));
}
