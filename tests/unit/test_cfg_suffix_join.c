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

Test(cfg_join, combines_only_the_blocks_above_it_once_for_each_choice_below)
{
    expect_names("variants:\n  - web:\n  - db:\njoin web db\nvariants:\n  - cold:\n  - warm:\n",
                 "cold.web.db warm.web.db");
    expect_names("variants:\n  - k7:\n  - k8:\nvariants:\n  - web:\n  - db:\njoin db web\n"
                 "variants n:\n  - cold:\n",
                 "(n=cold)(n=cold).db.k7(n=cold).web.k7 (n=cold)(n=cold).db.k7(n=cold).web.k8 "
                 "(n=cold)(n=cold).db.k8(n=cold).web.k7 (n=cold)(n=cold).db.k8(n=cold).web.k8");
}

Test(cfg_join, in_front_of_all_variants_leaves_nothing)
{
    expect_names("join web db\nvariants:\n  - web:\n  - db:\nvariants:\n  - cold:\n", "");
}

Test(cfg_join, of_one_factor_is_only_wherever_it_stands)
{
    expect_names("join db\nvariants:\n  - web:\n  - db:\nvariants:\n  - cold:\n", "cold.db");
    expect_names("variants:\n  - web:\n  - db:\njoin cold\nvariants:\n  - cold:\n  - warm:\n",
                 "cold.web cold.db");
}

Test(cfg_join, between_variants_leaves_each_place_its_own_join)
{
    /* Words of one place are one join, also around a header without variants. */
    expect_names("variants:\n  - a:\n  - b:\njoin a\nk = 1\njoin b\nvariants:\n  - x:\n", "x.a.b");
    expect_names("variants:\n  - o:\n      variants:\n        - a:\n        - b:\n      join a\n"
                 "      variants:\njoin b\n",
                 "");
}

Test(cfg_join, inside_a_variant_stands_between_the_blocks_of_that_variant)
{
    expect_names("variants:\n  - low:\n  - high:\n"
                 "variants:\n  - pair:\n      join low high\n      variants:\n        - i1:\n"
                 "        - i2:\n  - alone:\n",
                 "pair.i1.low.high pair.i2.low.high alone.low alone.high");
}

Test(cfg_join, applies_what_stands_below_to_each_factor)
{
    expect_lines(
        "variants:\n  - web:\n      p = 80\n      suffix _w\n  - db:\n      p = 5432\n"
        "      suffix _d\njoin web db\nvariants:\n  - cold:\n      url = h:${p}\n"
        "web: seen = web\ncold: t = 1\n",
        "{\"dep\":[],\"name\":\"cold.web.db\",\"p_d\":\"5432\",\"p_w\":\"80\",\"seen\":\"web\","
        "\"shortname\":\"cold.web.db\",\"t\":\"1\",\"url\":\"h:5432\"}\n");
    /* A filter below is one of each factor too. */
    expect_names("variants:\n  - web:\n  - db:\njoin web db\nvariants:\n  - cold:\nonly web\n", "");
}

Test(cfg_join, goes_on_through_the_texts_that_follow)
{
    g_autoptr(cfg) c = cfg_new(NULL);

    cr_assert_eq(cfg_parse_text(c, NULL, "variants:\n  - a:\n  - b:\njoin a\n", NULL), 0);
    cr_assert_eq(cfg_parse_text(c, NULL, "join b\n", NULL), 0);
    cr_assert_eq(cfg_parse_text(c, NULL, "variants:\n  - x:\n", NULL), 0);
    cr_assert_eq(cfg_next(c, NULL), 1);
    cr_assert_str_eq(cfg_test_name(c), "x.a.b");
    cr_assert_eq(cfg_next(c, NULL), 0);
}

Test(cfg_join, above_another_one_loses_what_the_reference_loses_unless_asked)
{
    static const char text[] = "variants:\n  - web:\n  - db:\njoin web db\n"
                               "variants:\n  - cold:\n  - warm:\njoin cold warm\n";

    expect_names(text, "cold.web.db.warm.db");
    cfg_help_expect(text, (struct cfg_options){.full_joins = true}, CFG_HELP_NAMES,
                    "cold.web.db.warm.web.db");
}

Test(cfg_join, can_be_left_and_begun_again)
{
    g_autoptr(cfg) c = cfg_new(NULL);

    cr_assert_eq(cfg_parse_text(c, NULL,
                                "variants:\n  - web:\n  - db:\n  - web:\njoin web db\n"
                                "variants:\n  - cold:\n  - warm:\njoin cold warm\n",
                                NULL),
                 0);
    for (int i = 0; i < 3; i++) {
        cr_assert_eq(cfg_next(c, NULL), 1);
        cr_assert_str_eq(cfg_test_name(c), "cold.web.db.warm.db");
        cfg_rewind(c);
    }
}
