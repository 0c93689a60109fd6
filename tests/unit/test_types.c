#include "orchestrator/command/types.h"
#include "orchestrator/command/types_form.h"
#include "orchestrator/command/types_pages.h"
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
    cr_assert_stdout_eq_str("disable_kvm: a parameter of the section VM\n"
                            "    yes means enable_kvm = no\n"
                            "    value          bool (yes or no; also on, off, true, false, 1, 0)\n"
                            "    default        no\n"
                            "    endings        VM, host\n"
                            "    hosts          it must say the same on all of them\n");
}

Test(types, shows_what_of_a_parameter_is_not_supported)
{
    cr_expect_eq(call("tpm_type"), 0);
    cr_expect_eq(call("nic_script"), 0);
    cr_assert_stdout_eq_str("tpm_type: a parameter of the section VM\n"
                            "    what is behind a TPM\n"
                            "    value          only emulator\n"
                            "    default        emulator\n"
                            "    endings        device, VM, host\n"
                            "    hosts          it must say the same on all of them\n"
                            "    not supported  passthrough (a device of the host cannot move)\n"
                            "nic_script: a parameter of the section network\n"
                            "    script that connects a tap device\n"
                            "    value          string (any text)\n"
                            "    default        -\n"
                            "    endings        card, VM, host\n"
                            "    not supported  vtmh makes taps and connects them itself\n");
}

Test(types, shows_the_family_of_a_name_that_is_no_other)
{
    cr_expect_eq(call("hugepages_total"), 0);
    cr_assert_stdout_eq_str("hugepage*: a parameter of the section not supported yet\n"
                            "    huge pages\n"
                            "    value          string (any text)\n"
                            "    default        -\n"
                            "    endings        VM, host\n"
                            "    accepted       no, off, 0\n"
                            "    not supported  guests' memory is not made of huge pages\n");
}

Test(types, writes_the_bounds_of_a_number_as_a_user_would)
{
    g_autofree char *mem = types_form(&(struct param_info){
        .kind = PARAM_SIZE, .unit = 1 << 20, .min = 1 << 20, .max = INT64_MAX});
    g_autofree char *wait =
        types_form(&(struct param_info){.kind = PARAM_DURATION, .min = 5, .max = 1000});
    g_autofree char *clock =
        types_form(&(struct param_info){.kind = PARAM_WORD,
                                        .values = (const char *const[]){"utc", "localtime", NULL},
                                        .word_rule = "a date"});

    cr_expect_str_eq(mem, "size in MiB, at least 1M");
    cr_expect_str_eq(wait, "duration, 5ms to 1000ms");
    cr_expect_str_eq(clock, "one of utc, localtime, or a date");
}

/* A cell with a '|' would be two. */
Test(types, keeps_the_columns_of_the_page_apart)
{
    g_autofree char *page = types_markdown();
    g_auto(GStrv) lines = g_strsplit(page, "\n", -1);
    unsigned bars = 0, rows = 0;

    for (char **line = lines; *line != NULL; line++) {
        unsigned here = 0;

        for (const char *c = *line; *c != '\0'; c++)
            here += *c == '|' && (c == *line || c[-1] != '\\');
        if (**line == '|' && bars != 0)
            cr_expect_eq(here, bars, "%s", *line);
        bars = **line == '|' ? here : 0;
        rows += **line == '|';
    }
    cr_expect_gt(rows, json_array_size(json_object_get(description(), "parameters")));
}

Test(types, refuses_two_forms_at_once)
{
    cr_redirect_stderr();
    cr_expect_eq(call("--json|--markdown"), 4);
    cr_expect_eq(call("--defaults|mem"), 4);
    cr_assert_stderr_eq_str("vtmh: --json, --markdown and --defaults exclude one another\n"
                            "vtmh: --markdown and --defaults print everything; leave out mem, or "
                            "the option\n");
}

Test(types, shows_a_parameter_that_is_asked_for_with_a_suffix)
{
    cr_expect_eq(call("--json|disable_kvm_vm1"), 0);
    cr_assert_stdout_eq_str("{\n \"care\": \"honoured\",\n \"default\": \"no\",\n"
                            " \"doc\": \"yes means enable_kvm = no\",\n"
                            " \"name\": \"disable_kvm\",\n"
                            " \"same_everywhere\": true,\n"
                            " \"scopes\": [\n  \"host\",\n  \"vm\"\n ],\n"
                            " \"section\": \"VM\",\n \"type\": \"bool\"\n}\n");
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
