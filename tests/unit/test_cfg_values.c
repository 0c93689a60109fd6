/* Assignments: operators, quotes, substitution, the ?-operators, _min and its kin. */
#include "cfg_help.h"

Test(cfg_values, quotes_are_taken_off_once)
{
    expect_keys("a = \"x\"\nb = 'y '\nc = \"'z'\"\nd = \"\ne = \"\"\nf = \"g'\nh = i\"j\"\n",
                "a=x|b=y |c='z'|d=|e=|f=\"g'|h=i\"j\"");
}

Test(cfg_values, operators_build_on_what_is_there)
{
    expect_keys("a = 1\na += 2\na <= 0\nb += x\nc <= y\nd ~= 5\nd ~= 6\ne =\ne ~= 7\n",
                "a=012|b=x|c=y|d=5|e=");
}

Test(cfg_values, reserved_keys_are_left_alone)
{
    expect_keys("name = x\nshortname += y\ndep <= z\n_name_map_file = 1\n.* ?= 2\na = ${name}\n",
                "a=");
}

Test(cfg_values, deletion_takes_a_name)
{
    expect_keys("a = 1\nb = 2\ndel a # gone\ndel never\na += 3\n", "b=2|a=3");
}

Test(cfg_values, references_are_replaced_when_the_line_takes_effect)
{
    expect_keys("a = 1\nb = <${a}>\na = 2\nc = ${a}${b}\n", "a=2|b=<1>|c=2<1>");
    expect_keys("a = ${a}2\na = ${a}3\n", "a=${a}23");
    expect_keys("x = 1\na = $x ${} ${x\n", "x=1|a=$x ${} ${x");
    expect_keys("x y = 1\na = ${x y}\n", "x y=1|a=1");
}

Test(cfg_values, the_first_undefined_reference_ends_substitution)
{
    expect_keys("a = 1\nb = ${a} ${nope} ${a}\n", "a=1|b=1 ${nope} ${a}");
}

Test(cfg_values, results_are_not_scanned_again)
{
    expect_keys("x = 1\na = $\nb = ${a}{x}\n", "x=1|a=$|b=${x}");
}

Test(cfg_values, names_can_be_referred_to)
{
    expect_lines("variants v:\n  - a: d1, d2\n      x = ${name}/${shortname}/${dep}/${v}\n",
                 "{\"dep\":[\"d1\",\"d2\"],\"name\":\"(v=a)\",\"shortname\":\"a\",\"v\":\"a\","
                 "\"x\":\"(v=a)/a/['d1', 'd2']/a\"}\n");
}

Test(cfg_values, expressions_match_whole_keys_that_exist)
{
    expect_keys("disk1 = a\ndisk2 = b\ndisk = c\nx = $\ndisk\\d ?= z\nno.* ?= y\n",
                "disk1=z|disk2=z|disk=c|x=$");
    expect_keys("ab = 1\nb = 1\nabc = 1\nx = $\nab|b ?+= 2\n", "ab=12|b=12|abc=12|x=$");
    expect_keys("ab = 1\nb = 1\nabc = 1\nx = $\n(ab|b) ?<= 0\n", "ab=01|b=01|abc=1|x=$");
}

Test(cfg_values, an_expression_that_is_a_key_of_the_run_sees_the_run_only)
{
    const char *seen = "xa = 1\nvariants:\n  - v:\n      x. = 2\n      x. ?= 9\n";
    const char *all = "xa = 1\nvariants:\n  - v:\n      x. = 2\n      del q\n      x. ?= 9\n";

    expect_lines(seen,
                 "{\"dep\":[],\"name\":\"v\",\"shortname\":\"v\",\"x.\":\"9\",\"xa\":\"1\"}\n");
    expect_lines(all,
                 "{\"dep\":[],\"name\":\"v\",\"shortname\":\"v\",\"x.\":\"9\",\"xa\":\"9\"}\n");
}

Test(cfg_values, bounds_apply_after_everything)
{
    expect_keys("speed_max = 10\n", "speed_max=10|speed=10");
    expect_keys("mem_min = 1G\nmem = 512\nmem_max = 4G\n", "mem_min=1G|mem=1G|mem_max=4G");
    expect_keys("n = 07\nn_max = 6\n", "n=6|n_max=6");
    expect_keys("n = -5\nn_min = -6\n", "n=-5|n_min=-6");
    expect_keys("n = 123456789012345678901\nn_max = 123456789012345678900\n",
                "n=123456789012345678900|n_max=123456789012345678900");
    expect_keys("a_max_b_max = 3\n", "a_max_b_max=3|a=3");
    expect_keys("m = 2\nm_fixed = x\n", "m=x|m_fixed=x");
}

Test(cfg_values, the_last_bound_wins_and_none_sees_the_others)
{
    expect_keys("n = 5\nn_max = 3\nn_min = 9\n", "n=9|n_max=3|n_min=9");
    expect_keys("n_min = 9\nn_max = 3\nn = 5\n", "n_min=9|n_max=3|n=3");
}

Test(cfg_values, bounds_need_numbers)
{
    expect_error("n = abc\nn_max = 3\n", CFG_ERROR_EXPAND, "top:1: ", "'abc'");
    expect_error("n = 1\n\nn_min =\n", CFG_ERROR_EXPAND, "top:3: ", "number");
    expect_keys("n_max =\n", "n_max=|n=");
}

Test(cfg_values, what_stands_last_wins)
{
    expect_lines("k = 0\nvariants:\n  - a:\n      k = 1\nvariants:\n  - b:\n      k += 2\n"
                 "j = ${k}\n",
                 "{\"dep\":[],\"j\":\"12\",\"k\":\"12\",\"name\":\"b.a\",\"shortname\":\"b.a\"}\n");
}

Test(cfg_values, a_plain_name_that_is_not_beside_the_file_is_included_from_the_library)
{
    const struct cfg_help_file files[] = {
        {"top", "include mine/all.cfg\n", 0},
        {"mine/all.cfg", "include own.cfg\ninclude lib.cfg\n", 0},
        {"mine/own.cfg", "a = mine\n", 0},
        {"library/own.cfg", "a = library\n", 0},
        {"library/lib.cfg", "b = library\n", 0},
        {NULL, NULL, 0},
    };
    g_autofree char *lines =
        cfg_help_run(files, (struct cfg_options){.library = "library"}, CFG_HELP_LINES, NULL);
    cr_assert_not_null(lines);
    cr_expect_not_null(strstr(lines, "\"a\":\"mine\""), "%s", lines);
    cr_expect_not_null(strstr(lines, "\"b\":\"library\""), "%s", lines);
}

Test(cfg_values, a_path_is_not_looked_for_in_the_library)
{
    const struct cfg_help_file files[] = {
        {"top", "include mine/all.cfg\n", 0},
        {"mine/all.cfg", "include d/lib.cfg\n", 0},
        {"library/d/lib.cfg", "b = library\n", 0},
        {NULL, NULL, 0},
    };
    g_autoptr(GError) err = NULL;
    cr_expect_null(
        cfg_help_run(files, (struct cfg_options){.library = "library"}, CFG_HELP_LINES, &err));
    cr_expect_not_null(strstr(err->message, "mine/d/lib.cfg"), "%s", err->message);
}
