#include "orchestrator/command/command.h"

#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <glib.h>
#include <string.h>

static char seen[256];

static int see(const char *name, int argc, char **argv)
{
    g_strlcpy(seen, name, sizeof(seen));
    for (int i = 0; i < argc; i++) {
        g_strlcat(seen, " ", sizeof(seen));
        g_strlcat(seen, argv[i], sizeof(seen));
    }
    return 64;
}

static int run(int argc, char **argv)
{
    return see("run", argc, argv);
}

static int list(int argc, char **argv)
{
    return see("list", argc, argv);
}

static const struct command table[] = {
    {"run", "run it", run}, {"list", "list it", list}, {NULL, NULL, NULL}};

/* Words after the program's name are split at blanks. */
static int dispatch(const char *line)
{
    g_auto(GStrv) words = g_strsplit(line, " ", -1);

    seen[0] = '\0';
    return command_dispatch(table, (int)g_strv_length(words), words);
}

static void redirect(void)
{
    cr_redirect_stdout();
    cr_redirect_stderr();
}

TestSuite(dispatch, .init = redirect);

Test(dispatch, gives_a_command_the_words_behind_it)
{
    cr_expect_eq(dispatch("vtmh list -d a.cfg"), 64);
    cr_expect_str_eq(seen, "list -d a.cfg");
    cr_expect_eq(dispatch("vtmh run -m a,b a.cfg"), 64);
    cr_expect_str_eq(seen, "run -m a,b a.cfg");
}

Test(dispatch, runs_tests_when_no_command_is_named)
{
    static const char *const lines[] = {"-m a,b a.cfg", "a.cfg -m a,b", "./list", "--dry-run list",
                                        "--version"};

    for (unsigned i = 0; i < G_N_ELEMENTS(lines); i++) {
        g_autofree char *line = g_strconcat("vtmh ", lines[i], NULL);
        g_autofree char *expected = g_strconcat("run ", lines[i], NULL);

        cr_expect_eq(dispatch(line), 64);
        cr_expect_str_eq(seen, expected, "%s", seen);
    }
}

Test(dispatch, names_the_nearest_command)
{
    cr_expect_eq(dispatch("vtmh lsit a.cfg"), 4);
    cr_expect_str_eq(seen, "");
    cr_assert_stderr_eq_str("vtmh: unknown command \"lsit\"; did you mean list?\n");
}

Test(dispatch, points_to_the_help_when_no_command_is_near)
{
    cr_expect_eq(dispatch("vtmh frobnicate\033"), 4);
    cr_assert_stderr_eq_str("vtmh: unknown command \"frobnicate\\033\"; see vtmh --help\n");
}

Test(dispatch, prints_the_usage_on_stderr_when_nothing_is_asked)
{
    g_autofree char *help = command_help(table);

    cr_expect_eq(dispatch("vtmh"), 4);
    cr_assert_stderr_eq_str(help);
}

Test(dispatch, prints_help_with_all_commands)
{
    g_autofree char *help = command_help(table);

    cr_expect(strstr(help, "  run       run it\n  list      list it\n"));
    cr_expect_eq(dispatch("vtmh --help"), 0);
    cr_assert_stdout_eq_str(help);
}

Test(dispatch, asks_a_command_for_its_own_help)
{
    cr_expect_eq(dispatch("vtmh help list"), 64);
    cr_expect_str_eq(seen, "list --help");
    cr_expect_eq(dispatch("vtmh help lost"), 4);
}
