#include "orchestrator/arguments.h"

#include <criterion/criterion.h>
#include <stdbool.h>
#include <string.h>

struct target {
    GString *seen;
    bool flag, flat;
};

static int see(struct target *target, const char *what, const char *value)
{
    g_string_append_printf(target->seen, "%s=%s;", what, value);
    return 0;
}

static int take_name(const char *value, void *target, G_GNUC_UNUSED GError **err)
{
    return see(target, "name", value);
}

static int take_other(const char *value, G_GNUC_UNUSED void *target, GError **err)
{
    g_set_error(err, ARGUMENTS_ERROR, ARGUMENTS_ERROR_VALUE, "no \"%s\" today", value);
    return -1;
}

static int take_word(const char *word, void *target, G_GNUC_UNUSED GError **err)
{
    return see(target, "word", word);
}

static const struct argument table[] = {
    {"name", 'n', "NAME", "what it is called", .take = take_name},
    {"flag", 'f', .help = "a flag", .flag = offsetof(struct target, flag)},
    {"flatten", 'g', .help = "another", .flag = offsetof(struct target, flat)},
    {"a-very-long-option-indeed", .value = "VALUE", .help = "two\nlines", .take = take_other},
    {NULL},
};

static const struct arguments some = {
    .usage = "prog [options]", .about = "Does it.", .table = table, .take_word = take_word};
static const struct arguments no_words = {.usage = "prog", .about = "-", .table = table};

/* Parses the words of line (split at blanks); what was taken ends in *seen. */
static int parse(const struct arguments *arguments, const char *line, char **seen, GError **err)
{
    g_auto(GStrv) words = g_strsplit(line, " ", -1);
    struct target target = {.seen = g_string_new(NULL)};
    int outcome = arguments_parse(arguments, (int)g_strv_length(words), words, &target, err);

    if (target.flag)
        see(&target, "flag", "on");
    if (target.flat)
        see(&target, "flat", "on");
    *seen = g_string_free(target.seen, FALSE);
    return outcome;
}

Test(arguments, takes_values_in_every_usual_form)
{
    static const struct {
        const char *line, *seen;
    } cases[] = {
        {"--name x", "name=x;"},
        {"--name=x", "name=x;"},
        {"--name=", "name=;"},
        {"--name --flag", "name=--flag;"},
        {"--name=a=b", "name=a=b;"},
        {"-n x y", "name=x;word=y;"},
        {"-nx", "name=x;"},
        {"-fnx --flag", "name=x;flag=on;"},
        {"-fgn x", "name=x;flag=on;flat=on;"},
        {"one -f two", "word=one;word=two;flag=on;"},
        {"-- -f --name", "word=-f;word=--name;"},
        {"-", "word=-;"},
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *seen = NULL;

        cr_expect_eq(parse(&some, cases[i].line, &seen, NULL), ARGUMENTS_PARSED);
        cr_expect_str_eq(seen, cases[i].seen, "%s: %s", cases[i].line, seen);
    }
}

Test(arguments, says_what_is_wrong)
{
    static const struct {
        const char *line;
        int code;
        const char *message;
    } cases[] = {
        {"--nane x", ARGUMENTS_ERROR_UNKNOWN, "unknown option --nane; did you mean --name?"},
        {"--nmae=x", ARGUMENTS_ERROR_UNKNOWN, "unknown option --nmae; did you mean --name?"},
        {"--a-very", ARGUMENTS_ERROR_UNKNOWN,
         "unknown option --a-very; did you mean --a-very-long-option-indeed?"},
        {"--halp", ARGUMENTS_ERROR_UNKNOWN, "unknown option --halp; did you mean --help?"},
        {"--zzzzzz", ARGUMENTS_ERROR_UNKNOWN, "unknown option --zzzzzz; see --help"},
        {"-fz", ARGUMENTS_ERROR_UNKNOWN, "unknown option -z; see --help"},
        {"--name", ARGUMENTS_ERROR_VALUE, "--name needs a value: --name NAME"},
        {"-fn", ARGUMENTS_ERROR_VALUE, "-n needs a value: -n NAME"},
        {"--flag=1", ARGUMENTS_ERROR_VALUE, "--flag takes no value"},
        {"--help=1", ARGUMENTS_ERROR_VALUE, "--help takes no value"},
        {"--a-very-long-option-indeed x", ARGUMENTS_ERROR_VALUE,
         "--a-very-long-option-indeed: no \"x\" today"},
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *seen = NULL;
        g_autoptr(GError) error = NULL;

        cr_assert_eq(parse(&some, cases[i].line, &seen, &error), -1, "%s", cases[i].line);
        cr_expect(g_error_matches(error, ARGUMENTS_ERROR, cases[i].code), "%s", cases[i].line);
        cr_expect_str_eq(error->message, cases[i].message, "%s", error->message);
    }
}

Test(arguments, refuses_words_where_there_may_be_none)
{
    g_autofree char *seen = NULL;
    g_autoptr(GError) error = NULL;

    cr_assert_eq(parse(&no_words, "-f more", &seen, &error), -1);
    cr_expect_str_eq(error->message, "\"more\" is one word too many; see --help");
}

Test(arguments, refuses_what_is_not_utf8)
{
    char *words[] = {(char *)"--name", (char *)"\xff"};
    struct target target = {.seen = NULL};
    g_autoptr(GError) error = NULL;

    cr_assert_eq(arguments_parse(&some, 2, words, &target, &error), -1);
    cr_expect_str_eq(error->message, "argument 2 is not UTF-8 text");
}

Test(arguments, finds_help_and_version_before_later_mistakes)
{
    g_autofree char *first = NULL, *second = NULL, *third = NULL;

    cr_expect_eq(parse(&some, "--help --zzzzzz", &first, NULL), ARGUMENTS_HELP);
    cr_expect_eq(parse(&some, "-fh", &second, NULL), ARGUMENTS_HELP);
    cr_expect_eq(parse(&some, "--version", &third, NULL), ARGUMENTS_VERSION);
}

Test(arguments, makes_the_help_from_the_table)
{
    g_autofree char *help = arguments_help(&some);

    cr_expect_str_eq(help,
                     "usage: prog [options]\n"
                     "\n"
                     "Does it.\n"
                     "\n"
                     "options:\n"
                     "  -n, --name NAME           what it is called\n"
                     "  -f, --flag                a flag\n"
                     "  -g, --flatten             another\n"
                     "      --a-very-long-option-indeed VALUE\n"
                     "                            two\n"
                     "                            lines\n"
                     "      --version             print the version\n"
                     "  -h, --help                print this help\n",
                     "%s", help);
}

Test(arguments, finds_the_nearest_word_only_when_it_is_near)
{
    static const char *const words[] = {"run", "list", "show", "repeat", NULL};

    cr_expect_str_eq(arguments_nearest("shwo", words), "show");
    cr_expect_str_eq(arguments_nearest("lst", words), "list");
    cr_expect_str_eq(arguments_nearest("rep", words), "repeat");
    cr_expect_null(arguments_nearest("migrate", words));
    cr_expect_null(arguments_nearest("", words));
}

Test(arguments, writes_a_command_line_that_can_be_typed_again)
{
    char *words[] = {(char *)"-m", (char *)"a@h:22,local:b", (char *)"only x", (char *)"", NULL};
    g_autofree char *named = arguments_command_line("cleanup", 2, words);
    g_autofree char *quoted = arguments_command_line(NULL, 4, words);
    g_autofree char *bare = arguments_command_line(NULL, 0, words);
    g_autofree char *line = arguments_line((const char *const *)words + 1, 2);

    cr_assert_str_eq(bare, "vtmh");
    cr_assert_str_eq(line, "a@h:22,local:b 'only x'");
    cr_assert_str_eq(named, "vtmh cleanup -m a@h:22,local:b");
    cr_assert_str_eq(quoted, "vtmh -m a@h:22,local:b 'only x' ''");
}

Test(arguments, the_help_counts_characters_and_not_bytes)
{
    static const struct argument rows[] = {
        {"at", .value = "POINT,…", .help = "where", .take = take_other}, {NULL}};
    static const struct arguments wide = {.usage = "prog", .about = "-", .table = rows};
    g_autofree char *help = arguments_help(&wide);

    cr_expect(strstr(help, "\n      --at POINT,…          where\n") != NULL, "%s", help);
}
