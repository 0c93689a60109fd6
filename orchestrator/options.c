#include "orchestrator/options.h"

#include "proto/hold_points.h"

#include "cfg/params.h"

#include <stdio.h>
#include <string.h>

#define REPEAT_MAX 1000000
#define TUPLE_ALL 0 /* until it is known how many they are */

/* What the rows take their values into. */
struct parsing {
    struct run_options options; /* first, and in it the selection: their rows have them as target */
    GPtrArray *known;           /* struct machine, of -M */
    bool quiet, verbose;
};

G_STATIC_ASSERT(offsetof(struct run_options, selection) == 0);

static struct run_options *options_of(void *target)
{
    return &((struct parsing *)target)->options;
}

static int take_machines(const char *value, void *target, GError **err)
{
    return inventory_add(options_of(target)->machines, value, err);
}

static int take_machine_file(const char *value, void *target, GError **err)
{
    return inventory_read_file(value, ((struct parsing *)target)->known, err);
}

static int take_where(const char *value, void *target, GError **err)
{
    struct run_options *options = options_of(target);
    const char *before = options->where_text;
    char *both = before != NULL ? g_strconcat(before, ",", value, NULL) : g_strdup(value);

    where_free(options->where);
    g_free(options->where_text);
    options->where_text = both;
    options->where = where_parse(both, err);
    return options->where != NULL ? 0 : -1;
}

static int replace(char **place, const char *value, GError **err)
{
    if (*value == '\0') {
        g_set_error(err, ARGUMENTS_ERROR, ARGUMENTS_ERROR_VALUE, "the value is empty");
        return -1;
    }
    g_free(*place);
    *place = g_strdup(value);
    return 0;
}

static int take_results(const char *value, void *target, GError **err)
{
    return replace(&options_of(target)->results_dir, value, err);
}

static int take_test(const char *value, void *target, GError **err)
{
    return replace(&options_of(target)->test, value, err);
}

static int take_dry_run(const char *value, void *target, GError **err)
{
    if (value != NULL && strcmp(value, "hosts") != 0) {
        g_set_error(err, ARGUMENTS_ERROR, ARGUMENTS_ERROR_VALUE,
                    "\"%s\" is not known; write --dry-run, or --dry-run=hosts", value);
        return -1;
    }
    options_of(target)->dry = value != NULL ? RUN_HOSTS : RUN_DRY;
    return 0;
}

static int take_replay(const char *value, void *target, GError **err)
{
    return replace(&options_of(target)->replay, value, err);
}

/* A file to be written. example: of what is right, before a configuration. */
static int replace_file(char **place, const char *value, const char *example, GError **err)
{
    if (g_str_has_suffix(value, ".cfg")) {
        g_set_error(err, ARGUMENTS_ERROR, ARGUMENTS_ERROR_VALUE,
                    "%s is a configuration file by its name, and would be written over; name the "
                    "file for the results first: %s %s",
                    value, example, value);
        return -1;
    }
    return replace(place, value, err);
}

static int take_json(const char *value, void *target, GError **err)
{
    return replace_file(&options_of(target)->json_file, value, "--json results.json", err);
}

static int take_metrics(const char *value, void *target, GError **err)
{
    if (strcmp(value, "-") == 0) {
        g_set_error(err, ARGUMENTS_ERROR, ARGUMENTS_ERROR_VALUE,
                    "it is a file that is replaced again and again, not stdout; write --metrics "
                    "vtmh.prom");
        return -1;
    }
    return replace_file(&options_of(target)->metrics_file, value, "--metrics vtmh.prom", err);
}

static int take_repeat(const char *value, void *target, GError **err)
{
    return arguments_count(value, REPEAT_MAX, &options_of(target)->repeat, err);
}

static int take_tuple(const char *value, void *target, GError **err)
{
    if (strcmp(value, "all") == 0) {
        options_of(target)->tuple = TUPLE_ALL;
        return 0;
    }
    if (arguments_count(value, TUPLE_MAX, &options_of(target)->tuple, err) == 0)
        return 0;
    if (err != NULL) {
        g_clear_error(err);
        g_set_error(err, ARGUMENTS_ERROR, ARGUMENTS_ERROR_VALUE,
                    "\"%s\" is not a number from 1 to %d, nor \"all\"", value, TUPLE_MAX);
    }
    return -1;
}

static int take_max_fail(const char *value, void *target, GError **err)
{
    return arguments_count(value, REPEAT_MAX, &options_of(target)->max_fail, err);
}

static int take_share(const char *value, void *target, GError **err)
{
    bool share;

    if (params_parse_bool("the value", value, &share, err) < 0)
        return -1;
    options_of(target)->alone = !share;
    return 0;
}

static int read_time(const char *value, int64_t *time_ms, GError **err)
{
    if (params_parse_duration_ms("the time", value, time_ms, err) < 0)
        return -1;
    if (*time_ms > 0)
        return 0;
    g_set_error(err, ARGUMENTS_ERROR, ARGUMENTS_ERROR_VALUE, "the time must not be 0");
    return -1;
}

static int take_for(const char *value, void *target, GError **err)
{
    return read_time(value, &options_of(target)->for_ms, err);
}

static int take_job_timeout(const char *value, void *target, GError **err)
{
    return read_time(value, &options_of(target)->job_timeout_ms, err);
}

static int take_hold(const char *value, void *target, GError **err)
{
    static const char *const points[] = {HOLD_POINTS, NULL};
    struct run_options *options = options_of(target);
    g_strfreev(options->holds);
    options->holds = g_strsplit(value, ",", -1);
    for (char **point = options->holds; *point != NULL; point++)
        if (!g_strv_contains(points, *point)) {
            g_set_error(err, ARGUMENTS_ERROR, ARGUMENTS_ERROR_VALUE,
                        "a test cannot wait at '%s', but before-login, before-leg, after-leg and "
                        "on-failure",
                        *point);
            return -1;
        }
    return 0;
}

#define FLAG(member) .flag = offsetof(struct parsing, member)

static const struct argument table[] = {
    {"machines", 'm', "HOSTS", .take = take_machines,
     .help = "the hosts, separated by commas: [user@]host[:port],\n"
             "or local:NAME for this computer"},
    {"machine-file", 'M', "FILE", .take = take_machine_file,
     .help = "hosts from a file, one a line: NAME [WHERE] KEY=VALUE…, with\n"
             "labels and parameters; with -m those that it names"},
    {"where", .value = "CONDITIONS", .take = take_where,
     .help = "only hosts with these labels, or facts (kernel, arch, cpu, …):\n"
             "'pool=rack3,kernel!=5.10'"},
    SELECTION_ROWS,
    {"test", .value = "N|NAME", .take = take_test,
     .help = "only this test: its number in the list, its full name,\n"
             "or its short name"},
    {"dry-run", .value = "hosts", .take = take_dry_run, .optional = true,
     .help = "tell each test, its hosts, and whether it would run; with\n"
             "=hosts also start the nodes and let the hosts agree on it. Runs\n"
             "no test"},
    {"repeat", .value = "N", .take = take_repeat, .help = "run the list of tests N times"},
    {"for", .value = "TIME", .take = take_for,
     .help = "run the list again and again for this time: 90s, 30m, 72h. The\n"
             "tests that then run end in order after their leg"},
    {"until-fail", FLAG(options.until_fail),
     .help = "run the list again and again until a test ends FAIL or ERROR"},
    {"max-fail", .value = "N", .take = take_max_fail,
     .help = "stop when N tests have ended FAIL or ERROR"},
    {"tuple", .value = "N|all", .take = take_tuple,
     .help = "hosts that one test takes (2); of more hosts each N, in their\n"
             "order, run tests side by side"},
    {"each", FLAG(options.each),
     .help = "run each test on every N hosts, not on the next that are free"},
    {"replay", .value = "JOB", .take = take_replay,
     .help = "run a job again as it was: the folder of its results, or\n"
             "the beginning of its name. With a TEST behind it (its id,\n"
             "number or name there) only this one"},
    {"allow-changed", FLAG(options.allow_changed),
     .help = "replay a job though its configuration has changed since"},
    {"hold", .value = "POINT,…", .take = take_hold,
     .help = "wait there for Enter, and say how to get at the VMs:\n"
             "before-login, before-leg, after-leg, on-failure. No time is\n"
             "over meanwhile"},
    {"keep", FLAG(options.keep),
     .help = "leave the VMs of a test that fails, until vtmh cleanup, and say\n"
             "how to get at them"},
    {"fail-fast", FLAG(options.fail_fast),
     .help = "stop at the first test that ends FAIL or ERROR"},
    {"share", .value = "yes|no", .take = take_share,
     .help = "no: run only where no other job is on the hosts, and let none\n"
             "come meanwhile. yes, the default: jobs run side by side, but\n"
             "for two that would use the same ports or folder"},
    {"job-timeout", .value = "TIME", .take = take_job_timeout,
     .help = "end the job after this time: 90s, 30m, 2h"},
    {"allow-empty", FLAG(options.allow_empty), .help = "end with 0 when every test was skipped"},
    {"results", 'r', "DIR", .take = take_results,
     .help = "where the job's folder is made; by default\n"
             "$XDG_STATE_HOME/vtmh/results, else ~/.local/state/vtmh/results"},
    {"json", .value = "FILE", .take = take_json,
     .help = "write results.json there too; - is stdout"},
    {"metrics", .value = "FILE.prom", .take = take_metrics,
     .help = "keep figures of the running job there for Prometheus, by way\n"
             "of node_exporter's textfile collector"},
    {"accept-new-host-keys", FLAG(options.accept_new_host_keys),
     .help = "trust hosts that known_hosts does not have, and add\n"
             "them; a changed key is still refused"},
    {"quiet", 'q', FLAG(quiet), .help = "only verdicts and the path of the results"},
    {"verbose", 'v', FLAG(verbose), .help = "show the log of the nodes too"},
    {NULL},
};

static const struct arguments arguments = {
    .usage = "vtmh [run] -m HOSTS [options] FILE.cfg [LINE…]\n"
             "       vtmh run --replay JOB [options] [TEST]",
    .about =
        "Migrates virtual machines between the hosts HOSTS as the tests of FILE.cfg say,\n"
        "checks and measures each migration, and leaves a folder with the results, whose path\n"
        "is the last line printed. A LINE acts as if it stood at the end of the file.",
    .more = "examples:\n"
            "  vtmh -m local:a,local:b --only quick migrate.cfg\n"
            "                            two nodes on this computer; no root, no sshd\n"
            "  vtmh -m host1,root@host2:2222 -p mig_speed=1G --repeat 10 migrate.cfg\n"
            "  vtmh -m host1,host2 --dry-run --no jeos migrate.cfg\n"
            "  vtmh run --replay latest 3-quick.ping_pong.tick\n"
            "\n"
            "exit status, a sum of:\n"
            "  0  all passed (some may have been skipped)\n"
            "  1  a test ended with FAIL or ERROR\n"
            "  2  the job could not go on: a host is unreachable or was lost\n"
            "  4  the command line or the configuration is wrong\n"
            "  8  interrupted\n"
            "  16 a test passed with warnings, or a soak drifts\n"
            "  32 nothing was tested: no test passed, none failed (see --allow-empty)",
    .table = table,
    .take_word = selection_take_word,
};

char *run_options_help(void)
{
    return arguments_help(&arguments);
}

static int fail_usage(GError **err, const char *message)
{
    g_set_error(err, ARGUMENTS_ERROR, ARGUMENTS_ERROR_USAGE, "%s", message);
    return -1;
}

/* Whether a line is one that -p makes. */
static bool sets_parameter(const char *line)
{
    return strstr(line, " = ") != NULL && !g_str_has_prefix(line, "only ") &&
           !g_str_has_prefix(line, "no ");
}

/* What to run is said by the job. */
static int check_replay(const struct run_options *options, GError **err)
{
    const GPtrArray *lines = options->selection.extra;
    bool is_changed = options->machines->len > 0 || options->test != NULL ||
                      options->where != NULL || options->repeat != 0 || options->for_ms != 0 ||
                      options->until_fail || options->max_fail != 0 || options->tuple != 2 ||
                      options->each || options->fail_fast || options->alone ||
                      options->job_timeout_ms != 0 || options->selection.defaults ||
                      options->selection.expand != NULL;

    for (unsigned i = 0; i < lines->len; i++)
        is_changed = is_changed || !sets_parameter(g_ptr_array_index(lines, i));
    return is_changed ? fail_usage(err, "--replay takes hosts, tests and options from the job; "
                                        "beside it there can be one TEST, and -p, -r, -q, -v, "
                                        "--json, --metrics, --dry-run, --allow-changed")
                      : 0;
}

/* Leaves out the machines whose labels are not as --where says. */
static int check_where(struct run_options *options, GError **err)
{
    GPtrArray *machines = options->machines;
    const char *strange = where_strange(options->where, machines);
    unsigned before = machines->len;

    if (strange != NULL) {
        g_set_error(err, ARGUMENTS_ERROR, ARGUMENTS_ERROR_USAGE,
                    "--where: no host has a label %s, and the facts are " WHERE_FACTS, strange);
        return -1;
    }
    if (options->tuple == TUPLE_ALL && where_asks_facts(options->where, machines))
        return fail_usage(err, "--tuple all with a --where that asks for facts is not supported: "
                               "how many hosts that are is known too late; use labels");
    for (unsigned i = 0; i < machines->len;) {
        const struct machine *machine = g_ptr_array_index(machines, i);
        g_autofree char *why = where_refuses(options->where, machine, NULL);

        if (why == NULL) {
            i++;
            continue;
        }
        g_ptr_array_add(options->left_out,
                        g_strdup_printf("%s is left out (--where): %s", machine->name, why));
        g_ptr_array_remove_index(machines, i);
    }
    for (unsigned i = 0; i < machines->len; i++)
        ((struct machine *)g_ptr_array_index(machines, i))->index = i;
    if (machines->len > 0)
        return 0;
    g_set_error(err, ARGUMENTS_ERROR, ARGUMENTS_ERROR_USAGE,
                "--where %s: none of the %u hosts is like that", options->where_text, before);
    return -1;
}

static int check_tuple(struct run_options *options, GError **err)
{
    unsigned count = options->machines->len;

    if (options->tuple == TUPLE_ALL && count > TUPLE_MAX) {
        g_set_error(err, ARGUMENTS_ERROR, ARGUMENTS_ERROR_USAGE,
                    "--tuple all: a test takes at most %d hosts, but %u are named", TUPLE_MAX,
                    count);
        return -1;
    }
    if (options->tuple == TUPLE_ALL)
        options->tuple = MAX(count, 2);
    if (count >= options->tuple)
        return 0;
    g_set_error(err, ARGUMENTS_ERROR, ARGUMENTS_ERROR_USAGE,
                "a test takes %u hosts (--tuple), but only %u %s %s", options->tuple, count,
                count == 1 ? "is" : "are",
                options->left_out->len > 0 ? "as --where says" : "named");
    return -1;
}

/* Two ends by failures would leave one of them unheard. */
static int check_failures(const struct run_options *options, GError **err)
{
    if (options->max_fail > 1 && options->fail_fast)
        return fail_usage(err, "--fail-fast stops at the first failure; leave it out to have "
                               "--max-fail");
    if (options->max_fail > 1 && options->until_fail)
        return fail_usage(err, "--until-fail stops at the first failure; to stop at a later one "
                               "write --for TIME or --repeat N with --max-fail");
    return 0;
}

/* What no single option can tell. */
static int check(struct parsing *parsing, GError **err)
{
    struct run_options *options = &parsing->options;
    unsigned count = options->machines->len;

    if (parsing->quiet && parsing->verbose)
        return fail_usage(err, "-q and -v exclude each other");
    if (check_failures(options, err) < 0)
        return -1;
    if (options->replay != NULL)
        return check_replay(options, err);
    if (options->allow_changed)
        return fail_usage(err, "--allow-changed goes with --replay, which is missing");
    if (parsing->options.selection.file == NULL)
        return fail_usage(err, "no configuration file; write vtmh -m HOSTS FILE.cfg");
    if (options->dry == RUN_DRY && count == 0 && options->tuple != TUPLE_ALL)
        return 0; /* nothing but the file can be judged then */
    if (count == 0)
        return fail_usage(err, "no hosts; name them with -m host1,host2 or -m local:a,local:b");
    if (options->where != NULL && check_where(options, err) < 0)
        return -1;
    return check_tuple(options, err);
}

static void parsing_init(struct parsing *parsing)
{
    *parsing = (struct parsing){
        .options = {.machines = inventory_new(), .tuple = 2, .level = DISPLAY_NORMAL}};
    parsing->known = inventory_new();
    parsing->options.left_out = g_ptr_array_new_with_free_func(g_free);
    selection_init(&parsing->options.selection);
}

/* Makes run_options of it, which have all that it owned. */
static struct run_options *parsing_finish(const struct parsing *parsing)
{
    struct run_options *options = g_memdup2(&parsing->options, sizeof(parsing->options));

    if (parsing->quiet || parsing->verbose)
        options->level = parsing->quiet ? DISPLAY_QUIET : DISPLAY_VERBOSE;
    if (options->repeat == 0 && options->for_ms == 0 && !options->until_fail)
        options->repeat = 1;
    return options;
}

int run_options_parse(int argc, char **argv, struct run_options **options_out, GError **err)
{
    g_autoptr(run_options) options = NULL;
    struct parsing parsing;
    int outcome;

    parsing_init(&parsing);
    outcome = arguments_parse(&arguments, argc, argv, &parsing, err);
    if (outcome > ARGUMENTS_PARSED)
        outcome = arguments_print(&arguments, outcome);
    else if (outcome == ARGUMENTS_PARSED &&
             (outcome = inventory_join(parsing.options.machines, parsing.known, err)) == 0)
        outcome = check(&parsing, err);
    g_ptr_array_unref(parsing.known);
    options = parsing_finish(&parsing);
    if (outcome == 0)
        *options_out = g_steal_pointer(&options);
    return outcome;
}

void run_options_free(struct run_options *options)
{
    if (options == NULL)
        return;
    g_ptr_array_unref(options->machines);
    selection_clear(&options->selection);
    where_free(options->where);
    g_free(options->where_text);
    g_ptr_array_unref(options->left_out);
    g_free(options->test);
    g_free(options->replay);
    g_free(options->results_dir);
    g_strfreev(options->holds);
    g_free(options->json_file);
    g_free(options->metrics_file);
    g_free(options);
}
