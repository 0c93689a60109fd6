/* only, no, conditions. */
#include "cfg_help.h"

/* Guests and buses to filter; the filters come behind. */
static const char stock[] = "variants bus:\n  - ide:\n  - virtio:\n"
                            "variants:\n  - Linux:\n      variants:\n        - Deb.12:\n"
                            "        - Deb.11:\n  - Win.11:\n";

static void expect_filtered(const char *filters, const char *expected)
{
    g_autofree char *text = g_strconcat(stock, filters, "\n", NULL);

    expect_names(text, expected);
}

#define L12 "Linux.Deb.12."
#define L11 "Linux.Deb.11."
#define W11 "Win.11."
#define IDE "(bus=ide)"
#define VIRTIO "(bus=virtio)"

Test(cfg_filters, match_labels_and_never_parts_of_them)
{
    expect_filtered("only Win", W11 IDE " " W11 VIRTIO);
    expect_filtered("only Wi", "");
    expect_filtered("only bus", "");
    expect_filtered("only ide\nonly 12", L12 IDE);
}

Test(cfg_filters, a_dot_means_immediately_followed_by)
{
    expect_filtered("only Deb.11\nonly ide", L11 IDE);
    expect_filtered("only 11.ide\nno Win", L11 IDE);
    expect_filtered("only Linux.ide", "");
    expect_filtered("only 11.(bus=ide)", L11 IDE " " W11 IDE);
}

Test(cfg_filters, two_dots_mean_and_in_any_order)
{
    expect_filtered("only ide..Linux..11", L11 IDE);
    expect_filtered("only 11.ide..Linux.Deb", L11 IDE);
}

Test(cfg_filters, commas_and_blanks_mean_or)
{
    expect_filtered("only Deb.12..ide, Win..virtio", L12 IDE " " W11 VIRTIO);
    expect_filtered("only 12..ide Win..ide", L12 IDE " " W11 IDE);
    expect_filtered("no 12, 11 # all", "");
}

Test(cfg_filters, named_labels_match_by_value_or_by_both)
{
    expect_filtered("only (bus=ide)\nonly Win", W11 IDE);
    expect_filtered("only ( bus = ide )\nonly (Win)", W11 IDE);
    expect_filtered("only (bus=Win)", "");
    expect_filtered("only (Linux=Deb)", "");
}

Test(cfg_filters, trailing_dots_and_one_comma_are_forgiven)
{
    expect_filtered("only Win, \nonly ide..", W11 IDE);
}

Test(cfg_filters, an_empty_only_drops_everything_an_empty_no_nothing)
{
    expect_filtered("only # x", "");
    expect_filtered("no # x\nonly 12..ide", L12 IDE);
}

Test(cfg_filters, in_a_variant_they_see_the_complete_name)
{
    expect_names("variants:\n  - a:\n      only x\n  - b:\n      no x.b\n"
                 "variants:\n  - x:\n  - y:\n",
                 "x.a y.b");
}

Test(cfg_filters, of_a_variant_that_is_not_chosen_do_not_count)
{
    expect_names("variants:\n  - a:\n      only never\n  - b:\n", "b");
}

static void expect_values(const char *statements, const char *expected)
{
    g_autofree char *text =
        g_strconcat("variants:\n  - a:\n  - b:\n", statements, "\nx ~= -\n", NULL);
    const struct cfg_help_file files[] = {{"top", text, 0}, {NULL, NULL, 0}};
    g_autoptr(cfg) c =
        cfg_new(&(struct cfg_options){.read = cfg_help_read, .read_user = (void *)files});
    g_autoptr(GString) out = g_string_new(NULL);
    g_autoptr(GError) err = NULL;

    cr_assert_eq(cfg_parse_file(c, "top", &err), 0, "%s", err ? err->message : "");
    while (cfg_next(c, NULL) > 0) {
        g_autoptr(params) p = cfg_test_params(c, NULL);

        g_string_append_printf(out, "%s%s:%s", out->len ? " " : "", params_name(p),
                               params_get(p, "x"));
    }
    cr_assert_str_eq(out->str, expected, "got %s, wanted %s, of:\n%s", out->str, expected, text);
}

Test(cfg_filters, conditions_take_the_line_and_the_block)
{
    expect_values("a: x = 1", "a:1 b:-");
    expect_values("!a: x = 1", "a:- b:1");
    expect_values("! (a): x = 1", "a:- b:1");
    expect_values("a, b: x = 1", "a:1 b:1");
    expect_values("a , b:\n  x = 1", "a:1 b:1");
    expect_values("a: y = 1\n   x = ${y}2", "a:12 b:-");
}

Test(cfg_filters, conditions_take_effect_at_their_place)
{
    expect_values("x = 1\na: x += 2\nx += 3", "a:123 b:13");
}

Test(cfg_filters, conditions_nest_on_one_line_and_below)
{
    expect_values("a: !b: x = 1", "a:1 b:-");
    expect_values("b:\n  a: x = 1\n  x = 2", "a:- b:2");
}

Test(cfg_filters, deeper_lines_belong_to_the_innermost_condition_left_of_them)
{
    expect_values("a: b: x = 1\n x = 2\nx ~= 3", "a:2 b:3");
    expect_values("a: b: x = 1\n  x = 2\nx ~= 3", "a:3 b:3");
}

Test(cfg_filters, conditions_may_hold_filters)
{
    expect_values("a: no a", "b:-");
    expect_values("b:\n  only a", "a:-");
    expect_values("!a: !b: only nothing", "a:- b:-");
}

Test(cfg_filters, a_condition_may_come_before_its_variants)
{
    expect_names("late: only nothing\nvariants:\n  - early:\nvariants:\n  - late:\n  - other:\n",
                 "other.early");
}

Test(cfg_filters, a_condition_with_an_equals_sign_is_an_assignment)
{
    expect_keys("(v=a): x = 1\n", "(v=a): x = 1");
}

Test(cfg_filters, include_and_del_may_be_conditional)
{
    const struct cfg_help_file files[] = {
        {"top", "k = 1\nvariants:\n  - a:\n  - b:\na: include f\nb: del k\n", 0},
        {"f", "j = 2\n", 0},
        {NULL, NULL, 0},
    };
    g_autofree char *out = cfg_help_run(files, (struct cfg_options){0}, CFG_HELP_LINES, NULL);

    cr_assert_str_eq(out,
                     "{\"dep\":[],\"j\":\"2\",\"k\":\"1\",\"name\":\"a\",\"shortname\":\"a\"}\n"
                     "{\"dep\":[],\"name\":\"b\",\"shortname\":\"b\"}\n");
}

Test(cfg_filters, overlook_dots_at_the_end_also_where_they_stand_alone)
{
    static const char two[] = "variants:\n  - web:\n  - db:\n  - proxy:\n";
    static const struct {
        const char *line, *names;
    } cases[] = {
        {"only web ..\n", "web"},
        {"only web, .\n", "web"},
        {"no web db ....\n", "proxy"},
        {"only web...\n", "web"},
        {"web , ..: only db\n", "db proxy"},
        {"web...: only db\n", "db proxy"},
        {"never: only db ..\n", "web db proxy"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text = g_strconcat(two, cases[i].line, NULL);

        expect_names(text, cases[i].names);
    }
    expect_error("only a...b\n", CFG_ERROR_SYNTAX, "top:1:9: ", "behind '..'");
    expect_error("only a .b\n", CFG_ERROR_SYNTAX, "top:1:8: ", "a name");
    expect_error("only a, ..b\n", CFG_ERROR_SYNTAX, "top:1:9: ", "a name");
    expect_error("only a .. b\n", CFG_ERROR_SYNTAX, "top:1:8: ", "a name");
    expect_error("only .\n", CFG_ERROR_SYNTAX, "top:1:6: ", "'.'");
}
