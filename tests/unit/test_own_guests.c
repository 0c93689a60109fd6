/* The user's own guests, as the library has them. */
#include "orchestrator/own_guests.h"
#include "orchestrator/tests.h"

#include <criterion/criterion.h>
#include <glib/gstdio.h>

static char *folder;

static void make_folder(void)
{
    g_autofree char *config = g_dir_make_tmp("vtmh-guests.XXXXXX", NULL);

    g_setenv("XDG_CONFIG_HOME", config, TRUE);
    folder = g_build_filename(config, "vtmh", "guests.d", NULL);
    g_mkdir_with_parents(folder, 0700);
}

static void remove_folder(void)
{
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    const char *name;

    while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
        g_autofree char *path = g_build_filename(folder, name, NULL);

        g_unlink(path);
    }
    for (int i = 0; i < 3; i++) {
        g_autofree char *outer = g_path_get_dirname(folder);

        g_rmdir(folder);
        g_free(folder);
        folder = g_steal_pointer(&outer);
    }
    g_free(folder);
}

TestSuite(own_guests, .init = make_folder, .fini = remove_folder);

static void write_guest(const char *name, const char *text)
{
    g_autofree char *path = g_build_filename(folder, name, NULL);

    cr_assert(g_file_set_contents(path, text, -1, NULL));
}

/* The short names of the library's guests with this choice, and where the first one's image_name
 * was written; or the error. Transfer full. */
static char *guests(const char *choice)
{
    g_autoptr(GPtrArray) lines = g_ptr_array_new();
    g_autofree char *line = g_strconcat("guest = ", choice, NULL);
    g_autoptr(GError) error = NULL;
    g_autoptr(GString) names = g_string_new(NULL);
    g_autoptr(cfg) config = NULL;

    g_ptr_array_add(lines, line);
    config = tests_open(VTMH_SOURCE_DIR "/cfg/library/guest-os.cfg", lines, NULL, &error);
    if (config == NULL)
        return g_strdup(error->message);
    while (cfg_next(config, NULL) > 0) {
        g_autoptr(params) test = cfg_test_params(config, NULL);

        g_string_append_printf(names, "%s %s %s %s\n", cfg_test_shortname(config),
                               params_get(test, "guest"), params_get(test, "image_name"),
                               params_get(test, "username"));
    }
    return g_string_free(g_steal_pointer(&names), FALSE);
}

Test(own_guests, each_file_is_a_guest_with_the_defaults_of_a_linux)
{
    write_guest("b.cfg", "# mine\n\n- FooLinux:\n    image_name = images/foo-linux\n");
    write_guest("a.cfg", "  - Bar.2:  # another\n      image_name = bar\n      username = me\n");
    write_guest("notes.txt", "no guest\n");

    g_autofree char *all = guests("LinuxCustom");
    g_autofree char *one = guests("LinuxCustom.FooLinux");

    cr_expect_str_eq(all, "Linux.LinuxCustom.Bar.2 image bar me\n"
                          "Linux.LinuxCustom.FooLinux image images/foo-linux root\n");
    cr_expect_str_eq(one, "Linux.LinuxCustom.FooLinux image images/foo-linux root\n");
}

Test(own_guests, without_a_file_there_is_one_that_needs_an_image)
{
    g_autofree char *one = guests("LinuxCustom");

    cr_expect_str_eq(one, "Linux.LinuxCustom image (null) root\n");
}

Test(own_guests, a_file_that_is_no_guest_is_told_with_its_line)
{
    write_guest("bad.cfg", "\nimage_name = images/foo\n");
    g_autofree char *error = guests("LinuxCustom");

    cr_expect(strstr(error, "guests.d/bad.cfg:2: a file here is one guest") != NULL, "%s", error);
    write_guest("bad.cfg", "- One:\n    mem = 1\n- Two:\n    mem = 2\n");
    g_autofree char *second = guests("LinuxCustom");

    cr_expect(strstr(second, "guests.d/bad.cfg:3: a file here is one guest") != NULL, "%s", second);
}

Test(own_guests, two_files_with_one_name_are_told_with_both)
{
    write_guest("a.cfg", "- Foo:\n    image_name = images/foo\n");
    write_guest("b.cfg", "- Foo:\n    image_name = images/bar\n");
    g_autofree char *error = guests("LinuxCustom");

    cr_expect(strstr(error, "guests.d/a.cfg and ") != NULL, "%s", error);
    cr_expect(strstr(error, "guests.d/b.cfg both describe a guest Foo") != NULL, "%s", error);
}

Test(own_guests, what_is_written_in_it_has_its_own_place)
{
    g_autofree char *path = g_build_filename(folder, "foo.cfg", NULL);
    g_autofree char *origin = g_strconcat(path, ":3", NULL);
    g_autoptr(GPtrArray) lines = g_ptr_array_new();

    write_guest("foo.cfg", "# mine\n- Foo:\n    image_name = foo\n");
    g_ptr_array_add(lines, (char *)"guest = Foo");
    g_autoptr(cfg) config =
        tests_open(VTMH_SOURCE_DIR "/cfg/library/guest-os.cfg", lines, NULL, NULL);
    cr_assert_eq(cfg_next(config, NULL), 1);
    g_autoptr(params) test = cfg_test_params(config, NULL);

    cr_expect_str_eq(params_origin(test, "image_name"), origin);
}
