#include "orchestrator/command/types.h"
#include "orchestrator/description.h"

#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <glib.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

TestSuite(types, .init = cr_redirect_stdout);

/* Words are split at "|". */
static int call(const char *line)
{
    g_auto(GStrv) words = g_strsplit(line, "|", -1);

    return command_types((int)g_strv_length(words), words);
}

Test(types, aligns_the_columns_by_the_widest_cell)
{
    json_t *root = json_loads(
        "{\"types\": [{\"type\": \"a\", \"summary\": \"short\"},"
        "             {\"type\": \"longer\", \"summary\": \"long\"}],"
        " \"parameters\": ["
        "  {\"name\": \"mem\", \"type\": \"size\", \"default\": \"256\", \"section\": \"machine\","
        "   \"doc\": \"memory\"},"
        "  {\"name\": \"uuid\", \"type\": \"string\", \"default\": null, \"section\": \"machine\","
        "   \"doc\": \"identity\"},"
        "  {\"name\": \"nics\", \"type\": \"list\", \"default\": \"\", \"section\": \"network\","
        "   \"doc\": \"adapters\"}]}",
        0, NULL);
    g_autofree char *text = types_text(root);

    cr_assert_str_eq(text, "test types\n"
                           "  a       short\n"
                           "  longer  long\n"
                           "\n"
                           "parameters: machine\n"
                           "  mem   size    256  memory\n"
                           "  uuid  string  -    identity\n"
                           "\n"
                           "parameters: network\n"
                           "  nics  list    \"\"   adapters\n");
    json_decref(root);
}

Test(types, does_not_widen_the_column_for_one_long_default)
{
    json_t *root = json_loads(
        "{\"types\": [], \"parameters\": ["
        "  {\"name\": \"a\", \"type\": \"int\", \"default\": \"123456789 123456789 123456789\","
        "   \"section\": \"s\", \"doc\": \"long\"},"
        "  {\"name\": \"b\", \"type\": \"int\", \"default\": \"1\", \"section\": \"s\","
        "   \"doc\": \"short\"}]}",
        0, NULL);
    g_autofree char *text = types_text(root);

    cr_assert_not_null(strstr(text, "  b  int  1                     short\n"), "%s", text);
    json_decref(root);
}

Test(types, names_every_type_and_parameter_of_the_nodes)
{
    g_autofree char *text = types_text(description());
    size_t i;
    const json_t *row;

    json_array_foreach (json_object_get(description(), "types"), i, row)
        cr_expect_not_null(strstr(text, json_string_value(json_object_get(row, "summary"))));
    json_array_foreach (json_object_get(description(), "parameters"), i, row)
        cr_expect_not_null(strstr(text, json_string_value(json_object_get(row, "doc"))));
    cr_assert_gt(i, 0);
}

Test(types, shows_one_type)
{
    cr_expect_eq(call("migration_multi_host"), 0);
    cr_assert_stdout_eq_str(
        "migration_multi_host: a test type\n"
        "    one migration from the first host to the second, with work going on in the guest\n");
}

Test(types, shows_one_parameter_with_what_may_be_written)
{
    cr_expect_eq(call("disable_kvm"), 0);
    cr_assert_stdout_eq_str("disable_kvm: a parameter of the section machine\n"
                            "    yes means enable_kvm = no\n"
                            "    type     bool: yes or no\n"
                            "    default  no\n");
}

Test(types, shows_a_parameter_that_is_asked_for_with_a_suffix)
{
    cr_expect_eq(call("--json|extra_params_vm1"), 0);
    cr_assert_stdout_eq_str("{\n \"care\": \"honoured\",\n \"default\": null,\n"
                            " \"doc\": \"appended to the command line, split as a shell would\",\n"
                            " \"name\": \"extra_params\",\n"
                            " \"scopes\": [\n  \"host\",\n  \"vm\"\n ],\n"
                            " \"section\": \"machine\",\n \"type\": \"string\"\n}\n");
}

Test(types, names_the_nearest_when_a_name_is_unknown)
{
    cr_redirect_stderr();
    cr_expect_eq(call("mig_protocl"), 4);
    cr_assert_stderr_eq_str(
        "vtmh: no test type or parameter \"mig_protocl\"; did you mean mig_protocol?\n");
}

Test(types, takes_one_name_only)
{
    cr_redirect_stderr();
    cr_expect_eq(call("mem|smp"), 4);
    cr_assert_stderr_eq_str("vtmh: one name only: mem or smp\n");
}

/* It is more than a pipe holds. */
Test(types, prints_the_description_as_it_is)
{
    g_autofree char *path = NULL;
    int file = g_file_open_tmp("test_types-XXXXXX", &path, NULL);
    json_t *printed;

    cr_assert_geq(file, 0);
    cr_assert_geq(dup2(file, STDOUT_FILENO), 0);
    cr_expect_eq(call("--json"), 0);
    cr_expect_eq(fflush(stdout), 0);
    printed = json_load_file(path, 0, NULL);
    close(file);
    unlink(path);
    cr_assert_not_null(printed);
    cr_expect(json_equal(printed, (json_t *)description()));
    json_decref(printed);
}
