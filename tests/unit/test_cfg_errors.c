/* Wrong input: where and what, and always an end. */
#include "cfg/limits.h"
#include "cfg_help.h"

Test(cfg_errors, show_place_line_and_caret)
{
    const struct cfg_help_file files[] = {{"top", "a = 1\n  only x,, y\n", 0}, {NULL, NULL, 0}};
    g_autoptr(GError) err = NULL;

    cr_assert_null(cfg_help_run(files, (struct cfg_options){0}, CFG_HELP_LINES, &err));
    cr_assert_str_eq(err->message, "top:2:10: expected a name behind ',', found ','\n"
                                   "    only x,, y\n"
                                   "           ^");
}

Test(cfg_errors, statements_that_are_none)
{
    static const struct {
        const char *text;
        const char *place;
        const char *words;
    } cases[] = {
        {"word\n", "top:1:5: ", "':' or an operator"},
        {"two words\n", "top:1:", "expected"},
        {"(a): x = 1\n", "top:1:1: ", "found '('"},
        {"- a:\n", "top:1:1: ", "no place for a variant"},
        {"!a\nx = 1\n", "top:1:3: ", "line 2"},
        {"a: # comment\n", "top:1:4: ", "comment"},
        {"a: - b:\n", "top:1:4: ", "variant"},
        {"del\n", "top:1:4: ", "':'"},
        {"del a.b\n", "top:1:6: ", "end of the line"},
        {"suffix a.b\n", "top:1:9: ", "end of the line"},
        {"suffix _a # x\n", "top:1:10: ", "end of the line"},
        {"variants\n", "top:1:9: ", "':'"},
        {"variants x y:\n", "top:1:12: ", "'y'"},
        {"variants: x\n", "top:1:11: ", "end of the line"},
        {"variants [default]:\n - a:\n", "top:1:18: ", "behind 'default'"},
        {"variants [default=b]:\n  - a:\nx = 1\n", "top:1:18: ", "ends at line 3"},
        {"variants:\n x = 1\n", "top:2:2: ", "- NAME:"},
        {"variants:\n  - a b:\n", "top:2:6: ", "a blank"},
        {"variants:\n  - .a:\n", "top:2:5: ", "'.'"},
        {"variants:\n  - a: x = 1\n", "top:2:10: ", "'='"},
        {"variants:\n  - a\n", "top:2:6: ", "end of the line"},
        {"variants:\n  - a:\n    x = 1\n   - b:\n", "top:4:4: ", "no place for a variant"},
        {"a:\n  variants:\n    - x:\n", "top:2:3: ", "condition"},
        {"a: variants:\n", "top:1:4: ", "condition"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
        expect_error(cases[i].text, CFG_ERROR_SYNTAX, cases[i].place, cases[i].words);
}

Test(cfg_errors, filters_that_are_none)
{
    static const char *const filters[] = {
        "a,,b",    ",a",   ".a",        "a...b", "a. b", "a ,b",   "a.,b", "a .b", "(a",
        "(a=b.c)", "(a=)", "(v=\"x\")", "a@b",   "()",   "(v+=a)", "a\"",  "a[b]", "!a",
    };

    for (size_t i = 0; i < G_N_ELEMENTS(filters); i++) {
        g_autofree char *text = g_strdup_printf("x = 1\nonly %s\n", filters[i]);

        expect_error(text, CFG_ERROR_SYNTAX, "top:2:", "");
    }
}

Test(cfg_errors, characters_that_begin_no_token)
{
    expect_error("only a/b\n", CFG_ERROR_LEX, "top:1:7: ", "'/'");
    expect_error("only \xe2\x82\xac\n", CFG_ERROR_LEX, "top:1:6: ", "\xe2\x82\xac");
    expect_error("variants:\n  - a: b'\n", CFG_ERROR_LEX, "top:2:9: ", "'''");
}

Test(cfg_errors, columns_count_characters_behind_expanded_tabs)
{
    const struct cfg_help_file files[] = {{"top", "\tonly \xc3\xa4.\xc3\xb6,,\n", 0},
                                          {NULL, NULL, 0}};
    g_autoptr(GError) err = NULL;

    cr_assert_null(cfg_help_run(files, (struct cfg_options){0}, CFG_HELP_LINES, &err));
    cr_assert(g_str_has_prefix(err->message, "top:1:18: "), "%s", err->message);
}

Test(cfg_errors, of_included_files_name_the_file_and_the_place)
{
    const struct cfg_help_file files[] = {
        {"top", "include d/a.cfg\n", 0},
        {"d/a.cfg", "x = 1\ninclude missing.cfg\n", 0},
        {NULL, NULL, 0},
    };

    expect_error_files(files, CFG_ERROR_INCLUDE, "d/a.cfg:2:1: ", "d/missing.cfg: no such file");
}

Test(cfg_errors, a_file_that_includes_itself_is_told_so)
{
    const struct cfg_help_file files[] = {
        {"top", "include a\n", 0},
        {"a", "include b\n", 0},
        {"b", "include a\n", 0},
        {NULL, NULL, 0},
    };

    expect_error_files(files, CFG_ERROR_INCLUDE, "b:1:1: ", "includes itself");
}

static int endless_read(const char *path, size_t max_size, char **data, size_t *size, void *user,
                        GError **err)
{
    unsigned int *count = user;

    (void)path;
    (void)max_size;
    (void)err;
    *data = g_strdup_printf("include f%u\ninclude f%u\n", *count + 1, *count + 1);
    *size = strlen(*data);
    ++*count;
    return 0;
}

Test(cfg_errors, endless_includes_end)
{
    unsigned int count = 0;
    g_autoptr(cfg) c = cfg_new(&(struct cfg_options){.read = endless_read, .read_user = &count});
    g_autoptr(GError) err = NULL;

    cr_assert_eq(cfg_parse_file(c, "top", &err), -1);
    cr_assert(g_error_matches(err, CFG_ERROR, CFG_ERROR_LIMIT), "%s", err->message);
    cr_assert_leq(count, LIMIT_INCLUDE_DEPTH + 1);
}

Test(cfg_errors, the_default_reader_wants_regular_files)
{
    static const char *const paths[] = {"/", "/dev/null", "/nonexistent/x.cfg"};

    for (size_t i = 0; i < G_N_ELEMENTS(paths); i++) {
        g_autoptr(cfg) c = cfg_new(NULL);
        g_autoptr(GError) err = NULL;

        cr_assert_eq(cfg_parse_file(c, paths[i], &err), -1);
        cr_assert(g_error_matches(err, CFG_ERROR, CFG_ERROR_OPEN), "%s", err->message);
    }
}

Test(cfg_errors, what_is_no_text_is_refused)
{
    const struct cfg_help_file latin[] = {{"top", "a = \xe4\n", 0}, {NULL, NULL, 0}};
    const struct cfg_help_file nul[] = {{"top", "a = \0b\n", 7}, {NULL, NULL, 0}};

    expect_error_files(latin, CFG_ERROR_OPEN, "top: ", "UTF-8");
    expect_error_files(nul, CFG_ERROR_OPEN, "top: ", "NUL");
}

static void repeat(GString *out, const char *piece, size_t n)
{
    for (size_t i = 0; i < n; i++)
        g_string_append(out, piece);
}

Test(cfg_errors, a_million_levels_end_at_the_limit)
{
    g_autoptr(GString) conditions = g_string_new(NULL);
    g_autoptr(GString) variants = g_string_new(NULL);

    repeat(conditions, "a: ", 300000);
    g_string_append(conditions, "x = 1\n");
    expect_error(conditions->str, CFG_ERROR_LIMIT, "top:1:", "nested");
    for (unsigned int i = 0; i < 2000; i++) {
        g_string_append_printf(variants, "%*svariants:\n", (int)i, "");
        g_string_append_printf(variants, "%*s- a:\n", (int)i, "");
    }
    expect_error(variants->str, CFG_ERROR_LIMIT, "top:", "nested");
}

Test(cfg_errors, four_hundred_levels_work)
{
    g_autoptr(GString) text = g_string_new(NULL);
    g_autoptr(GString) name = g_string_new(NULL);

    for (unsigned int i = 0; i < 400; i++) {
        g_string_append_printf(text, "%*svariants:\n", (int)i, "");
        g_string_append_printf(text, "%*s- v%u:\n", (int)i, "", i);
        g_string_append_printf(name, "%sv%u", i ? "." : "", i);
    }
    expect_names(text->str, name->str);
}

Test(cfg_errors, a_very_long_line_is_refused)
{
    g_autoptr(GString) text = g_string_new("a = ");

    repeat(text, "xxxxxxxxxxxxxxxx", LIMIT_LINE_BYTES / 16 + 1);
    expect_error(text->str, CFG_ERROR_LIMIT, "top:1:", "bytes");
}

Test(cfg_errors, values_that_double_themselves_end)
{
    g_autoptr(GString) text = g_string_new("a = xxxxxxxx\n");

    repeat(text, "a = ${a}${a}\n", 60);
    expect_error(text->str, CFG_ERROR_LIMIT, "top:", "MiB");
}

Test(cfg_errors, a_broken_expression_is_told_when_it_is_applied)
{
    expect_error("x = 1\ny[ ?= 2\n", CFG_ERROR_EXPAND, "top:2: ", "y[");
    expect_names("x = 1\nvariants:\n  - a:\n      no a\n      y[ ?= 2\n  - b:\n", "b");
}

Test(cfg_errors, after_an_error_nothing_is_expanded)
{
    g_autoptr(cfg) c = cfg_new(NULL);
    g_autoptr(GError) err = NULL;

    cr_assert_eq(cfg_parse_text(c, NULL, "x\n", NULL), -1);
    cr_assert_eq(cfg_next(c, &err), -1);
    cr_assert(g_error_matches(err, CFG_ERROR, CFG_ERROR_ARGUMENT));
}
