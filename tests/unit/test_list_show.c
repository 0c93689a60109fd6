#include "orchestrator/command/list.h"
#include "orchestrator/command/show.h"

#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

static char *path; /* of the configuration */

static void write_configuration(void)
{
    static const char text[] = "mem = 32\n"
                               "variants:\n"
                               "    - tick:\n"
                               "        guest = tick\n"
                               "    - jeos:\n"
                               "        guest = jeos\n"
                               "variants:\n"
                               "    - @tcp:\n"
                               "        protocol = tcp\n"
                               "    - unix:\n"
                               "        protocol = unix\n";
    int fd = g_file_open_tmp("vtmh-list-XXXXXX", &path, NULL);

    cr_assert_geq(fd, 0);
    close(fd);
    cr_assert(g_file_set_contents(path, text, -1, NULL));
    cr_redirect_stdout();
    cr_redirect_stderr();
}

static void remove_configuration(void)
{
    g_unlink(path);
    g_free(path);
}

TestSuite(list_show, .init = write_configuration, .fini = remove_configuration);

/* Words are split at "|"; FILE is the configuration. */
static int call(int (*command)(int, char **), const char *line)
{
    g_auto(GStrv) words = g_strsplit(line, "|", -1);

    for (char **word = words; *word != NULL; word++)
        if (strcmp(*word, "FILE") == 0) {
            g_free(*word);
            *word = g_strdup(path);
        }
    return command((int)g_strv_length(words), words);
}

Test(list_show, lists_short_names)
{
    cr_expect_eq(call(command_list, "FILE"), 0);
    cr_assert_stdout_eq_str("tick\njeos\nunix.tick\nunix.jeos\n");
}

Test(list_show, lists_full_names)
{
    cr_expect_eq(call(command_list, "--fullname|FILE"), 0);
    cr_assert_stdout_eq_str("tcp.tick\ntcp.jeos\nunix.tick\nunix.jeos\n");
}

Test(list_show, counts_what_filters_leave)
{
    cr_expect_eq(call(command_list, "--count|FILE|--no|unix"), 0);
    cr_assert_stdout_eq_str("2\n");
}

Test(list_show, takes_lines_behind_the_file)
{
    cr_expect_eq(call(command_list, "FILE|only jeos|no tcp"), 0);
    cr_assert_stdout_eq_str("unix.jeos\n");
}

Test(list_show, lists_nothing_and_is_content_when_filters_leave_nothing)
{
    cr_expect_eq(call(command_list, "--only|nowhere|FILE"), 0);
    cr_assert_stdout_eq_str("");
}

Test(list_show, a_filter_that_leaves_nothing_is_told_with_the_nearest_variant)
{
    cr_expect_eq(call(command_list, "--only|tikc|FILE"), 0);
    cr_assert_stderr_eq_str("vtmh: --only tikc: there is no variant tikc; did you mean tick?\n");
}

Test(list_show, a_test_without_a_short_name_has_its_full_one)
{
    cr_assert(g_file_set_contents(path, "variants:\n    - @tcp:\n", -1, NULL));
    cr_expect_eq(call(command_list, "-d|FILE"), 0);
    cr_assert_stdout_eq_str("tcp\n");
}

Test(list_show, the_test_of_a_file_without_variants_is_called_as_the_file)
{
    g_autofree char *name = g_path_get_basename(path);
    g_autofree char *line = g_strconcat(name, "\n", NULL);

    cr_assert(g_file_set_contents(path, "mem = 32\n", -1, NULL));
    cr_expect_eq(call(command_list, "FILE"), 0);
    cr_expect_eq(call(command_list, "--fullname|FILE"), 0);
    g_autofree char *twice = g_strconcat(line, line, NULL);
    cr_assert_stdout_eq_str(twice);
}

Test(list_show, takes_one_file)
{
    cr_expect_eq(call(command_list, "FILE|other.cfg"), 4);
}

Test(list_show, shows_tests_as_canonical_lines)
{
    cr_expect_eq(call(command_show, "--format|jsonl|FILE|only jeos|-p|mem=64|--only|unix"), 0);
    cr_assert_stdout_eq_str("{\"dep\":[],\"guest\":\"jeos\",\"mem\":\"64\",\"name\":\"unix.jeos\","
                            "\"protocol\":\"unix\","
                            "\"shortname\":\"unix.jeos\"}\n");
}

Test(list_show, shows_one_test_as_text)
{
    cr_expect_eq(call(command_show, "--test|2|FILE"), 0);
    cr_assert_stdout_eq_str("   2  jeos\n"
                            "      guest = jeos\n"
                            "      mem = 32\n"
                            "      name = tcp.jeos\n"
                            "      protocol = tcp\n"
                            "      shortname = jeos\n");
}

Test(list_show, shows_no_secrets_as_text)
{
    cr_expect_eq(
        call(command_show, "--test|2|-p|password_vm1=hunter2|-p|mem=x${password_vm1}|FILE"), 0);
    cr_assert_stdout_eq_str("   2  jeos\n"
                            "      guest = jeos\n"
                            "      mem = x***\n"
                            "      name = tcp.jeos\n"
                            "      password_vm1 = ***\n"
                            "      protocol = tcp\n"
                            "      shortname = jeos\n");
}

Test(list_show, finds_a_test_by_its_name)
{
    cr_expect_eq(call(command_show, "--format=jsonl|--test|unix.tick|FILE"), 0);
    cr_assert_stdout_eq_str("{\"dep\":[],\"guest\":\"tick\",\"mem\":\"32\",\"name\":\"unix.tick\","
                            "\"protocol\":\"unix\","
                            "\"shortname\":\"unix.tick\"}\n");
}

Test(list_show, fails_for_a_test_that_is_not_there)
{
    cr_expect_eq(call(command_show, "--test|99|FILE"), 4);
    cr_assert_stdout_eq_str("");
}

Test(list_show, says_where_a_configuration_is_wrong)
{
    g_autofree char *place = g_strdup_printf("vtmh: %s:2:", path);
    g_auto(GStrv) lines = NULL;
    char text[4096];
    ssize_t size;

    cr_assert(g_file_set_contents(path, "a = 1\nvariants\n", -1, NULL));
    cr_expect_eq(call(command_list, "FILE"), 4);
    /* What is in the pipe: reading on would wait for our own end of it to be closed. */
    size = read(fileno(cr_get_redirected_stderr()), text, sizeof(text) - 1);
    cr_assert_gt(size, 0);
    text[size] = '\0';
    lines = g_strsplit(text, "\n", -1);
    cr_assert_geq(g_strv_length(lines), 3);
    cr_expect(g_str_has_prefix(lines[0], place), "%s", text);
    cr_expect(strstr(lines[1], "variants"), "%s", text);
    cr_expect(strchr(lines[2], '^'), "%s", text);
}

Test(list_show, knows_two_formats)
{
    cr_expect_eq(call(command_show, "--format|xml|FILE"), 4);
    cr_assert_stderr_eq_str("vtmh: --format: \"xml\" is not a format; there are text and jsonl\n");
}

/* Instead of the configuration above, which cannot be run. */
static void write_runnable(void)
{
    cr_assert(g_file_set_contents(path,
                                  "type = migration_multi_host\nvms = vm1 vm2\n"
                                  "variants:\n    - one:\n    - two:\n",
                                  -1, NULL));
}

Test(list_show, the_machine_of_a_vm_that_the_test_has_not_is_told_with_those_it_has)
{
    write_runnable();
    cr_expect_eq(call(command_show, "--machine|vm7|--test|1|FILE"), 4);
    cr_assert_stdout_eq_str("");
    cr_assert_stderr_eq_str("vtmh: --machine: the test has no VM \"vm7\"; it has vm1, vm2\n");
}

Test(list_show, a_machine_is_of_one_test)
{
    g_autofree char *expected =
        g_strdup_printf("vtmh: --machine is of one test, and %s has 2: pick one with --test NAME|N "
                        "('vtmh list %s' shows them)\n",
                        path, path);

    write_runnable();
    cr_expect_eq(call(command_show, "--machine|vm1|FILE"), 4);
    cr_assert_stderr_eq_str(expected);
}

Test(list_show, a_machine_without_a_node_program_is_no_mistake_of_the_configuration)
{
    write_runnable();
    g_setenv("VTMH_EXEC_PATH", "/nonexistent", TRUE);
    cr_expect_eq(call(command_show, "--machine|vm1|--test|1|FILE"), 2);
    cr_assert_stderr_eq_str("vtmh: /nonexistent/vtmh-node is missing: build all of vtmh "
                            "(cmake --build, or deploy/quickstart)\n");
}

Test(list_show, a_format_is_of_parameters_and_a_host_and_a_driver_of_a_machine)
{
    cr_expect_eq(call(command_show, "--machine|vm1|--format|text|FILE"), 4);
    cr_expect_eq(call(command_show, "--host|2|FILE"), 4);
    cr_expect_eq(call(command_show, "--driver|libvirt|FILE"), 4);
    cr_expect_eq(call(command_show, "--machine|vm1|--driver|xen|FILE"), 4);
    cr_assert_stderr_eq_str(
        "vtmh: --format is of parameters, and --machine has its own\n"
        "vtmh: --host is for --machine only\n"
        "vtmh: --driver is for --machine only\n"
        "vtmh: --driver: \"xen\" is not a driver; there are qemu and libvirt\n");
}

Test(list_show, asks_for_a_file)
{
    cr_expect_eq(call(command_list, "--count"), 4);
    cr_assert_stderr_eq_str("vtmh: no configuration file\n"
                            "usage: vtmh list [options] FILE.cfg [LINE…]\n");
}
