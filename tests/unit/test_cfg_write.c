/* A line is made from the line before; it must be as if it were made alone. */
#include "cfg/jsonl.h"
#include "cfg_help.h"

/* Compares each line with the one made from the parameters. Only every STEP-th test is written. */
static void expect_true_lines(const char *text, unsigned int step, bool keep_suffixes)
{
    g_autoptr(cfg) c = cfg_new(&(struct cfg_options){.keep_suffixes = keep_suffixes});
    g_autoptr(GError) err = NULL;
    unsigned int n = 0;
    int more;

    cr_assert_eq(cfg_parse_text(c, "top", text, &err), 0);
    while ((more = cfg_next(c, &err)) > 0) {
        g_autoptr(GString) line = g_string_new("before ");
        g_autoptr(GString) expected = g_string_new("before ");
        g_autoptr(params) p = NULL;

        if (n++ % step)
            continue;
        cr_assert_eq(cfg_test_jsonl(c, line, &err), 0);
        p = cfg_test_params(c, &err);
        jsonl_append_params(expected, p);
        cr_assert_str_eq(line->str, expected->str);
    }
    cr_assert_eq(more, 0);
    cr_assert_gt(n, 1);
}

static void expect_all_true(const char *text)
{
    for (unsigned int step = 1; step <= 3; step++) {
        expect_true_lines(text, step, false);
        expect_true_lines(text, step, true);
    }
}

Test(cfg_write, values_change_their_size_and_come_again)
{
    expect_all_true("a = 1\nz = end\nvariants:\n  - x:\n  - y:\n    m = long \"quoted\" text\n"
                    "  - v:\n    m =\nvariants:\n  - p:\n    b = 2\n  - q:\n    b = 22222\n");
}

Test(cfg_write, keys_come_and_go_at_both_ends_and_between)
{
    expect_all_true("m = 1\nvariants:\n  - none:\n  - first:\n    ! = 1\n    a = 1\n"
                    "  - last:\n    z = 1\n  - middle:\n    l = 1\n    n = 1\n  - all:\n"
                    "    a = 2\n    l = 2\n    n = 2\n    z = 2\n"
                    "variants:\n  - p:\n  - q:\n    del m\n  - r:\n    del m\n    m = 3\n");
}

Test(cfg_write, most_keys_go_at_once)
{
    g_autoptr(GString) text = g_string_new("variants:\n  - few:\n  - many:\n");

    for (unsigned int i = 0; i < 300; i++)
        g_string_append_printf(text, "    key%u = %u\n", i * 7919 % 300, i);
    g_string_append(text, "  - none:\n  - some:\n    key17 = x\n    key299 = x\n"
                          "variants:\n  - a:\n  - b:\n");
    expect_all_true(text->str);
}

Test(cfg_write, computed_values_are_never_taken_over)
{
    expect_all_true("variants:\n  - x:\n    a = 1\n  - y:\n    a = 2\n"
                    "b = ${a}${a}\nc = ${shortname}\na += +\nk <= ${b}\n.* ?+= !\n");
}

Test(cfg_write, one_value_serves_many_keys)
{
    expect_all_true("aa = 1\nab = ${aa}\nvariants:\n  - x:\n  - y:\n    a.* ?= \"same\"\n"
                    "variants:\n  - p:\n  - q:\n    ab = 2\n    a.* ?= other\n");
}

Test(cfg_write, suffixes_and_joins_rename_keys)
{
    expect_all_true("k = 0\nvariants:\n  - server:\n    role = a\n    suffix _srv\n"
                    "  - client:\n    role = b\n    j = ${k}\n    suffix _cli\n"
                    "  - plain:\n    role = c\nvariants:\n  - p:\n  - q:\n    k = 1\n");
    expect_all_true("variants:\n  - one:\n    k = 1\n    only_one = 1\n  - two:\n    k = 2\n"
                    "    suffix _2\nvariants:\n  - p:\n  - q:\n    w = 1\njoin one two\n");
}

Test(cfg_write, limits_change_values_behind_all_statements)
{
    expect_all_true(
        "mem = 512\nvariants:\n  - x:\n  - y:\n    mem_max = 256\n  - z:\n"
        "    mem_fixed = 7\n    new_fixed = 8\nvariants:\n  - p:\n  - q:\n    mem = 1\n");
}

Test(cfg_write, dependencies_change_with_the_name)
{
    expect_all_true("variants:\n  - x:\n  - y: x\n  - z: x, y\nvariants:\n  - p:\n  - q: p\n");
}

Test(cfg_write, a_line_after_going_back_is_the_same)
{
    g_autoptr(cfg) c = cfg_new(NULL);
    g_autoptr(GString) first = g_string_new(NULL);
    g_autoptr(GString) again = g_string_new(NULL);

    cr_assert_eq(
        cfg_parse_text(c, "top", "variants:\n  - x:\n    a = 1\n  - y:\n    b = 2\n", NULL), 0);
    cr_assert_eq(cfg_seek(c, "x", NULL), 0);
    cr_assert_eq(cfg_test_jsonl(c, first, NULL), 0);
    cr_assert_eq(cfg_seek(c, "y", NULL), 0);
    cr_assert_eq(cfg_test_jsonl(c, again, NULL), 0);
    g_string_truncate(again, 0);
    cr_assert_eq(cfg_seek(c, "x", NULL), 0);
    cr_assert_eq(cfg_test_jsonl(c, again, NULL), 0);
    cr_assert_str_eq(first->str, again->str);
    cr_assert_eq(cfg_test_jsonl(c, again, NULL), 0);
    cr_assert_eq(again->len, 2 * first->len);
}
