#include "orchestrator/report/results_json.h"

#include "orchestrator/report/figures.h"
#include "orchestrator/report/file.h"
#include "orchestrator/report/text_json.h"
#include "proto/link.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define UNKNOWN "<unknown>" /* what avocado writes for a text that there is not */
#define REAL_DIGITS 15      /* all that a double holds for certain: no 12.300000000000001 */

/* Of avocado's keys: its readers take a text for granted. */
static json_t *text_or_unknown(const char *text)
{
    return text_json(text != NULL ? text : UNKNOWN);
}

/* What was not measured is null, never 0. Microseconds are the finest that anything here means. */
static json_t *figure(double value)
{
    return isfinite(value) && value >= 0 ? json_real(round(value * 1000) / 1000) : json_null();
}

/* A point of time in seconds since 1970, to the millisecond. */
static json_t *moment(int64_t time_us)
{
    return time_us > 0 ? figure((double)time_us / G_USEC_PER_SEC) : json_null();
}

/* The same for avocado's keys, which have -1 where there was no such moment. */
static json_t *avocado_moment(int64_t time_us)
{
    return time_us > 0 ? moment(time_us) : json_real(-1);
}

/* As avocado writes when a job began: local date and time. Transfer full. */
static char *local_time(int64_t time_us)
{
    g_autoptr(GDateTime) time = g_date_time_new_from_unix_local(time_us / G_USEC_PER_SEC);
    g_autofree char *seconds =
        time_us > 0 && time != NULL ? g_date_time_format(time, "%Y-%m-%d %H:%M:%S") : NULL;

    return seconds == NULL ? NULL
                           : g_strdup_printf("%s.%06d", seconds, (int)(time_us % G_USEC_PER_SEC));
}

/* avocado's paths are absolute. */
static json_t *test_path(const struct job_result *job, const struct test_result *test,
                         const char *file)
{
    g_autofree char *path = NULL;

    if (test->logdir == NULL || job->dir == NULL)
        return text_or_unknown(NULL);
    path = g_build_filename(job->dir, test->logdir, file, NULL);
    return text_json(path);
}

static json_t *ours(const struct job_result *job, const struct test_result *test)
{
    json_t *object = json_object();
    json_t *hosts = json_array();
    json_t *migrations = json_array();

    for (char **host = test->hosts; host != NULL && *host != NULL; host++)
        json_array_append_new(hosts, text_json(*host));
    for (unsigned i = 0; i < test->legs->len; i++)
        json_array_append_new(migrations,
                              figures_json(&figures_of_leg, g_ptr_array_index(test->legs, i)));
    json_object_set_new(object, "full_name", text_json(test->name));
    json_object_set_new(object, "hosts", hosts);
    json_object_set_new(object, "type", text_json(test->type));
    json_object_set_new(object, "guest", text_json(test->guest));
    json_object_set_new(object, "fail_host", text_json(test->fail_host));
    json_object_set_new(object, "fail_cause", text_json(test->fail_cause));
    json_object_set_new(object, "fail_context", text_json(test->fail_context));
    json_object_set_new(object, "notes", texts_json(test->notes));
    json_object_set_new(object, "parameters",
                        test->has_parameters ? test_path(job, test, "parameters.json")
                                             : json_null());
    json_object_set(object, "platform", test->platform);
    json_object_set_new(object, "unknown_parameters", texts_json(test->unknown_parameters));
    json_object_set_new(object, "legs_total", json_integer((json_int_t)test->totals.legs));
    json_object_set_new(object, "legs_kept", json_integer(test->legs->len));
    json_object_set_new(object, "migrations", migrations);
    json_object_set_new(object, "totals", leg_totals_json(&test->totals));
    json_object_set_new(object, "leaks", texts_json(test->leaks));
    return object;
}

static json_t *fail_reason(const struct test_result *test)
{
    g_autofree char *reason = test_result_failure_of_test(test);

    return text_or_unknown(reason);
}

static json_t *one_test(const struct job_result *job, const struct test_result *test)
{
    g_autofree char *id = test_result_id(test);
    json_t *object = json_object();

    json_object_set_new(object, "id", text_json(id));
    json_object_set_new(object, "name", text_json(test->shortname));
    json_object_set_new(object, "status", json_string(status_name(test->status)));
    json_object_set_new(object, "fail_reason", fail_reason(test));
    json_object_set_new(object, "time_start", avocado_moment(test->start_us));
    json_object_set_new(object, "time_end", avocado_moment(test->end_us));
    json_object_set_new(object, "actual_time_start", avocado_moment(test->start_us));
    json_object_set_new(object, "actual_time_end", avocado_moment(test->end_us));
    json_object_set_new(object, "time_elapsed", figure(MAX(test->elapsed_s, 0)));
    json_object_set_new(object, "logdir", test_path(job, test, NULL));
    json_object_set_new(object, "logfile", test_path(job, test, "debug.log"));
    json_object_set_new(object, "tags", json_object());
    json_object_set_new(object, "whiteboard", json_string(""));
    json_object_set_new(object, "vtmh", ours(job, test));
    return object;
}

static json_t *tally(const struct job_result *job, Vtmh__Status status)
{
    return json_integer(job_result_count(job, status));
}

json_t *results_json(const struct job_result *job)
{
    json_t *object = json_object();
    json_t *tests = json_array();
    json_t *own = json_object();
    g_autofree char *log = job->dir ? g_build_filename(job->dir, "job.log", NULL) : NULL;
    g_autofree char *start = local_time(job->start_us);
    unsigned errors = job_result_count(job, VTMH__STATUS__STATUS_ERROR) +
                      job_result_count(job, VTMH__STATUS__STATUS_ABORTED);
    double elapsed_s = 0;

    for (unsigned i = 0; i < job->tests->len; i++) {
        const struct test_result *test = g_ptr_array_index(job->tests, i);

        if (test->status == VTMH__STATUS__STATUS_NONE)
            continue;
        elapsed_s += MAX(test->elapsed_s, 0);
        json_array_append_new(tests, one_test(job, test));
    }
    json_object_set_new(object, "job_id", text_or_unknown(job->id));
    json_object_set_new(object, "debuglog", text_or_unknown(log));
    json_object_set_new(object, "total", json_integer(job->tests->len));
    json_object_set_new(object, "pass", tally(job, VTMH__STATUS__STATUS_PASS));
    json_object_set_new(object, "errors", json_integer(errors));
    json_object_set_new(object, "failures", tally(job, VTMH__STATUS__STATUS_FAIL));
    json_object_set_new(object, "skip", tally(job, VTMH__STATUS__STATUS_SKIP));
    json_object_set_new(object, "cancel", tally(job, VTMH__STATUS__STATUS_CANCEL));
    json_object_set_new(object, "warn", tally(job, VTMH__STATUS__STATUS_WARN));
    json_object_set_new(object, "interrupt", tally(job, VTMH__STATUS__STATUS_INTERRUPT));
    json_object_set_new(object, "time", figure(elapsed_s));
    json_object_set_new(object, "start", text_or_unknown(start));
    json_object_set_new(object, "tests", tests);

    json_object_set_new(own, "command_line", text_json(job->command_line));
    json_object_set_new(
        own, "versions",
        json_pack("{s:s, s:i}", "vtmh", VTMH_VERSION, "protocol", LINK_PROTOCOL_VERSION));
    json_object_set(own, "configuration",
                    job->configuration != NULL ? job->configuration : json_null());
    json_object_set(own, "hosts", job->hosts);
    json_object_set_new(own, "start", moment(job->start_us));
    json_object_set_new(own, "end", moment(job->end_us));
    json_object_set_new(own, "elapsed_s", figure(job->end_us > 0 ? job->elapsed_s : -1));
    json_object_set_new(own, "exit_status", json_integer(job_result_exit_status(job)));
    json_object_set_new(own, "trouble", text_json(job->trouble));
    json_object_set(own, "drift", job->drift != NULL ? job->drift : json_null());
    json_object_set_new(own, "drift_warnings", texts_json(job->drift_warnings));
    json_object_set_new(own, "notes", texts_json(job->notes));
    json_object_set_new(object, "vtmh", own);
    return object;
}

char *results_json_text(const struct job_result *job)
{
    json_t *object = results_json(job);
    char *dumped =
        json_dumps(object, JSON_SORT_KEYS | JSON_INDENT(4) | JSON_REAL_PRECISION(REAL_DIGITS));
    char *text = g_strconcat(dumped, "\n", NULL);

    free(dumped);
    json_decref(object);
    return text;
}

int results_json_write(const struct job_result *job, const char *path, GError **err)
{
    g_autofree char *text = results_json_text(job);

    if (strcmp(path, "-") != 0)
        return file_replace(path, text, err);
    if (fputs(text, stdout) < 0 || fflush(stdout) != 0)
        return file_fail(err, "write", "standard output");
    return 0;
}
