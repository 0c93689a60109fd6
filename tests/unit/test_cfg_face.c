/* The functions of cfg.h beside plain expansion. */
#include "cfg_help.h"

static struct cfg *load(const char *text)
{
    struct cfg *c = cfg_new(NULL);
    g_autoptr(GError) err = NULL;

    cr_assert_eq(cfg_parse_text(c, "top", text, &err), 0, "%s", err ? err->message : "");
    return c;
}

static const char four[] = "variants:\n  - a:\n  - @b:\nvariants:\n  - x:\n  - y:\n";

Test(cfg_face, tests_are_counted_and_can_be_had_again)
{
    g_autoptr(cfg) c = load(four);
    g_autofree char *first = NULL;

    cr_assert_eq(cfg_next(c, NULL), 1);
    first = g_strdup(cfg_test_name(c));
    while (cfg_next(c, NULL) > 0)
        ;
    cr_assert_eq(cfg_test_number(c), 4);
    cr_assert_eq(cfg_next(c, NULL), 0);
    cfg_rewind(c);
    cr_assert_eq(cfg_next(c, NULL), 1);
    cr_assert_eq(cfg_test_number(c), 1);
    cr_assert_str_eq(cfg_test_name(c), first);
}

Test(cfg_face, extra_code_comes_behind_the_file)
{
    g_autoptr(cfg) c = load(four);

    cr_assert_eq(cfg_parse_text(c, NULL, "k = 1\nvariants:\n  - p:\n", NULL), 0);
    cr_assert_eq(cfg_only(c, "a, b", NULL), 0);
    cr_assert_eq(cfg_no(c, "x", NULL), 0);
    cr_assert_eq(cfg_assign(c, "uri", "tcp:host:1 # x", NULL), 0);
    cr_assert_eq(cfg_next(c, NULL), 1);
    cr_assert_str_eq(cfg_test_name(c), "p.y.a");
    cr_assert_eq(cfg_next(c, NULL), 1);
    cr_assert_eq(cfg_next(c, NULL), 0);
    cfg_rewind(c);
    {
        g_autoptr(params) p = NULL;

        cr_assert_eq(cfg_next(c, NULL), 1);
        p = cfg_test_params(c, NULL);
        cr_assert_str_eq(params_get(p, "uri"), "tcp:host:1 # x");
        cr_assert_str_eq(params_origin(p, "k"), "<string>:1");
        cr_assert_null(params_origin(p, "name"));
    }
}

Test(cfg_face, bad_arguments_are_refused)
{
    g_autoptr(cfg) c = load(four);
    g_autoptr(GError) err = NULL;

    cr_assert_eq(cfg_only(c, "a\nb = 1", &err), -1);
    cr_assert(g_error_matches(err, CFG_ERROR, CFG_ERROR_ARGUMENT));
    g_clear_error(&err);
    cr_assert_eq(cfg_assign(c, "a:b", "c", &err), -1);
    cr_assert(g_error_matches(err, CFG_ERROR, CFG_ERROR_ARGUMENT));
    g_clear_error(&err);
    cr_assert_eq(cfg_only(c, "a,,b", &err), -1);
    cr_assert(g_str_has_prefix(err->message, "<string>:1:8: "), "%s", err->message);
}

Test(cfg_face, nothing_is_added_after_the_first_test)
{
    g_autoptr(cfg) c = load(four);
    g_autoptr(GError) err = NULL;

    cr_assert_eq(cfg_next(c, NULL), 1);
    cr_assert_eq(cfg_only(c, "a", &err), -1);
    cr_assert(g_error_matches(err, CFG_ERROR, CFG_ERROR_ARGUMENT));
}

Test(cfg_face, a_test_is_found_by_number_full_and_short_name)
{
    g_autoptr(cfg) c = load(four);

    cr_assert_eq(cfg_seek(c, "3", NULL), 0);
    cr_assert_str_eq(cfg_test_name(c), "y.a");
    cr_assert_eq(cfg_seek(c, "x.b", NULL), 0);
    cr_assert_eq(cfg_test_number(c), 2);
    cr_assert_eq(cfg_seek(c, "y", NULL), 0);
    cr_assert_str_eq(cfg_test_name(c), "y.b");
}

Test(cfg_face, a_test_that_is_not_there_names_the_nearest)
{
    g_autoptr(cfg) c = load("variants:\n  - ping_pong:\n  - post_copy:\n");
    g_autoptr(GError) err = NULL;

    cr_assert_eq(cfg_seek(c, "ping_pnog", &err), -1);
    cr_assert(g_error_matches(err, CFG_ERROR, CFG_ERROR_ARGUMENT));
    cr_assert_not_null(strstr(err->message, "'ping_pong'"), "%s", err->message);
    g_clear_error(&err);
    cr_assert_eq(cfg_seek(c, "3", &err), -1);
    cr_assert_not_null(strstr(err->message, "only 2"), "%s", err->message);
    g_clear_error(&err);
    cr_assert_eq(cfg_seek(c, "0", &err), -1);
}

Test(cfg_face, a_long_name_that_is_not_there_names_the_one_with_most_labels_in_common)
{
    g_autoptr(cfg) c = cfg_new(NULL);
    g_autoptr(GError) err = NULL;
    g_autofree char *filler = g_strnfill(300, 'l');
    g_autofree char *text = g_strdup_printf("variants:\n  - tcp:\n  - unix:\n"
                                            "variants:\n  - %s:\n"
                                            "variants:\n  - first:\n  - second:\n",
                                            filler);
    g_autofree char *slip = g_strdup_printf("secnod.%s.unix", filler);
    g_autofree char *wanted = g_strdup_printf("second.%s.something-else", filler);
    g_autofree char *answer = g_strdup_printf("did you mean 'second.%s.unix'?", filler);
    g_autofree char *other = g_strdup_printf("did you mean 'second.%s.tcp'?", filler);

    cr_assert_eq(cfg_parse_text(c, NULL, text, NULL), 0);
    cr_assert_eq(cfg_seek(c, slip, &err), -1);
    cr_assert_not_null(strstr(err->message, answer), "%s", err->message);
    g_clear_error(&err);
    cr_assert_eq(cfg_seek(c, wanted, &err), -1);
    cr_assert_not_null(strstr(err->message, other), "%s", err->message);
    g_clear_error(&err);
    cr_assert_eq(cfg_seek(c, "third.x.something-else", &err), -1);
    cr_assert_null(strstr(err->message, "did you mean"), "%s", err->message);
}

Test(cfg_face, params_and_lines_say_the_same)
{
    g_autoptr(cfg) c = load("b = \"x\\y\"\nvariants v:\n  - one: d\n      a = 1\n"
                            "      suffix _s\na = 2\na_max = 1\n");
    g_autoptr(GString) line = g_string_new(NULL);
    g_autoptr(params) p = NULL;

    cr_assert_eq(cfg_next(c, NULL), 1);
    p = cfg_test_params(c, NULL);
    cr_assert_eq(cfg_test_jsonl(c, line, NULL), 0);
    cr_assert_str_eq(line->str, "{\"a\":\"1\",\"a_max\":\"1\",\"b\":\"x\\\\y\",\"dep\":[\"d\"],"
                                "\"name\":\"(v=one)\",\"shortname\":\"one\",\"v\":\"one\"}\n");
    cr_assert_str_eq(params_get(p, "a"), "1");
    cr_assert_str_eq(params_get(p, "b"), "x\\y");
    cr_assert_str_eq(params_dep(p)[0], "d");
    cr_assert_str_eq(params_origin(p, "a"), "top:7");
}

Test(cfg_face, an_error_in_one_test_leaves_the_output_alone)
{
    g_autoptr(cfg) c = load("variants:\n  - a:\n      n = x\n  - b:\n      n = 5\nn_max = 3\n");
    g_autoptr(GString) out = g_string_new("before");
    g_autoptr(GError) err = NULL;

    cr_assert_eq(cfg_next(c, NULL), 1);
    cr_assert_eq(cfg_test_jsonl(c, out, &err), -1);
    cr_assert(g_error_matches(err, CFG_ERROR, CFG_ERROR_EXPAND));
    cr_assert_str_eq(out->str, "before");
    cr_assert_null(cfg_test_params(c, NULL));
    cr_assert_eq(cfg_next(c, NULL), 1);
    cr_assert_eq(cfg_test_jsonl(c, out, NULL), 0);
}

Test(cfg_face, tells_what_is_spoken_of_and_what_is_read)
{
    g_autoptr(cfg) c = load("a = 1\nb = x${c}\ndel d\nvariants e:\n  - x:\n      suffix _x\n"
                            "      f: g += 1\n");
    static const char *const mentioned[] = {"a", "b", "c", "d", "e", "g", "a_x"};

    for (size_t i = 0; i < G_N_ELEMENTS(mentioned); i++)
        cr_expect(cfg_mentions(c, mentioned[i]), "%s", mentioned[i]);
    cr_expect_not(cfg_mentions(c, "f"));
    cr_expect_not(cfg_mentions(c, "h_x"));
    cr_expect(cfg_reads(c, "c"));
    cr_expect_not(cfg_reads(c, "a"));
    cr_expect_not(cfg_reads(c, "h"));
}
