#include "orchestrator/lost_params.h"
#include "orchestrator/tests.h"

#include <criterion/criterion.h>

/* The sentences for the last test of a text, and values of -p that end with NULL. */
static GPtrArray *told(const char *text, const char *const *values)
{
    struct selection selection;
    g_autoptr(cfg) config = cfg_new(NULL);
    GPtrArray *sentences = NULL;

    selection_init(&selection);
    for (; *values != NULL; values++)
        cr_assert_eq(selection_take_param(*values, &selection, NULL), 0);
    cr_assert_eq(selection_take_no("never", &selection, NULL), 0);
    cr_assert_eq(cfg_parse_text(config, "t.cfg", text, NULL), 0);
    for (unsigned i = 0; i < selection.extra->len; i++)
        cr_assert_eq(
            cfg_parse_text(config, TESTS_COMMAND_LINE, g_ptr_array_index(selection.extra, i), NULL),
            0);
    while (cfg_next(config, NULL) > 0) {
        g_clear_pointer(&sentences, g_ptr_array_unref);
        sentences = lost_params(&selection, config);
    }
    cr_assert_not_null(sentences);
    selection_clear(&selection);
    return sentences;
}

#define TOLD(text, ...) told(text, (const char *const[]){__VA_ARGS__, NULL})

static void expect_one(const GPtrArray *sentences, const char *expected)
{
    cr_assert_eq(sentences->len, 1, "%u sentences", sentences->len);
    cr_assert_str_eq(g_ptr_array_index(sentences, 0), expected);
}

Test(lost_params, are_told_where_a_suffixed_key_takes_the_name)
{
    g_autoptr(GPtrArray) sentences = TOLD("variants:\n  - a:\n      mem = 48\n      suffix _vm1\n"
                                          "  - b:\n      mem = 64\n      suffix _vm2\njoin a b\n",
                                          "mem_vm1=32", "mem_vm2=64", "mem_vm3=8");

    expect_one(sentences, "-p mem_vm1 has no effect: its value comes from t.cfg:3 ('vtmh explain' "
                          "tells why)");
}

Test(lost_params, are_told_where_a_bound_changes_the_value)
{
    g_autoptr(GPtrArray) sentences =
        TOLD("variants:\n  - y:\n  - x:\n      mem_fixed = 48\n", "mem=32");

    expect_one(sentences,
               "-p mem has no effect: its value comes from t.cfg:4 ('vtmh explain' tells why)");
}

Test(lost_params, are_told_of_names_that_the_choices_make)
{
    g_autoptr(GPtrArray) sentences = TOLD("variants:\n  - a:\n", "shortname=x");

    expect_one(sentences, "-p shortname has no effect: the variants chosen make its value");
}

Test(lost_params, are_none_where_the_command_line_has_the_last_word)
{
    g_autoptr(GPtrArray) sentences =
        TOLD("variants:\n  - a:\n      mem = 48\n      mem_max = 64\nname2 = x\n", "mem=32",
             "note=\"quoted\"", "note2=${mem}", "mem=33", "vms=vm1");

    cr_assert_eq(sentences->len, 0, "%s", (char *)g_ptr_array_index(sentences, 0));
}
