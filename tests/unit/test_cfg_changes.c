#include "cfg/cfg.h"
#include "cfg_help.h"

static void write_change(const struct cfg_change *change, void *user)
{
    g_autofree char *key = g_strndup(change->key, change->key_size);
    g_autofree char *value =
        change->value != NULL ? g_strndup(change->value, change->value_size) : g_strdup("(gone)");

    g_string_append_printf(user, "%s=%s@%s:%u ", key, value,
                           change->file != NULL ? change->file : "-", change->line);
}

/* A line a test. */
static void expect(const char *text, const char *wanted)
{
    g_autoptr(cfg) c = cfg_new(NULL);
    g_autoptr(GString) out = g_string_new(NULL);

    cr_assert_eq(cfg_parse_text(c, "f", text, NULL), 0);
    while (cfg_next(c, NULL) > 0) {
        cr_assert_eq(cfg_test_changes(c, write_change, out, NULL), 0);
        g_string_append_c(out, '\n');
    }
    cr_expect_str_eq(out->str, wanted, "got:\n%swanted:\n%s", out->str, wanted);
}

Test(cfg_changes, the_first_test_is_all_new_and_the_next_tells_what_differs)
{
    expect(
        "a = 1\nb = 2\nvariants:\n  - x:\n      c = 3\n  - y:\n      a = 4\n  - z:\n      a = 4\n"
        "      del b\n",
        "a=1@f:1 b=2@f:2 c=3@f:5 \n"
        "a=4@f:7 c=(gone)@-:0 \n"
        "a=4@f:9 b=(gone)@-:0 \n");
}

Test(cfg_changes, an_equal_value_of_another_line_is_told_since_its_place_differs)
{
    expect("variants:\n  - x:\n      a = 1\n  - y:\n      a = 1\n", "a=1@f:3 \na=1@f:5 \n");
}

Test(cfg_changes, a_value_that_is_computed_is_told_each_time)
{
    expect("a = 1\nb = ${a}2\nvariants:\n  - x:\n  - y:\n", "a=1@f:1 b=12@f:2 \nb=12@f:2 \n");
}

Test(cfg_changes, nothing_is_told_where_nothing_differs_and_tests_may_be_left_out)
{
    g_autoptr(cfg) c = cfg_new(NULL);
    g_autoptr(GString) out = g_string_new(NULL);

    cr_assert_eq(cfg_parse_text(
                     c, "f", "variants:\n  - x:\n      a = 1\n  - y:\n  - z:\n      a = 1\n", NULL),
                 0);
    cr_assert_eq(cfg_next(c, NULL), 1);
    cr_assert_eq(cfg_test_changes(c, write_change, out, NULL), 0);
    cr_assert_eq(cfg_test_changes(c, write_change, out, NULL), 0);
    cr_assert_eq(cfg_next(c, NULL), 1);
    cr_assert_eq(cfg_next(c, NULL), 1);
    cr_assert_eq(cfg_test_changes(c, write_change, out, NULL), 0);
    cr_expect_str_eq(out->str, "a=1@f:3 a=1@f:6 ");
}

Test(cfg_changes, one_key_can_be_asked_for)
{
    g_autoptr(cfg) c = cfg_new(NULL);
    struct cfg_change value;

    cr_assert_eq(cfg_parse_text(c, "v.cfg", "a = 12\nb = ${a}3\ndel a\n", NULL), 0);
    cr_assert_eq(cfg_next(c, NULL), 1);
    cr_assert_eq(cfg_test_value(c, "b", &value, NULL), 0);
    cr_assert_eq(value.value_size, 3);
    cr_assert_arr_eq(value.value, "123", 3);
    cr_assert_str_eq(value.file, "v.cfg");
    cr_assert_eq(value.line, 2);
    cr_assert_eq(cfg_test_value(c, "a", &value, NULL), 0);
    cr_assert_null(value.value);
    cr_assert_eq(cfg_test_value(c, "nobody", &value, NULL), 0);
    cr_assert_null(value.value);
}
