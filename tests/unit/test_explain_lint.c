#include "orchestrator/command/explain.h"
#include "orchestrator/command/lint.h"

#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

static const char tests[] = "mem = 32\n"                     /* 1 */
                            "variants guest:\n"              /* 2 */
                            "    - tick:\n"                  /* 3 */
                            "        mem ~= 16\n"            /* 4 */
                            "    - jeos:\n"                  /* 5 */
                            "        mem = 256\n"            /* 6 */
                            "variants:\n"                    /* 7 */
                            "    - @tcp:\n"                  /* 8 */
                            "    - unix:\n"                  /* 9 */
                            "        mig_port = 0\n"         /* 10 */
                            "        del mig_port\n"         /* 11 */
                            "        jeos: no unix\n"        /* 12 */
                            "mem_max = 64\n"                 /* 13 */
                            "type = migration_multi_host\n"; /* 14 */

static char *folder;

static void in_a_folder(void)
{
    folder = g_dir_make_tmp("vtmh-explain-XXXXXX", NULL);
    cr_assert_not_null(folder);
    cr_assert_eq(chdir(folder), 0);
    cr_assert(g_file_set_contents("tests.cfg", tests, -1, NULL));
    cr_redirect_stdout();
    cr_redirect_stderr();
}

static void remove_folder(void)
{
    static const char *const files[] = {"tests.cfg", "other.cfg", "library.cfg"};

    for (unsigned i = 0; i < G_N_ELEMENTS(files); i++) {
        g_autofree char *path = g_build_filename(folder, files[i], NULL);

        g_unlink(path);
    }
    g_rmdir(folder);
    g_free(folder);
}

TestSuite(explain, .init = in_a_folder, .fini = remove_folder);
TestSuite(lint, .init = in_a_folder, .fini = remove_folder);

/* Words are split at "|". */
static int call(int (*command)(int, char **), const char *line)
{
    g_auto(GStrv) words = g_strsplit(line, "|", -1);

    return command((int)g_strv_length(words), words);
}

static void write_file(const char *name, const char *text)
{
    cr_assert(g_file_set_contents(name, text, -1, NULL));
}

Test(explain, tells_every_statement_that_touched_a_key)
{
    cr_expect_eq(call(command_explain, "tests.cfg|jeos|mem"), 0);
    cr_assert_stdout_eq_str("tests.cfg:1   mem = 32      -> 32\n"
                            "tests.cfg:6   mem = 256     -> 256\n"
                            "tests.cfg:13  mem_max = 64  -> 64\n");
}

Test(explain, tells_what_changed_nothing_and_what_the_command_line_says)
{
    cr_expect_eq(call(command_explain, "-p|mem=8|tests.cfg|1|mem"), 0);
    cr_assert_stdout_eq_str("tests.cfg:1       mem = 32   -> 32\n"
                            "tests.cfg:4       mem ~= 16  -> 32  (unchanged)\n"
                            "<command line>:1  mem = 8    -> 8\n");
}

Test(explain, tells_where_secrets_come_from_and_not_what_they_are)
{
    write_file("other.cfg",
               "password = hunter2\npassword_vm1 += planted\nhint = ${password}, again\n"
               "password = hunter3\n");
    cr_expect_eq(call(command_explain, "other.cfg|1|password"), 0);
    cr_expect_eq(call(command_explain, "other.cfg|1|password_vm1"), 0);
    cr_expect_eq(call(command_explain, "other.cfg|1"), 0);
    cr_assert_stdout_eq_str("other.cfg:1  password = ***  -> ***\n"
                            "other.cfg:4  password = ***  -> ***\n"
                            "other.cfg:2  password_vm1 += ***  -> ***\n"
                            "other.cfg:3  hint = ${password}, again  -> ***, again\n"
                            "other.cfg:1  password = ***             -> ***\n"
                            "other.cfg:4  password = ***             -> ***\n"
                            "other.cfg:2  password_vm1 += ***        -> ***\n");
}

Test(explain, tells_of_all_keys_in_their_order)
{
    cr_expect_eq(call(command_explain, "tests.cfg|unix.tick"), 0);
    cr_assert_stdout_eq_str("tests.cfg:3   variants guest: - tick       -> tick\n"
                            "tests.cfg:1   mem = 32                     -> 32\n"
                            "tests.cfg:4   mem ~= 16                    -> 32  (unchanged)\n"
                            "tests.cfg:13  mem_max = 64                 -> 64\n"
                            "tests.cfg:10  mig_port = 0                 -> 0\n"
                            "tests.cfg:11  del mig_port                 -> (gone)\n"
                            "tests.cfg:14  type = migration_multi_host  -> migration_multi_host\n");
}

Test(explain, names_the_key_that_an_ending_belongs_to)
{
    cr_expect_eq(call(command_explain, "tests.cfg|1|mem_vm1"), 4);
    cr_assert_stderr_eq_str("vtmh: nothing sets 'mem_vm1' in the test 'tcp.(guest=tick)'; did you "
                            "mean 'mem'?\n");
}

Test(explain, names_the_nearest_key)
{
    cr_expect_eq(call(command_explain, "tests.cfg|1|tipe"), 4);
    cr_assert_stderr_eq_str("vtmh: nothing sets 'tipe' in the test 'tcp.(guest=tick)'; did you "
                            "mean 'type'?\n");
}

Test(explain, tells_the_default_of_what_nothing_sets_and_the_nearest_that_is_known)
{
    cr_expect_eq(call(command_explain, "tests.cfg|1|smp"), 4);
    cr_expect_eq(call(command_explain, "tests.cfg|1|uuid"), 4);
    cr_expect_eq(call(command_explain, "tests.cfg|1|enable_kmv"), 4);
    cr_assert_stderr_eq_str(
        "vtmh: nothing sets 'smp' in the test 'tcp.(guest=tick)'; its default is 1\n"
        "vtmh: nothing sets 'uuid' in the test 'tcp.(guest=tick)'; it has no default\n"
        "vtmh: nothing sets 'enable_kmv' in the test 'tcp.(guest=tick)'; did you mean "
        "'enable_kvm'?\n");
}

Test(explain, tells_which_filter_removed_a_test_and_names_the_nearest)
{
    cr_expect_eq(call(command_explain, "--no|tcp|tests.cfg|unix.(guest=jeos)|mem"), 0);
    cr_assert_stdout_eq_str("tests.cfg:12  jeos: no unix  -> removed it\n");
    cr_assert_stderr_eq_str("vtmh: there is no test 'unix.(guest=jeos)'; did you mean "
                            "'unix.(guest=tick)'?\n");
}

Test(explain, tells_that_defaults_and_not_filters_left_a_test_out)
{
    cr_expect_eq(call(command_explain, "-d|tests.cfg|unix.(guest=tick)"), 0);
    cr_assert_stdout_eq_str("no filter removed it: -d prefers another variant, or a join takes it "
                            "as a part\n");
}

Test(explain, fails_for_a_name_that_no_variants_make)
{
    cr_expect_eq(call(command_explain, "tests.cfg|unix.tock|mem"), 4);
    cr_assert_stdout_eq_str("");
    cr_assert_stderr_eq_str("vtmh: there is no test 'unix.tock'; did you mean 'unix.tick'?\n");
}

Test(explain, tells_the_filters_that_a_test_has_passed)
{
    cr_expect_eq(call(command_explain, "--filters|--only|jeos|tests.cfg|1"), 0);
    cr_assert_stdout_eq_str("<command line>:1  only jeos  -> passed\n");
}

Test(explain, asks_for_a_test)
{
    cr_expect_eq(call(command_explain, "tests.cfg"), 4);
    cr_assert_stderr_eq_str("vtmh: no test\n"
                            "usage: vtmh explain [options] FILE.cfg NAME|N [KEY]\n");
}

Test(explain, refuses_a_fourth_word)
{
    cr_expect_eq(call(command_explain, "tests.cfg|1|mem|smp"), 4);
    cr_assert_stderr_eq_str("vtmh: one key at most: \"smp\" is too much (quote a name with "
                            "blanks)\n");
}

Test(lint, is_content_with_a_good_file)
{
    cr_expect_eq(call(command_lint, "--no-kind|overridden|tests.cfg"), 0);
    cr_assert_stdout_eq_str("");
    cr_assert_stderr_eq_str("");
}

static const char faults[] = "mig_timout = 1\n"
                             "type = migration_multi_host\n"
                             "variants:\n"
                             "    - a:\n"
                             "\tsmp = 1\n"
                             "    - b:\n"
                             "no b, c\n";

Test(lint, tells_findings_in_the_order_of_their_places)
{
    write_file("other.cfg", faults);
    cr_expect_eq(call(command_lint, "other.cfg"), 1);
    cr_assert_stdout_eq_str(
        "other.cfg:1: warning: no test type knows mig_timout; did you mean mig_timeout?\n"
        "other.cfg:5: tab: there is a tab in this line; it counts as blanks up to a column that is "
        "a multiple of 8, also in a value\n"
        "other.cfg:6: unreachable: no test has the variant 'b'\n"
        "other.cfg:7: filter: 'c' matches nothing: there is no such variant\n");
}

Test(lint, leaves_out_kinds)
{
    write_file("other.cfg", faults);
    cr_expect_eq(call(command_lint, "--no-kind|warning,tab|--no-kind=unreachable|other.cfg"), 1);
    cr_assert_stdout_eq_str("other.cfg:7: filter: 'c' matches nothing: there is no such "
                            "variant\n");
}

Test(lint, is_content_if_what_there_is_is_not_wanted)
{
    write_file("other.cfg", faults);
    cr_expect_eq(call(command_lint, "--only-kind|join|other.cfg"), 0);
    cr_assert_stdout_eq_str("");
}

Test(lint, names_the_kinds_there_are)
{
    cr_expect_eq(call(command_lint, "--no-kind|tabs|tests.cfg"), 4);
    cr_assert_stderr_eq_str(
        "vtmh: --no-kind: \"tabs\" is not a kind of finding; there are tab, "
        "filter, unreachable, overridden, repeated-name, join, odd, empty, value, "
        "unsupported, warning, unknown\n");
}

static void write_library(void)
{
    write_file("library.cfg", "variants:\n  - a:\n      typo = 1\n  - b:\nnowhere: mem = 1\n");
    write_file("other.cfg", "include library.cfg\ninclude library.cfg\nno b\n");
}

Test(lint, leaves_out_what_a_library_has_for_others)
{
    write_library();
    cr_expect_eq(call(command_lint, "--no-kind|repeated-name|other.cfg"), 1);
    cr_assert_stdout_eq_str("library.cfg:3: unknown: no test type knows typo\n");
    cr_assert_stderr_eq_str("vtmh: other.cfg: left out 2 filters and variants of included files "
                            "that are not used here; --included tells them\n");
}

Test(lint, tells_all_of_a_library_when_asked_and_each_finding_once)
{
    write_library();
    cr_expect_eq(call(command_lint, "--included|--only-kind|filter|other.cfg"), 1);
    cr_assert_stdout_eq_str("library.cfg:5: filter: 'nowhere' matches nothing: there is no such "
                            "variant\n");
    cr_assert_stderr_eq_str("");
}

Test(lint, looks_at_all_files_although_one_cannot_be_read)
{
    write_file("other.cfg", "variants:\n  - a:\nno a\n");
    cr_expect_eq(call(command_lint, "missing.cfg|other.cfg"), 4);
    cr_assert_stdout_eq_str("other.cfg: empty: no test is left\n");
}

Test(lint, says_that_it_has_not_seen_all_tests)
{
    write_file("other.cfg", "variants:\n  - a:\n  - b:\n  - c:\n");
    cr_expect_eq(call(command_lint, "--max-tests|2|other.cfg"), 0);
    cr_assert_stderr_eq_str("vtmh: other.cfg: there are more tests than 2; variants in no test are "
                            "not told\n");
}

/* As run and --dry-run do. */
Test(lint, judges_the_tests)
{
    write_file("other.cfg", "type = migration_multi_host\nmig_sped_vm1 = 1\nread = 1\n"
                            "mine = ${read}\nvariants:\n  - a:\n      mig_protocol = tpc\n"
                            "  - b:\n      hugepages_total = /x\n      mine = 2\n");
    cr_expect_eq(call(command_lint, "other.cfg"), 1);
    cr_assert_stdout_eq_str(
        "other.cfg:2: warning: no test type knows mig_sped_vm1; did you mean mig_speed_vm1?\n"
        "other.cfg:3: unknown: no test type knows read\n"
        "other.cfg:4: unknown: no test type knows mine\n"
        "other.cfg:7: value: mig_protocol = tpc: no such value; did you mean tcp? (expected tcp, "
        "unix, exec, fd, file, rdma, x-rdma, managed)\n"
        "other.cfg: unsupported: hugepages_total = /x is not supported: guests' memory is not made "
        "of "
        "huge pages\n");
}

Test(lint, looks_only_at_the_names_of_a_part_of_others)
{
    write_file("other.cfg", "mem = lots\nstart_vm = never\nmig_sped = 1\n");
    cr_expect_eq(call(command_lint, "other.cfg"), 1);
    cr_assert_stdout_eq_str(
        "other.cfg:3: warning: no test type knows mig_sped; did you mean mig_speed?\n");
}
