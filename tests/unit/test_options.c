#include "orchestrator/options.h"

#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <string.h>

/* Words are split at "|". */
static int parse(const char *line, struct run_options **options, GError **err)
{
    g_auto(GStrv) words = g_strsplit(line, "|", -1);

    return run_options_parse((int)g_strv_length(words), words, options, err);
}

Test(options, fills_in_the_defaults)
{
    g_autoptr(run_options) options = NULL;

    cr_assert_eq(parse("-m|host1,host2|migrate.cfg", &options, NULL), 0);
    cr_expect_eq(options->machines->len, 2);
    cr_expect_str_eq(options->selection.file, "migrate.cfg");
    cr_expect_eq(options->selection.extra->len, 0);
    cr_expect_eq(options->repeat, 1);
    cr_expect_eq(options->tuple, 2);
    cr_expect_eq(options->job_timeout_ms, 0);
    cr_expect_eq(options->level, DISPLAY_NORMAL);
    cr_expect_null(options->results_dir);
    cr_expect_null(options->json_file);
    cr_expect_null(options->metrics_file);
    cr_expect_eq(options->dry, RUN_REAL);
    cr_expect_not(options->selection.defaults || options->fail_fast || options->allow_empty ||
                  options->alone || options->accept_new_host_keys);
}

Test(options, takes_every_option)
{
    g_autoptr(run_options) options = NULL;

    cr_assert_eq(parse("-m|host1|--machines=host2|-r|out|--repeat|3|--tuple=2|--fail-fast|-d|"
                       "--job-timeout|2h|--json|-|--accept-new-host-keys|--dry-run|-v|-e|a,b|--"
                       "test|3|--allow-empty|--share|no|--metrics|vtmh.prom|f.cfg",
                       &options, NULL),
                 0);
    cr_expect_eq(options->machines->len, 2);
    cr_expect_str_eq(options->results_dir, "out");
    cr_expect_str_eq(options->json_file, "-");
    cr_expect_str_eq(options->metrics_file, "vtmh.prom");
    cr_expect_eq(options->repeat, 3);
    cr_expect_eq(options->job_timeout_ms, 7200000);
    cr_expect_eq(options->level, DISPLAY_VERBOSE);
    cr_expect(options->selection.defaults && options->fail_fast && options->dry == RUN_DRY &&
              options->accept_new_host_keys && options->allow_empty && options->alone);
    cr_expect_str_eq(options->test, "3");
    cr_expect_str_eq(options->selection.expand[1], "b");
}

Test(options, run_the_list_until_something_ends_the_job)
{
    static const struct {
        const char *line;
        unsigned repeat, max_fail;
        int64_t for_ms;
    } cases[] = {
        {"-m|a,b|--for|72h|f.cfg", 0, 0, (int64_t)72 * 3600 * 1000},
        {"-m|a,b|--until-fail|f.cfg", 0, 0, 0},
        {"-m|a,b|--until-fail|--repeat|5|f.cfg", 5, 0, 0},
        {"-m|a,b|--max-fail|3|f.cfg", 1, 3, 0},
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(run_options) options = NULL;

        cr_assert_eq(parse(cases[i].line, &options, NULL), 0, "%s", cases[i].line);
        cr_expect_eq(options->repeat, cases[i].repeat, "%s", cases[i].line);
        cr_expect_eq(options->max_fail, cases[i].max_fail, "%s", cases[i].line);
        cr_expect_eq(options->for_ms, cases[i].for_ms, "%s", cases[i].line);
    }
}

Test(options, takes_all_hosts_for_one_test)
{
    g_autoptr(run_options) options = NULL;

    cr_assert_eq(parse("-m|a,b,c,d,e|--tuple|all|--each|f.cfg", &options, NULL), 0);
    cr_expect_eq(options->tuple, 5);
    cr_expect(options->each);
}

Test(options, turns_filters_and_parameters_into_lines_in_their_order)
{
    static const char *const lines[] = {"only quick",    "mem = 64", "no jeos",
                                        "vms = vm1 vm2", "empty = ", "only tick"};
    g_autoptr(run_options) options = NULL;

    cr_assert_eq(parse("-m|a,b|--only|quick|-p|mem=64|f.cfg|--no|jeos|--param=vms=vm1 vm2|"
                       "-pempty=|only tick",
                       &options, NULL),
                 0);
    cr_assert_eq(options->selection.extra->len, G_N_ELEMENTS(lines));
    for (unsigned i = 0; i < G_N_ELEMENTS(lines); i++)
        cr_expect_str_eq(g_ptr_array_index(options->selection.extra, i), lines[i]);
}

Test(options, says_what_is_wrong)
{
    static const struct {
        const char *line, *message;
    } cases[] = {
        {"-m|a,b|--onyl|quick|f.cfg", "unknown option --onyl; did you mean --only?"},
        {"-m|a,b|--fail-fats|f.cfg", "unknown option --fail-fats; did you mean --fail-fast?"},
        {"-m|a,b", "no configuration file; write vtmh -m HOSTS FILE.cfg"},
        {"f.cfg", "no hosts; name them with -m host1,host2 or -m local:a,local:b"},
        {"-m|a|f.cfg", "a test takes 2 hosts (--tuple), but only 1 is named"},
        {"-m|a,b|--tuple|3|f.cfg", "a test takes 3 hosts (--tuple), but only 2 are named"},
        {"-m|a,a|f.cfg", "-m: a is named twice"},
        {"-m|a|-m|a|f.cfg", "-m: a is named twice"},
        {"--machines|a,|f.cfg", "--machines: a host is missing at a comma of \"a,\""},
        {"-m|a,b|--repeat|0|f.cfg", "--repeat: \"0\" is not a number from 1 to 1000000"},
        {"-m|a,b|--repeat|many|f.cfg", "--repeat: \"many\" is not a number from 1 to 1000000"},
        {"-m|a,b|--share|perhaps|f.cfg",
         "--share: the value is 'perhaps': expected yes or no (or on, off, true, false, 1, 0)"},
        {"-m|a,b|--tuple|-2|f.cfg", "--tuple: \"-2\" is not a number from 1 to 64, nor \"all\""},
        {"--dry-run|--tuple|all|f.cfg",
         "no hosts; name them with -m host1,host2 or -m local:a,local:b"},
        {"-m|a,b|--for|0|f.cfg", "--for: the time must not be 0"},
        {"-m|a,b|--max-fail|0|f.cfg", "--max-fail: \"0\" is not a number from 1 to 1000000"},
        {"-m|a,b|--max-fail|2|--fail-fast|f.cfg",
         "--fail-fast stops at the first failure; leave it out to have --max-fail"},
        {"-m|a,b|--max-fail|2|--until-fail|f.cfg",
         "--until-fail stops at the first failure; to stop at a later one write --for TIME or "
         "--repeat N with --max-fail"},
        {"-m|a,b|--where|arch=x|--where|b|f.cfg",
         "--where: \"b\" is no condition; write KEY=VALUE or KEY!=VALUE, with commas between"},
        {"-m|a,b|--metrics|-|f.cfg", "--metrics: it is a file that is replaced again and again, "
                                     "not stdout; write --metrics vtmh.prom"},
        {"-m|a,b|--job-timeout|0|f.cfg", "--job-timeout: the time must not be 0"},
        {"-m|a,b|-p|mem|f.cfg", "-p: \"mem\" has no value; write KEY=VALUE"},
        {"-m|a,b|-p|=1|f.cfg", "-p: \"\" is not the name of a parameter; write KEY=VALUE"},
        {"-m|a,b|-p|mem+=1|f.cfg", "-p: \"mem+\" is not the name of a parameter; write KEY=VALUE"},
        {"-m|a,b|-p|mem=1\nonly x|f.cfg", "-p: the value must be one line"},
        {"-m|a,b|--only|a\nb = 1|f.cfg", "--only: the value must be one line"},
        {"-m|a,b|--no|  |f.cfg", "--no: the value is empty"},
        {"-m|a,b|-q|-v|f.cfg", "-q and -v exclude each other"},
        {"-m|a,b|f.cfg|g.cfg", "g.cfg is a second configuration file; one is read, f.cfg (the line "
                               "'include g.cfg' adds another)"},
        {"-m|a,b|--json|f.cfg", "--json: f.cfg is a configuration file by its name, and would be "
                                "written over; name the file for the results first: "
                                "--json results.json f.cfg"},
        {"-m|a,b|--dry-run=guests|f.cfg",
         "--dry-run: \"guests\" is not known; write --dry-run, or --dry-run=hosts"},
        {"-m|a,b|--dry-run|--tuple|3|f.cfg",
         "a test takes 3 hosts (--tuple), but only 2 are named"},
        {"--dry-run=hosts|f.cfg", "no hosts; name them with -m host1,host2 or -m local:a,local:b"},
        {"-M|/dev/null|f.cfg", "-M: /dev/null names no host"},
        {"--replay|j|-m|a,b",
         "--replay takes hosts, tests and options from the job; beside it there "
         "can be one TEST, and -p, -r, -q, -v, --json, --metrics, --dry-run, "
         "--allow-changed"},
        {"--replay|j|--only|quick",
         "--replay takes hosts, tests and options from the job; beside it there can be one TEST, "
         "and -p, -r, -q, -v, --json, --metrics, --dry-run, --allow-changed"},
        {"-m|a,b|--allow-changed|f.cfg", "--allow-changed goes with --replay, which is missing"},
        {"-m|a,b|-r||f.cfg", "-r: the value is empty"},
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct run_options *options = NULL;
        g_autoptr(GError) error = NULL;

        cr_assert_eq(parse(cases[i].line, &options, &error), -1, "%s was taken", cases[i].line);
        cr_expect_null(options);
        cr_expect_str_eq(error->message, cases[i].message, "%s", error->message);
    }
}

Test(options, names_a_time_that_is_none)
{
    struct run_options *options = NULL;
    g_autoptr(GError) error = NULL;

    cr_assert_eq(parse("-m|a,b|--job-timeout|soon|f.cfg", &options, &error), -1);
    cr_expect(g_str_has_prefix(error->message, "--job-timeout: "), "%s", error->message);
    cr_expect(strstr(error->message, "soon"), "%s", error->message);
}

Test(options, needs_no_machines_for_a_dry_run)
{
    g_autoptr(run_options) options = NULL;

    cr_expect_eq(parse("--dry-run|f.cfg", &options, NULL), 0);
    cr_expect(options->dry == RUN_DRY);
}

Test(options, a_dry_run_may_ask_the_hosts)
{
    g_autoptr(run_options) options = NULL;

    cr_expect_eq(parse("-m|a,b|--dry-run=hosts|f.cfg", &options, NULL), 0);
    cr_expect_eq(options->dry, RUN_HOSTS);
}

Test(options, a_replay_needs_neither_hosts_nor_a_file)
{
    g_autoptr(run_options) options = NULL;

    cr_expect_eq(parse("--replay|latest|3-quick|-p|mem=3|-r|out|--allow-changed", &options, NULL),
                 0);
    cr_expect_str_eq(options->replay, "latest");
    cr_expect_str_eq(options->selection.file, "3-quick");
}

Test(options, a_line_of_code_is_no_second_file)
{
    g_autoptr(run_options) options = NULL;

    cr_expect_eq(parse("-m|a,b|f.cfg|include g.cfg|x = f.cfg", &options, NULL), 0);
    cr_expect_eq(options->selection.extra->len, 2);
}

Test(options, stops_after_help_and_version, .init = cr_redirect_stdout)
{
    struct run_options *options = NULL;

    cr_expect_eq(parse("-m|a,b|--help", &options, NULL), 1);
    cr_expect_eq(parse("--version", &options, NULL), 1);
    cr_expect_null(options);
}

Test(options, tells_a_newcomer_what_he_needs)
{
    static const char *const parts[] = {"usage: vtmh [run] -m HOSTS [options] FILE.cfg",
                                        "-m, --machines HOSTS",
                                        "-p, --param KEY=VALUE",
                                        "--accept-new-host-keys",
                                        "~/.local/state/vtmh/results",
                                        "examples:",
                                        "local:a,local:b",
                                        "exit status",
                                        "16 a test passed with warnings",
                                        "32 nothing was tested"};
    g_autofree char *help = run_options_help();
    g_auto(GStrv) lines = g_strsplit(help, "\n", -1);

    for (unsigned i = 0; i < G_N_ELEMENTS(parts); i++)
        cr_expect(strstr(help, parts[i]), "the help lacks \"%s\"", parts[i]);
    for (char **line = lines; *line != NULL; line++)
        cr_expect_leq(g_utf8_strlen(*line, -1), 92, "too wide: %s", *line);
}
