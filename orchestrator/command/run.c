#include "orchestrator/command/run.h"

#include "orchestrator/arguments.h"
#include "orchestrator/command/configuration.h"
#include "orchestrator/command/dry_run.h"
#include "orchestrator/inventory_params.h"
#include "orchestrator/job.h"
#include "orchestrator/replay.h"
#include "orchestrator/report/file.h"
#include "orchestrator/report/results_json.h"
#include "orchestrator/secret_params.h"
#include "orchestrator/tests.h"
#include "orchestrator/user_watch.h"

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static int usage_error(const GError *error)
{
    fprintf(stderr, "vtmh: %s\n", error->message);
    return EXIT_BIT_USAGE;
}

/* Told now, not after a job of hours. */
static int check_files(const struct run_options *options, GError **err)
{
    const char *json = options->json_file;
    if (json != NULL && strcmp(json, "-") != 0 && file_check(json, err) < 0)
        return -1;
    return options->metrics_file != NULL ? file_check(options->metrics_file, err) : 0;
}

static struct display *open_display(enum display_level level)
{
    struct winsize size = {0};
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) < 0)
        size = (struct winsize){0};
    return display_new(level, isatty(STDERR_FILENO), size.ws_col, size.ws_row);
}

/* What cannot be written is told as any other trouble of the job, also in what can. */
static void write_results(const struct run_options *options, struct store *store,
                          struct job_result *result)
{
    g_autoptr(GError) unwritten = NULL, elsewhere = NULL;
    if (store_write_results(store, result, &unwritten) < 0)
        job_result_trouble(result, unwritten->message);
    if (options->json_file == NULL ||
        results_json_write(result, options->json_file, &elsewhere) == 0)
        return;
    job_result_trouble(result, elsewhere->message);
    store_write_results(store, result, NULL);
}

static void tell_summary(struct display *display, struct store *store, struct job_result *result)
{
    g_autoptr(GError) error = NULL;
    if (display_summary(display, result, &error) == 0)
        return;
    job_result_trouble(result, error->message);
    display_message(display, "%s", error->message);
    store_write_results(store, result, NULL);
}

static int run_job(const struct run_options *options, const GPtrArray *tests, const char *line)
{
    g_autoptr(secrets) secrets = secrets_new();
    for (unsigned i = 0; i < tests->len; i++)
        secret_params_collect(((const struct planned_test *)g_ptr_array_index(tests, i))->params,
                              secrets);
    for (unsigned i = 0; i < options->machines->len; i++)
        secret_params_collect_labels(
            ((const struct machine *)g_ptr_array_index(options->machines, i))->labels, secrets);

    g_autoptr(GError) error = NULL;
    json_t *configuration = replay_record(options, secrets, tests->len, &error);
    if (configuration == NULL)
        return usage_error(error);
    struct job_result *result = job_result_new();
    result->configuration = configuration;
    result->command_line = secrets_hide(secrets, line);
    result->start_us = g_get_real_time();
    result->allow_empty = options->allow_empty || options->dry != RUN_REAL;
    struct store *store = store_open(options->results_dir, result, &error);
    if (store == NULL) {
        job_result_free(result);
        return usage_error(error);
    }
    struct display *display = open_display(options->level);
    struct job job = {options, tests, store, display, secrets, result};
    if (options->json_file != NULL && strcmp(options->json_file, "-") == 0)
        display_leave_stdout(display);
    job_run(&job);

    write_results(options, store, result);
    /* With -q no verdict has gone to stderr. */
    g_autofree char *trouble = options->level == DISPLAY_QUIET ? g_strdup(result->trouble)
                                                               : job_result_untold_trouble(result);
    if (trouble != NULL)
        display_message(display, "%s", trouble);
    tell_summary(display, store, result);
    int status = job_result_exit_status(result);
    display_free(display);
    store_close(store);
    job_result_free(result);
    return status;
}

static int load_replay(struct run_options *options, GError **err)
{
    g_autofree char *note = NULL;
    if (replay_load(options, &note, err) < 0)
        return -1;
    if (note != NULL)
        fprintf(stderr, "vtmh: %s\n", note);
    return 0;
}

int command_run(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(run_options) options = NULL;
    int parsed = run_options_parse(argc, argv, &options, &error);
    if (parsed > 0)
        return 0;
    if (parsed < 0)
        return usage_error(error);
    user_watch_ignore_questions();
    if (options->replay != NULL && load_replay(options, &error) < 0)
        return usage_error(error);
    if (inventory_params_check(options->machines, &error) < 0)
        return usage_error(error);
    if (options->dry == RUN_DRY)
        return dry_run(options, &error) < 0 ? usage_error(error) : reading_end(NULL);
    g_autoptr(GPtrArray) tests =
        tests_read(&options->selection, options->test, options->tuple, &error);
    if (tests == NULL)
        return usage_error(error);
    if (check_files(options, &error) < 0)
        return usage_error(error);
    g_autofree char *line = arguments_command_line(NULL, argc, argv);
    return run_job(options, tests, line);
}
