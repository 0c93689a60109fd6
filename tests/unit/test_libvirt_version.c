/* Which libvirt a host says that it has. */
#include "node/libvirt_version.h"

#include "tests/unit/fiber_checks.h"

#include <criterion/criterion.h>
#include <glib/gstdio.h>

TestSuite(libvirt_version, .timeout = 30);

Test(libvirt_version, is_what_stands_behind_the_name)
{
    static const char *const cases[][2] = {
        {"libvirtd (libvirt) 9.0.0\n", "9.0.0"},
        {"virtqemud (libvirt) 10.10.0", "10.10.0"},
        {"libvirtd (libvirt) next\n", ""},
        {"usage: libvirtd [options]\n", ""},
        {"", ""},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *version = libvirt_version_parse(cases[i][0]);

        cr_expect_str_eq(version, cases[i][1]);
    }
}

/* What is found with a virtqemud that is this shell script in front of all others. */
static char *find_with(const char *script)
{
    g_autofree char *folder = g_dir_make_tmp("vtmh-XXXXXX", NULL);
    g_autofree char *program = g_build_filename(folder, "virtqemud", NULL);
    g_autofree char *text = g_strconcat("#!/bin/sh\n", script, "\n", NULL);
    g_autofree char *before = g_strdup(g_getenv("PATH"));
    g_autofree char *path = g_strconcat(folder, ":", before, NULL);
    char *version;

    g_assert_true(
        g_file_set_contents_full(program, text, -1, G_FILE_SET_CONTENTS_NONE, 0755, NULL));
    g_setenv("PATH", path, TRUE);
    version = libvirt_version_find();
    g_setenv("PATH", before, TRUE);
    g_unlink(program);
    g_rmdir(folder);
    return version;
}

static int ask_programs(void *arg, GError **err)
{
    g_autofree char *right = find_with("[ $1 = --version ] && echo 'virtqemud (libvirt) 11.2.0'");
    g_autofree char *fails = find_with("echo 'virtqemud (libvirt) 11.2.0'; exit 127");
    g_autofree char *silent = find_with("true");

    (void)arg;
    check(strcmp(right, "11.2.0") == 0);
    check(strcmp(fails, "unknown") == 0);
    check(strcmp(silent, "unknown") == 0);
    (void)err;
    return 0;
}

Test(libvirt_version, is_asked_of_the_daemons_program)
{
    expect_run(ask_programs, NULL);
}
