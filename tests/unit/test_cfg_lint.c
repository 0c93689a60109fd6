#include "cfg/lint.h"
#include "cfg/nearest.h"
#include "cfg_help.h"

static void write_finding(const struct cfg_lint_finding *f, void *user)
{
    g_string_append_printf(user, "%s %s:%u %s\n", cfg_lint_kind_name(f->kind),
                           f->file ? f->file : "-", f->line, f->message);
}

/* STATUS is what cfg_lint() must return. */
static char *lint(const char *text, uint64_t max_tests, int status)
{
    g_autoptr(cfg) c = cfg_new(NULL);
    g_autoptr(GString) out = g_string_new(NULL);
    g_autoptr(GError) err = NULL;

    cr_assert_eq(cfg_parse_text(c, "l", text, &err), 0, "%s", err ? err->message : "");
    cr_assert_eq(cfg_lint(c, max_tests, write_finding, out, &err), status);
    return g_string_free(g_steal_pointer(&out), FALSE);
}

static void expect_findings(const char *text, const char *expected)
{
    g_autofree char *found = lint(text, 0, 0);

    cr_assert_str_eq(found, expected, "got:\n%swanted:\n%s--- of:\n%s", found, expected, text);
}

Test(cfg_lint, is_content_with_a_good_configuration)
{
    expect_findings("mem = 1\nvariants guest:\n  - a:\n      mem = 2\n  - b:\n      only b\n"
                    "a: mem_vm1 = ${mem}\n",
                    "");
}

Test(cfg_lint, finds_tabs)
{
    expect_findings("a = 1\t\nb\t= 2\n",
                    "tab l:2 there is a tab in this line; it counts as blanks up to a column that "
                    "is a multiple of 8, also in a value\n");
}

Test(cfg_lint, finds_words_that_match_nothing)
{
    expect_findings("variants v:\n  - a:\n  - b:\nno c, (v=a)..d\nno (w=a)\nx: k = 1\n",
                    "filter l:4 'c' matches nothing: there is no such variant\n"
                    "filter l:4 '(v=a)..d' matches nothing: there is no such variant\n"
                    "filter l:5 '(w=a)' matches nothing: there is no such variant\n"
                    "filter l:6 'x' matches nothing: there is no such variant\n");
}

Test(cfg_lint, finds_variants_in_no_test_but_not_those_left_out_on_purpose)
{
    expect_findings("variants:\n  - a:\n      only y\n  - b:\n  - c:\n      only a\n"
                    "variants:\n  - x:\n  - z:\n      variants:\n        - z1:\n"
                    "only x\nonly b, c, a\nno never\n",
                    "filter l:3 'y' matches nothing: there is no such variant\n"
                    "filter l:14 'never' matches nothing: there is no such variant\n"
                    "unreachable l:2 no test can have the variant 'a': nothing that goes with it "
                    "matches its own 'only y'\n"
                    "unreachable l:5 no test can have the variant 'c': nothing that goes with it "
                    "matches its own 'only a'\n");
}

Test(cfg_lint, finds_variants_that_filters_elsewhere_remove)
{
    expect_findings("variants:\n  - a:\n  - b:\nvariants:\n  - x:\n      no a\n",
                    "unreachable l:2 no test has the variant 'a'\n");
}

Test(cfg_lint, finds_values_that_nobody_sees)
{
    expect_findings("a = 1\nb = ${a}\na = 2\na = 3\nc = 1\nc += 2\nc = 4\nd = 1\nx.* ?= 3\nd = 2\n",
                    "overridden l:3 'a' gets another value in line 4 before anything uses this "
                    "one\n");
    expect_findings("variants v:\n  - a:\n      v = b\n", "");
}

Test(cfg_lint, finds_values_whose_name_a_suffixed_key_takes)
{
    static const char *const format =
        "variants:\n  - web:\n      p = 1\n      suffix _web\n  - db:\n      p = 2\n"
        "      suffix _db\njoin web db\n%s";
    g_autofree char *lost = g_strdup_printf(format, "p_web = 3\np_db = 2\n");
    g_autofree char *seen = g_strdup_printf(format, "p_web2 = 3\n");

    expect_findings(lost,
                    "overridden l:9 this value of 'p_web' has no effect in test 1: 'p' with the "
                    "suffix '_web' takes the name in the end\n");
    expect_findings(seen, "");
}

Test(cfg_lint, finds_repeated_names)
{
    expect_findings("variants:\n  - a:\n  - a:\n  - b:\n",
                    "repeated-name -:0 test 2 has the name of an earlier one: a\n");
}

Test(cfg_lint, finds_joins_that_lose_combinations)
{
    expect_findings("variants:\n  - a:\n  - b:\n  - c:\njoin a b c\n",
                    "join l:5 a join of 3 factors loses combinations, as it does in the "
                    "reference\n");
}

Test(cfg_lint, finds_a_join_with_nothing_above_it)
{
    expect_findings("join a b\nvariants:\n  - a:\n  - b:\n",
                    "join l:1 a join combines variants that stand above it, and there are none: it "
                    "leaves no test\n"
                    "empty -:0 no test is left\n");
    expect_findings("variants:\n  - a:\n  - b:\nvariants:\n  - v:\n      join a b\n", "");
}

Test(cfg_lint, finds_a_join_above_another_one)
{
    expect_findings("variants:\n  - a:\n  - b:\njoin a b\nvariants:\n  - c:\n  - d:\njoin c d\n",
                    "join l:8 another join stands above this one: tests that go through both lose "
                    "combinations, as they do in the reference\n");
}

Test(cfg_lint, finds_two_variants_of_a_block_that_no_join_speaks_of)
{
    static const char pair[] = "variants:\n  - a:\n  - b:\n";
    static const char speeds[] = "variants:\n  - slow:\n  - fast:\n";
    g_autofree char *below = g_strconcat(pair, speeds, "join a b\n", NULL);
    g_autofree char *above = g_strconcat(pair, "join a b\n", speeds, NULL);

    expect_findings(below,
                    "join l:4 test 2 has two variants of this block, 'slow' and 'fast': a join "
                    "below it combines them; it does not if it stands above this block\n");
    expect_findings(above, "");
}

Test(cfg_lint, finds_what_can_hardly_be_meant_as_it_is_read)
{
    expect_findings("variants @speed:\n  - fast+safe:\n  - slow:\nonly fast slow ..\n",
                    "odd l:1 this block of variants gets the name '@'; a name should be letters, "
                    "digits, '_' and '-', without quotes\n"
                    "odd l:2 the name 'fast+safe' is read with a dot between its parts\n"
                    "odd l:4 dots without a name, '.', say nothing\n");
    expect_findings("variants \"speed\":\n  - a:\n",
                    "odd l:1 this block of variants gets the name 'speed'; a name should be "
                    "letters, digits, '_' and '-', without quotes\n");
}

Test(cfg_lint, finds_that_nothing_is_left)
{
    expect_findings("variants:\n  - a:\nno a\n", "empty -:0 no test is left\n");
}

Test(cfg_lint, says_nothing_about_variants_if_it_has_not_seen_all_tests)
{
    static const char text[] = "variants:\n  - a:\n  - b:\n  - c:\n      only x\n";
    g_autofree char *some = lint(text, 1, 1);
    g_autofree char *all = lint(text, 2, 0);

    cr_assert_null(strstr(some, "unreachable"), "%s", some);
    cr_assert_not_null(strstr(all, "unreachable"), "%s", all);
}

Test(cfg_lint, distances_count_single_changes)
{
    cr_assert_eq(nearest_distance("abc", "abc", 3), 0);
    cr_assert_eq(nearest_distance("abc", "acb", 3), 1);
    cr_assert_eq(nearest_distance("abc", "ab", 3), 1);
    cr_assert_eq(nearest_distance("abc", "xbcd", 3), 2);
    cr_assert_eq(nearest_distance("abc", "xyz", 1), 2);
    cr_assert_null(nearest_find("abc", (const char *const[]){"xyz", NULL}));
}

Test(cfg_lint, labels_are_counted_between_what_names_have_in_common)
{
    cr_assert_eq(nearest_labels("a.b.c", "a.b.c"), 0);
    cr_assert_eq(nearest_labels("a.b.c", "a.x.c"), 1);
    cr_assert_eq(nearest_labels("a.b", "a.b.c"), 1);
    cr_assert_eq(nearest_labels("b.c", "a.b.c"), 1);
    cr_assert_eq(nearest_labels("a.b.c.d", "x.b.c.y"), 4);
}
