#include "orchestrator/command/run.h"

#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <unistd.h>

static char *folder;

static void in_a_folder(void)
{
    folder = g_dir_make_tmp("vtmh-dry-XXXXXX", NULL);
    cr_assert_not_null(folder);
    cr_assert_eq(chdir(folder), 0);
    cr_redirect_stdout();
    cr_redirect_stderr();
}

static void remove_folder(void)
{
    g_unlink("a.cfg");
    cr_assert_eq(chdir("/"), 0);
    g_rmdir(folder);
    g_free(folder);
}

TestSuite(dry_run, .init = in_a_folder, .fini = remove_folder);

/* The exit status of `vtmh run --dry-run` with these options, separated by '|', and this file. */
static int dry_run_of(const char *options, const char *text)
{
    g_autofree char *file = g_strconcat("type = migration_multi_host\n", text, NULL);
    g_autofree char *line = g_strconcat("--dry-run|", options, "a.cfg", NULL);
    g_auto(GStrv) argv = g_strsplit(line, "|", -1);
    int status;

    cr_assert(g_file_set_contents("a.cfg", file, -1, NULL));
    status = command_run((int)g_strv_length(argv), argv);
    fflush(stdout);
    return status;
}

Test(dry_run, a_parameter_that_nothing_knows_is_refused)
{
    cr_expect_eq(dry_run_of("-p|foo=1|", ""), 4);
    cr_assert_stdout_eq_str("");
    cr_assert_stderr_eq_str("vtmh: there is no parameter foo, and a.cfg does not speak of it "
                            "('vtmh types' lists them)\n");
}

Test(dry_run, a_parameter_that_nothing_knows_names_the_nearest_with_its_endings)
{
    cr_expect_eq(dry_run_of("-p|migrate_cuont=2|-p|mig_sped_vm1=1G|", ""), 4);
    cr_assert_stderr_eq_str(
        "vtmh: there is no parameter migrate_cuont; did you mean migrate_count?\n"
        "there is no parameter mig_sped_vm1; did you mean mig_speed_vm1? ('vtmh types' lists "
        "them)\n");
}

Test(dry_run, what_a_file_speaks_of_may_be_set)
{
    cr_expect_eq(dry_run_of("-p|own=1|-p|own_vm1=2|-p|read=3|-p|gone=4|",
                            "own = 0\nours = x${read}\ndel gone\n"),
                 0);
    cr_assert_stdout_eq_str("1  a\n");
}

Test(dry_run, what_a_value_of_the_command_line_reads_may_be_set)
{
    cr_expect_eq(dry_run_of("-p|size=64|-p|mem=${size}|", ""), 0);
}

Test(dry_run, a_parameter_of_an_object_that_only_a_later_test_has_may_be_set)
{
    cr_expect_eq(
        dry_run_of("-q|-p|mem_web=64|", "variants:\n  - one:\n  - two:\n      vms = web\n"), 0);
    cr_assert_stdout_eq_str("1  one\n2  two\n");
}

Test(dry_run, a_key_that_a_suffix_of_the_file_makes_may_be_set)
{
    cr_expect_eq(dry_run_of("-q|-p|own_b=3|", "own = 1\nvariants:\n  - a:\n      suffix _a\n"
                                              "  - b:\n      suffix _b\njoin a b\n"),
                 0);
}

Test(dry_run, remarks_are_told_once_with_the_number_of_tests)
{
    cr_expect_eq(dry_run_of("-p|mem_host3=20|", "variants:\n  - x:\n      mine = 1\n      my = 2\n"
                                                "  - y:\n      mine = 2\n      ours = 1\n"),
                 0);
    cr_assert_stderr_eq_str("note: mem_host3 has no effect: there is no host host3 in this test "
                            "(2 tests)\n"
                            "note: 3 parameters that no test type knows; vtmh lint lists them "
                            "(2 tests)\n");
}

Test(dry_run, a_test_that_says_a_thing_twice_counts_once)
{
    cr_expect_eq(dry_run_of("", "gcov_a = 1\ngcov_b = 2\nvariants:\n  - x:\n  - y:\n"), 0);
    cr_assert_stderr_eq_str("note: gcov_* has no effect: it counts only with gcov_qemu = yes "
                            "(2 tests)\n");
}

Test(dry_run, notes_are_left_out_if_asked)
{
    cr_expect_eq(dry_run_of("-q|-p|dirty_mem_vm7=20|", "mine = 1\n"), 0);
    cr_assert_stderr_eq_str("");
}

Test(dry_run, a_wrong_value_names_the_nearest)
{
    cr_expect_eq(dry_run_of("-p|mig_protocol=tpc|", ""), 4);
    cr_assert_stderr_eq_str(
        "vtmh: <command line>:1: mig_protocol = tpc: no such value; did you "
        "mean tcp? (expected tcp, unix, exec, fd, file, rdma, x-rdma, managed) (test a)\n");
}

Test(dry_run, a_guest_that_a_file_does_not_have_is_refused_with_where_to_look)
{
    cr_expect_eq(dry_run_of("--guest|jeoss|", ""), 4);
    cr_assert_stderr_eq_str(
        "vtmh: <command line>:1: guest = jeoss: no such value; did you mean jeos? (expected tick, "
        "jeos, image); 'vtmh guests FILE' lists those of a file (test a)\n");
}

Test(dry_run, a_parameter_of_what_the_test_does_not_have_is_refused_as_that)
{
    cr_expect_eq(dry_run_of("-p|image_name_d1=/srv/x|", ""), 4);
    cr_assert_stderr_eq_str("vtmh: there is no parameter image_name_d1: image_name is one, but "
                            "nothing of the test is called d1 ('vtmh types' lists them)\n");
}
