/* What a line is, and to which block it belongs. */
#include "cfg_help.h"

Test(cfg_lines, an_empty_text_is_one_test_without_name)
{
    expect_lines("", "{\"dep\":[],\"name\":\"\",\"shortname\":\"\"}\n");
    expect_lines("# nothing\n   // here\n\n", "{\"dep\":[],\"name\":\"\",\"shortname\":\"\"}\n");
}

Test(cfg_lines, comments_have_lines_of_their_own)
{
    expect_keys("a = 1 # not a comment\nurl = http://host\n",
                "a=1 # not a comment|url=http://host");
}

Test(cfg_lines, tabs_reach_to_multiples_of_eight_also_in_values)
{
    expect_keys("a = x\ty\nlonger = \tz\t\n", "a=x   y|longer=z");
    expect_keys("\xc3\xa4 = 1\t2\n", "\xc3\xa4=1   2");
    expect_names("variants:\n  - a:\n\tk = 1\n        j = 2\n  - b:\n", "a b");
}

Test(cfg_lines, all_line_ends_of_unicode_end_lines)
{
    expect_keys("a = 1\r\nb = 2\rc = 3\x0b"
                "d = 4\x0c"
                "e = 5\x1c"
                "f = 6\xc2\x85"
                "g = 7\xe2\x80\xa8"
                "h = 8\xe2\x80\xa9"
                "i = 9",
                "a=1|b=2|c=3|d=4|e=5|f=6|g=7|h=8|i=9");
}

Test(cfg_lines, a_byte_order_mark_is_part_of_the_first_word)
{
    expect_keys("\xef\xbb\xbf"
                "a = 1\n",
                "\xef\xbb\xbf"
                "a=1");
}

Test(cfg_lines, white_space_of_any_script_is_stripped)
{
    expect_keys("a\xc2\xa0=\xe3\x80\x80"
                "1\xe2\x80\x83\n",
                "a=1");
}

Test(cfg_lines, only_the_limit_of_a_block_counts_not_alignment)
{
    expect_keys("a = 1\n        b = 2\n   c = 3\n", "a=1|b=2|c=3");
    expect_names("variants:\n    - a:\n          x = 1\n      y = 2\n  - b:\n", "a b");
}

Test(cfg_lines, the_first_dash_may_stand_left_of_its_header)
{
    expect_names("  variants:\n - a:\n", "a");
    expect_names("variants:\n- a:\n", "a");
    expect_error("variants:\n- a:\n- b:\n", CFG_ERROR_SYNTAX, "top:3:1: ", "variant");
}

Test(cfg_lines, a_header_without_variants_has_no_effect)
{
    expect_names("variants:\n", "");
    expect_names("variants:\n  - a:\n      variants:\n  - b:\n", "a b");
}

Test(cfg_lines, keywords_need_their_blank)
{
    expect_keys("only=1\nno=2\nvariants=3\nonlyx = 4\nnofilter = 5\n",
                "only=1|no=2|variants=3|onlyx=4|nofilter=5");
    expect_error("only = 1\n", CFG_ERROR_SYNTAX, "top:1:6: ", "found '='");
    expect_error("only\n", CFG_ERROR_SYNTAX, "top:1:", "':' or an operator");
}

Test(cfg_lines, the_leftmost_operator_decides_what_is_key_and_value)
{
    expect_keys("a b = 1\nc = d = e\nf => g\nh == i\nj !=k\n[x] = (y)\n= empty\n",
                "a b=1|c=d = e|f=> g|h== i|j !=k|[x]=(y)|=empty");
    expect_keys("x = a:b\ny =z:w\n", "x=a:b|y=z:w");
    expect_error("x =:y\n", CFG_ERROR_SYNTAX, "top:1:", "':'");
}

Test(cfg_lines, an_include_has_a_block_of_its_own)
{
    const struct cfg_help_file files[] = {
        {"top", "variants:\n  - a:\n      include dir/one.cfg\n      z = 3\n  - b:\n", 0},
        {"dir/one.cfg", "x = 1\nvariants:\n- p:\n    include two.cfg\n", 0},
        {"dir/two.cfg", "y = 2\n", 0},
        {NULL, NULL, 0},
    };
    g_autofree char *out = cfg_help_run(files, (struct cfg_options){0}, CFG_HELP_LINES, NULL);

    cr_assert_str_eq(out, "{\"dep\":[],\"name\":\"a.p\",\"shortname\":\"a.p\",\"x\":\"1\","
                          "\"y\":\"2\",\"z\":\"3\"}\n"
                          "{\"dep\":[],\"name\":\"b\",\"shortname\":\"b\"}\n");
}

Test(cfg_lines, a_file_may_be_included_again_and_names_may_have_blanks)
{
    const struct cfg_help_file files[] = {
        {"top", "include a #1.cfg\nx += 2\ninclude a #1.cfg\n", 0},
        {"a #1.cfg", "x += 1\n", 0},
        {NULL, NULL, 0},
    };
    g_autofree char *out = cfg_help_run(files, (struct cfg_options){0}, CFG_HELP_LINES, NULL);

    cr_assert_str_eq(out, "{\"dep\":[],\"name\":\"\",\"shortname\":\"\",\"x\":\"121\"}\n");
}
