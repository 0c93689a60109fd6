/* suffix and join. */
#include "cfg_help.h"

Test(cfg_suffix, alone_it_vanishes)
{
    expect_keys("a = 1\nsuffix _x\n", "a=1");
}

Test(cfg_suffix, keeps_apart_what_differs)
{
    expect_lines("variants:\n  - v:\n      a = 1\n      b = 1\n      suffix _v\na = 2\nb = 1\n",
                 "{\"a\":\"2\",\"a_v\":\"1\",\"b\":\"1\",\"dep\":[],\"name\":\"v\","
                 "\"shortname\":\"v\"}\n");
}

Test(cfg_suffix, the_one_applied_last_comes_first_in_the_end)
{
    expect_lines("variants:\n  - v:\n      variants:\n        - i:\n            a = 1\n"
                 "            suffix _i\n      suffix _v\na = 2\n",
                 "{\"a\":\"2\",\"a_v_i\":\"1\",\"dep\":[],\"name\":\"v.i\","
                 "\"shortname\":\"v.i\"}\n");
}

Test(cfg_suffix, takes_effect_at_the_end_of_its_block_the_last_one_wins)
{
    expect_lines("b = 0\nvariants:\n  - v:\n      suffix _x\n      suffix _y\n      a = 1\n"
                 "a = 2\nb = 3\n",
                 "{\"a\":\"2\",\"a_y\":\"1\",\"b\":\"3\",\"b_y\":\"0\",\"dep\":[],"
                 "\"name\":\"v\",\"shortname\":\"v\"}\n");
}

Test(cfg_suffix, of_an_included_file_ends_with_the_file)
{
    const struct cfg_help_file files[] = {
        {"top", "include f\na = 2\n", 0}, {"f", "suffix _f\na = 1\n", 0}, {NULL, NULL, 0}};
    g_autofree char *out = cfg_help_run(files, (struct cfg_options){0}, CFG_HELP_LINES, NULL);

    cr_assert_str_eq(out,
                     "{\"a\":\"2\",\"a_f\":\"1\",\"dep\":[],\"name\":\"\",\"shortname\":\"\"}\n");
}

Test(cfg_suffix, can_be_kept_always)
{
    cfg_help_expect("a = 1\nsuffix _x\n", (struct cfg_options){.keep_suffixes = true},
                    CFG_HELP_LINES,
                    "{\"a_x\":\"1\",\"dep\":[],\"name\":\"\",\"shortname\":\"\"}\n");
}

Test(cfg_suffix, references_see_the_final_names_and_del_the_glued_ones)
{
    expect_lines("variants:\n  - v:\n      a = 1\n      b = 5\n      suffix _v\na = 2\n"
                 "c = ${a_v}${a}${b}\ndel b_v\n",
                 "{\"a\":\"2\",\"a_v\":\"1\",\"c\":\"125\",\"dep\":[],\"name\":\"v\","
                 "\"shortname\":\"v\"}\n");
}

Test(cfg_join, combines_each_with_each)
{
    expect_lines("variants:\n  - a:\n      k = 1\n      x = a\n      suffix _a\n"
                 "  - b:\n      k = 2\n      y = b\n      suffix _b\njoin a b\n",
                 "{\"dep\":[],\"k_a\":\"1\",\"k_b\":\"2\",\"name\":\"a.b\",\"shortname\":\"a.b\","
                 "\"x\":\"a\",\"y\":\"b\"}\n");
    expect_names("variants:\n  - x:\n  - y:\nvariants:\n  - a:\n  - b:\njoin a\njoin b\n",
                 "a.x.b.x a.x.b.y a.y.b.x a.y.b.y");
}

Test(cfg_join, of_one_factor_is_only)
{
    expect_names("variants:\n  - a:\n  - b:\njoin b\n", "b");
    expect_names("variants:\n  - a:\n  - b:\njoin a c\n", "");
}

Test(cfg_join, common_beginnings_are_named_once)
{
    expect_names("variants:\n  - aa:\n  - ab:\nvariants:\n  - top:\njoin aa ab\n", "top.aa.ab");
    expect_names("variants:\n  - aa:\n  - ab:\nvariants n:\n  - top:\njoin aa ab\n",
                 "(n=top)(n=top).aa(n=top).ab");
}

Test(cfg_join, in_a_variant_multiplies_its_part)
{
    expect_names("variants:\n  - a:\n  - b:\nvariants:\n  - j:\n      join a b\n  - s:\n",
                 "j.a.b s.a s.b");
}

Test(cfg_join, with_itself_is_an_error)
{
    expect_error("variants:\n  - a:\njoin a a\n", CFG_ERROR_EXPAND, "top:3: ", "beginning");
}

Test(cfg_join, under_a_condition_fails_when_the_condition_holds)
{
    const char *text = "variants:\n  - a:\n  - b:\nvariants:\n  - x:\n  - y:\n";
    g_autofree char *met = g_strconcat(text, "x: join a b\n", NULL);
    g_autofree char *unmet = g_strconcat(text, "z: join a b\n", NULL);

    expect_error(met, CFG_ERROR_EXPAND, "top:7: ", "condition");
    expect_names(unmet, "x.a x.b y.a y.b");
}

Test(cfg_join, of_three_loses_what_the_reference_loses_unless_asked)
{
    const char *text = "variants:\n  - x:\n  - y:\nvariants:\n  - a:\n  - b:\n  - c:\njoin a b c\n";

    expect_names(text, "a.x.b.x.c.x a.x.b.x.c.y a.x.b.y.c.x a.x.b.y.c.y");
    cfg_help_expect(text, (struct cfg_options){.full_joins = true}, CFG_HELP_NAMES,
                    "a.x.b.x.c.x a.x.b.x.c.y a.x.b.y.c.x a.x.b.y.c.y "
                    "a.y.b.x.c.x a.y.b.x.c.y a.y.b.y.c.x a.y.b.y.c.y");
}
