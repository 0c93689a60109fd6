/* The product: order, names, dependencies, defaults. */
#include "cfg_help.h"

static const char two_blocks[] = "variants:\n  - a:\n  - b:\nvariants:\n  - x:\n  - y:\n";

Test(cfg_variants, the_last_block_is_the_outermost_loop)
{
    expect_names(two_blocks, "x.a x.b y.a y.b");
}

Test(cfg_variants, inner_blocks_come_before_earlier_ones)
{
    expect_names("variants:\n  - a:\n  - b:\n"
                 "variants:\n  - x:\n      variants:\n        - p:\n        - q:\n"
                 "      variants:\n        - r:\n  - y:\n",
                 "x.r.p.a x.r.p.b x.r.q.a x.r.q.b y.a y.b");
}

Test(cfg_variants, a_named_block_names_its_labels_and_sets_a_parameter)
{
    expect_lines("variants guest:\n  - one.two:\n      g = ${guest}\n",
                 "{\"dep\":[],\"g\":\"one.two\",\"guest\":\"one.two\","
                 "\"name\":\"(guest=one).(guest=two)\",\"shortname\":\"one.two\"}\n");
    expect_lines("variants name:\n  - a:\n",
                 "{\"dep\":[],\"name\":\"(name=a)\",\"shortname\":\"a\"}\n");
    expect_lines("variants v:\n  - a:\n      v = b\n",
                 "{\"dep\":[],\"name\":\"(v=a)\",\"shortname\":\"a\",\"v\":\"b\"}\n");
}

Test(cfg_variants, hidden_ones_are_not_in_the_short_name)
{
    const char *text = "variants:\n  - @a:\n  - b:\n  - @:\nvariants [default=x]:\n  - x:\n";

    expect_names(text, "x.a x.b x");
    cfg_help_expect(text, (struct cfg_options){0}, CFG_HELP_SHORTNAMES, " b ");
}

Test(cfg_variants, extra_dots_in_a_name_are_dropped)
{
    expect_names("variants:\n  - a..b.:\n  - @.c:\n", "a.b c");
}

Test(cfg_variants, names_may_repeat_and_have_any_letters)
{
    expect_names("variants:\n  - a:\n  - a:\n  - \xc3\xa4-_9:\n  - -x:\n", "a a \xc3\xa4-_9 -x");
}

Test(cfg_variants, dependencies_are_prefixed_with_the_way_so_far)
{
    expect_lines("variants:\n  - a: one..two, (v=three)\nvariants:\n  - x: y\n",
                 "{\"dep\":[\"y\",\"x.one\",\"x.two\",\"x.(v=three)\"],\"name\":\"x.a\","
                 "\"shortname\":\"x.a\"}\n");
}

Test(cfg_variants, other_brackets_say_nothing)
{
    expect_names("variants v [a] [b=c d , e]:  # x\n  - q:\n", "(v=q)");
}

static void expect_defaults(const char *text, const char *const *expand, const char *expected)
{
    cfg_help_expect(text, (struct cfg_options){.defaults = true, .expand = expand}, CFG_HELP_NAMES,
                    expected);
}

Test(cfg_variants, defaults_stand_for_their_block)
{
    expect_defaults("variants:\n  - a:\n  - @b:\n  - @c:\nvariants:\n  - x:\n  - y:\n", NULL,
                    "x.b y.b");
    expect_defaults("variants v [default=b]:\n  - a:\n  - b:\n", NULL, "(v=b)");
}

Test(cfg_variants, a_default_agrees_up_to_the_shorter_name)
{
    expect_defaults("variants [default=a]:\n  - b:\n  - a.c:\n  - a:\n", NULL, "a.c");
    expect_defaults("variants [default=a.b]:\n  - b:\n  - a:\n  - a.b:\n", NULL, "a");
}

Test(cfg_variants, without_their_default_the_others_come_where_they_can)
{
    expect_defaults("variants:\n  - a:\n  - @b:\n  - c:\nvariants:\n  - x:\n      no b\n  - y:\n",
                    NULL, "x.a x.c y.b");
}

Test(cfg_variants, named_blocks_can_be_expanded_all_the_same)
{
    const char *v[] = {"v", NULL};
    const char *vw[] = {"v", "w", NULL};
    const char *text = "variants v:\n  - a:\n  - @b:\nvariants w:\n  - x:\n  - @y:\n";

    expect_defaults(text, v, "(w=y).(v=a) (w=y).(v=b)");
    expect_defaults(text, vw, "(w=x).(v=a) (w=x).(v=b) (w=y).(v=a) (w=y).(v=b)");
    cfg_help_expect(text, (struct cfg_options){.expand = v}, CFG_HELP_NAMES,
                    "(w=x).(v=a) (w=x).(v=b) (w=y).(v=a) (w=y).(v=b)");
}

Test(cfg_variants, the_last_block_in_an_expanded_one_comes_default_first)
{
    const char *v[] = {"v", NULL};

    expect_defaults("variants v:\n  - a:\n      variants:\n        - p:\n        - @q:\n"
                    "        - r:\n",
                    v, "(v=a).q (v=a).p (v=a).r");
}

Test(cfg_variants, take_the_first_token_of_the_header_for_their_name)
{
    expect_lines("variants @disk:\n  - ide:\n  - scsi:\nonly (@=scsi)\n",
                 "{\"@\":\"scsi\",\"dep\":[],\"name\":\"(@=scsi)\",\"shortname\":\"scsi\"}\n");
    expect_lines("variants ! disk [default=ide] : # which\n  - ide:\n",
                 "{\"!\":\"ide\",\"dep\":[],\"name\":\"(!=ide)\",\"shortname\":\"\"}\n");
    expect_lines("variants .:\n  - ide:\n",
                 "{\".\":\"ide\",\"dep\":[],\"name\":\"(.=ide)\",\"shortname\":\"ide\"}\n");
    expect_lines(
        "variants \"my disk\":\n  - ide:\n",
        "{\"dep\":[],\"my disk\":\"ide\",\"name\":\"(my disk=ide)\",\"shortname\":\"ide\"}\n");
    expect_names("variants \"disk\" [default=ide]:\n  - ide:\nonly (disk=ide)\n", "(disk=ide)");
    expect_names("variants \"dis\"k:\n  - ide:\n", "(dis=ide)");
    expect_names("variants \"\":\n  - ide:\n", "ide");
    expect_error("variants \"disk:\n  - ide:\n", CFG_ERROR_SYNTAX, "top:1:10: ", "quote");
    expect_error("variants @disk two:\n  - ide:\n", CFG_ERROR_SYNTAX, "top:1:16: ", "'[' or ':'");
    expect_error("variants @disk\n  - ide:\n", CFG_ERROR_SYNTAX, "top:1:15: ", "end of the line");
}

Test(cfg_variants, with_a_character_that_only_separates_in_their_name_have_two_labels)
{
    expect_lines("variants v:\n  - e1000~rtl+x:\n  - b?:\nonly rtl\n",
                 "{\"dep\":[],\"name\":\"(v=e1000).(v=rtl).(v=x)\",\"shortname\":\"e1000.rtl.x\","
                 "\"v\":\"e1000.rtl.x\"}\n");
    expect_names("variants [default=a<b]:\n  - c:\n  - a<b:\n", "c a.b");
    expect_error("variants:\n  - a+=b:\n", CFG_ERROR_SYNTAX, "top:2:6: ", "'+='");
    expect_error("variants:\n  - a\"b\":\n", CFG_ERROR_SYNTAX, "top:2:6: ", "'b'");
}

#define GUESTS                                                                                     \
    "variants guest [choice]:\n  - a:\n  - b:\n  - L:\n      guest = a\n      variants:\n"         \
    "        - one:\n        - two:\n"

Test(cfg_variants, a_line_outside_of_blocks_chooses_and_takes_the_place_of_filters_above)
{
    expect_names(GUESTS "guest = b\n", "(guest=b)");
    expect_names(GUESTS "only a\nguest = b\n", "(guest=b)");
    expect_names(GUESTS "only a, b\nvariants:\n  - x:\n      only a\n  - y:\nguest = b\n",
                 "y.(guest=b)");
    expect_names(GUESTS "only a\nguest = L\n", "(guest=L).one (guest=L).two");
    expect_names(GUESTS "guest = a\nguest = b\n", "(guest=b)");
}

Test(cfg_variants, a_choice_of_several_labels_sets_nothing_by_itself)
{
    expect_lines(
        GUESTS "only a\nguest = L.two\n",
        "{\"dep\":[],\"guest\":\"a\",\"name\":\"(guest=L).two\",\"shortname\":\"L.two\"}\n");
}

Test(cfg_variants, nothing_is_chosen_by_what_stands_above_or_in_a_block_or_is_no_variant)
{
    expect_names("guest = b\n" GUESTS "only a\n", "(guest=a)");
    expect_names(GUESTS "only a\na:\n    guest = b\n", "(guest=a)");
    expect_lines(GUESTS "only a\nguest = c\n",
                 "{\"dep\":[],\"guest\":\"c\",\"name\":\"(guest=a)\",\"shortname\":\"a\"}\n");
    expect_names("variants guest:\n  - a:\n  - b:\nonly a\nguest = b\n", "(guest=a)");
}

Test(cfg_variants, filters_below_a_choice_or_of_other_blocks_stay)
{
    expect_names(GUESTS "guest = b\nonly a\n", "");
    expect_names("variants:\n  - x:\n  - y:\n" GUESTS "only x\nonly a\nguest = b\n", "(guest=b).x");
    expect_names(GUESTS "no b\nguest = b\n", "");
}
