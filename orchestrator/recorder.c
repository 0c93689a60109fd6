#include "orchestrator/recorder.h"

#include "orchestrator/parameters_json.h"
#include "orchestrator/report/file.h"

#include <stdlib.h>
#include <string.h>

/* A figure that was not measured is null, not a number that looks like one. */
static json_t *figure(double value)
{
    return value < 0 ? json_null() : json_real(value);
}

/* Something cannot be written any more, so the job ends. What fails first is told: on a disk that
 * is full nothing else can be written either. */
static void take_trouble(struct recorder *recorder, const GError *error)
{
    const char *why = error != NULL ? error->message : store_trouble(recorder->job->store);
    if (why == NULL || recorder->trouble != NULL)
        return;
    recorder->trouble = g_strdup(why);
    job_result_trouble(recorder->job->result, why);
}

/* More of it, as of legs without a guest, would be most of what a coordinator does. */
#define PROGRESS_PER_S 1000

static void on_progress(void *arg, const struct test_result *result, const char *host,
                        const Vtmh__Progress *progress)
{
    struct recorder *recorder = arg;
    display_progress(recorder->job->display, result, host, progress);
    if (!allowance_take(&recorder->progress, PROGRESS_PER_S, g_get_monotonic_time()))
        return;
    store_event(recorder->job->store, "progress",
                json_pack("{s:i, s:s, s:s, s:s, s:i, s:o, s:o, s:o, s:o}", "test",
                          (int)result->number, "host", host, "vm", progress->vm, "phase",
                          progress->phase, "leg", (int)progress->leg, "percent",
                          figure(progress->percent), "rate_bytes_per_s",
                          figure(progress->rate_bytes_per_s), "remaining_bytes",
                          progress->remaining_bytes < 0 ? json_null()
                                                        : json_integer(progress->remaining_bytes),
                          "downtime_ms", figure(progress->downtime_ms)));
    g_autoptr(GError) error = NULL;
    sinks_progress(recorder->sinks, result, host, progress, &error);
    take_trouble(recorder, error);
}

static void on_host(void *arg, const char *host, bool is_up)
{
    struct recorder *recorder = arg;
    g_autoptr(GError) error = NULL;
    sinks_host(recorder->sinks, host, is_up, &error);
    take_trouble(recorder, error);
}

static void on_log(void *arg, const struct test_result *result, const char *host,
                   const Vtmh__LogRecord *record)
{
    const struct recorder *recorder = arg;
    g_autofree char *id = test_result_id(result);
    store_log(recorder->job->store, record->time_us, host,
              *record->role != '\0' ? record->role : NULL, *record->vm != '\0' ? record->vm : NULL,
              id, record->level, record->text);
    display_log(recorder->job->display, host, record->level, record->text);
}

static struct secrets_stream *stream_of(const struct recorder *recorder,
                                        const struct test_result *result, const char *host,
                                        const char *file)
{
    g_autofree char *key = g_strdup_printf("%u/%s/%s", result->number, host, file);
    struct secrets_stream *stream = g_hash_table_lookup(recorder->streams, key);
    if (stream == NULL) {
        stream = secrets_stream_new(recorder->job->secrets);
        g_hash_table_insert(recorder->streams, g_steal_pointer(&key), stream);
    }
    return stream;
}

/* Appends a piece to a file of a host, without secrets. */
static void feed(const struct recorder *recorder, const struct test_result *result,
                 const char *host, const char *file, struct secrets_stream *stream,
                 const void *data, size_t size, bool is_last)
{
    GString *shown = secrets_stream_feed(stream, data, size, is_last);
    g_autoptr(GError) error = NULL;
    if ((shown->len > 0 || !is_last) &&
        store_append(recorder->job->store, result, host, file, shown->str, shown->len, &error) < 0)
        display_message(recorder->job->display, "%s", error->message);
    g_string_free(shown, TRUE);
}

static void on_file(void *arg, const struct test_result *result, const char *host,
                    const Vtmh__FileChunk *chunk)
{
    const struct recorder *recorder = arg;
    static const char cut[] = "\n--[ CUT: the file was too large ]--\n";
    struct secrets_stream *stream = stream_of(recorder, result, host, chunk->name);
    if (chunk->truncated) {
        feed(recorder, result, host, chunk->name, stream, NULL, 0, true);
        feed(recorder, result, host, chunk->name, stream, cut, sizeof(cut) - 1, false);
    }
    feed(recorder, result, host, chunk->name, stream, chunk->data.data, chunk->data.len, false);
}

/* What the ends of a test's files may still have held back. */
static void end_files(struct recorder *recorder, const struct test_result *result)
{
    GHashTableIter iter;
    void *key, *stream;
    g_autofree char *test = g_strdup_printf("%u/", result->number);
    g_hash_table_iter_init(&iter, recorder->streams);
    while (g_hash_table_iter_next(&iter, &key, &stream)) {
        if (!g_str_has_prefix(key, test))
            continue;
        const char *of_host = (const char *)key + strlen(test);
        const char *slash = strchr(of_host, '/');
        g_autofree char *host = g_strndup(of_host, (gsize)(slash - of_host));
        feed(recorder, result, host, slash + 1, stream, NULL, 0, true);
        g_hash_table_iter_remove(&iter);
    }
}

static void on_failing(void *arg, const struct test_result *result, const char *host,
                       const char *message)
{
    const struct recorder *recorder = arg;
    g_autofree char *id = test_result_id(result);
    /* A hypervisor's words need not be UTF-8; JSON must be. */
    g_autofree char *cause = g_utf8_make_valid(message, -1);
    store_event(
        recorder->job->store, "test_failing",
        json_pack("{s:i, s:s, s:s}", "test", (int)result->number, "host", host, "cause", cause));
    store_log(recorder->job->store, g_get_real_time(), host, NULL, NULL, id,
              VTMH__LOG_LEVEL__LOG_ERROR, cause);
}

static void on_record(void *arg, const struct test_result *result, const char *host,
                      const Vtmh__Record *record)
{
    struct recorder *recorder = arg;
    g_autoptr(GError) error = NULL;
    drift_watch_record(&recorder->drift, result, host, record);
    sinks_record(recorder->sinks, result, host, record, &error);
    take_trouble(recorder, error);
}

/* The coordinator's own sample, as those of the hosts. */
static void feed_own(struct recorder *recorder, const struct test_result *result,
                     Vtmh__Sample *sample)
{
    Vtmh__Record record = VTMH__RECORD__INIT;
    g_autoptr(GError) error = NULL;
    record.time_us = g_get_real_time();
    record.body_case = VTMH__RECORD__BODY_SAMPLE;
    record.sample = sample;
    sinks_record(recorder->sinks, result, "coordinator", &record, &error);
    take_trouble(recorder, error);
}

static void on_leg(void *arg, const struct test_result *result, const struct leg_result *leg)
{
    struct recorder *recorder = arg;
    Vtmh__Sample own;
    g_autoptr(GError) error = NULL;
    if (drift_watch_leg(&recorder->drift, result, leg, &own))
        feed_own(recorder, result, &own);
    sinks_leg(recorder->sinks, result, leg, &error);
    take_trouble(recorder, error);
}

/*
 * results.json is written whole, and grows with the tests. So it is written when the last one is a
 * second old and writing took no more than a twentieth of the time since; after a failure at once,
 * unless that would take more than half of the time. What is not written now is due.
 */
#define MAX_AGE_US G_USEC_PER_SEC
#define TIMES_AFTER_PASS 20
#define TIMES_AFTER_FAILURE 2

static void write_results(struct recorder *recorder, bool has_failed)
{
    g_autoptr(GError) error = NULL;
    int64_t now_us = g_get_monotonic_time();
    int64_t age_us = now_us - recorder->written_us;
    recorder->is_due = has_failed
                           ? age_us < TIMES_AFTER_FAILURE * recorder->writing_us
                           : age_us < MAX(MAX_AGE_US, TIMES_AFTER_PASS * recorder->writing_us);
    if (recorder->is_due)
        return;
    if (store_write_results(recorder->job->store, recorder->job->result, &error) < 0)
        display_message(recorder->job->display, "%s", error->message);
    recorder->written_us = g_get_monotonic_time();
    recorder->writing_us = recorder->written_us - now_us;
}

static int on_flush(void *arg, GError **err)
{
    struct recorder *recorder = arg;
    g_autoptr(GError) error = NULL;
    sinks_flush(recorder->sinks, &error);
    take_trouble(recorder, error);
    if (recorder->is_due)
        write_results(recorder, false);
    if (recorder->trouble == NULL)
        return 0;
    g_set_error_literal(err, G_FILE_ERROR, G_FILE_ERROR_FAILED, recorder->trouble);
    return -1;
}

static void free_stream(gpointer stream)
{
    secrets_stream_free(stream);
}

void recorder_init(struct recorder *recorder, struct job *job)
{
    recorder->job = job;
    recorder->streams = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_stream);
    g_autoptr(GError) error = NULL;
    recorder->sinks = sinks_open(job, &error);
    take_trouble(recorder, error);
    drift_watch_init(&recorder->drift, job->options->for_ms > 0);
}

const char *recorder_trouble(const struct recorder *recorder)
{
    return recorder->trouble;
}

static void write_drift(struct recorder *recorder, const char *text)
{
    g_autofree char *path = g_build_filename(recorder->job->result->dir, "drift.txt", NULL);
    g_autoptr(GError) error = NULL;
    if (file_replace(path, text, &error) < 0)
        take_trouble(recorder, error);
}

void recorder_tell_drift(struct recorder *recorder)
{
    g_autofree char *text = drift_watch_text(&recorder->drift);
    write_drift(recorder, text);
    display_text(recorder->job->display, text);
}

static void end_drift(struct recorder *recorder)
{
    const struct job_result *result = recorder->job->result;
    drift_watch_job_ended(&recorder->drift, recorder->job->result);
    if (result->drift_text != NULL)
        write_drift(recorder, result->drift_text);
    drift_watch_clear(&recorder->drift);
}

void recorder_clear(struct recorder *recorder)
{
    g_autoptr(GError) error = NULL;
    end_drift(recorder);
    sinks_close(recorder->sinks, &error);
    take_trouble(recorder, error);
    g_hash_table_unref(recorder->streams);
    g_free(recorder->trouble);
}

struct coordinator_listener recorder_listener(struct recorder *recorder)
{
    return (struct coordinator_listener){
        .host = on_host,
        .progress = on_progress,
        .log = on_log,
        .file = on_file,
        .failing = on_failing,
        .record = on_record,
        .leg = on_leg,
        .flush = on_flush,
        .arg = recorder,
    };
}

/* The hosts of a test: one that never began might have run on the first of all. Transfer full. */
static GStrv hosts_of(const struct recorder *recorder, const struct test_result *result)
{
    const GPtrArray *machines = recorder->job->options->machines;
    g_autoptr(GStrvBuilder) names = g_strv_builder_new();
    if (result->hosts != NULL)
        return g_strdupv(result->hosts);
    for (unsigned i = 0; i < MIN(recorder->job->options->tuple, machines->len); i++)
        g_strv_builder_add(names, ((const struct machine *)g_ptr_array_index(machines, i))->name);
    return g_strv_builder_end(names);
}

/* The test's folder, and what was asked for in it. */
static void make_folder(struct recorder *recorder, const struct params *params,
                        struct test_result *result)
{
    g_auto(GStrv) hosts = hosts_of(recorder, result);
    g_autoptr(GError) error = NULL;
    json_t *parameters = parameters_json(params, (const char *const *)hosts, g_strv_length(hosts));
    char *plain = json_dumps(parameters, JSON_SORT_KEYS | JSON_INDENT(1));
    /* A secret may stand in another parameter, too. */
    g_autofree char *text = secrets_hide(recorder->job->secrets, plain);
    if (store_begin_test(recorder->job->store, result, &error) < 0 ||
        store_write(recorder->job->store, result, "parameters.json", text, &error) < 0)
        display_message(recorder->job->display, "%s", error->message);
    else
        result->has_parameters = true;
    free(plain);
    json_decref(parameters);
}

void recorder_begin_test(struct recorder *recorder, const struct params *params,
                         struct test_result *result)
{
    make_folder(recorder, params, result);
    drift_watch_test_began(&recorder->drift, params);
    store_event(recorder->job->store, "test_start",
                json_pack("{s:i, s:s}", "test", (int)result->number, "name", result->name));
    display_test_begin(recorder->job->display, result, recorder->total);
    g_autoptr(GError) error = NULL;
    sinks_test_began(recorder->sinks, result, &error);
    take_trouble(recorder, error);
}

static Vtmh__LogLevel level_of(Vtmh__Status status)
{
    switch (status) {
    case VTMH__STATUS__STATUS_PASS:
        return VTMH__LOG_LEVEL__LOG_INFO;
    case VTMH__STATUS__STATUS_WARN:
    case VTMH__STATUS__STATUS_SKIP:
    case VTMH__STATUS__STATUS_CANCEL:
        return VTMH__LOG_LEVEL__LOG_WARNING;
    default:
        return VTMH__LOG_LEVEL__LOG_ERROR;
    }
}

static void tell_end(struct recorder *recorder, const struct test_result *result)
{
    g_autoptr(GError) error = NULL;
    sinks_test_ended(recorder->sinks, result, &error);
    take_trouble(recorder, error);
    g_autofree char *id = test_result_id(result);
    g_autofree char *cause =
        result->fail_cause != NULL ? g_utf8_make_valid(result->fail_cause, -1) : NULL;
    g_autofree char *failure = test_result_failure_of_test(result);
    store_event(recorder->job->store, "test_end",
                json_pack("{s:i, s:s, s:s?, s:s?, s:f}", "test", (int)result->number, "status",
                          status_name(result->status), "fail_host", result->fail_host, "fail_cause",
                          cause, "elapsed_s", result->elapsed_s));
    store_log(recorder->job->store, g_get_real_time(), result->fail_host, NULL, NULL, id,
              level_of(result->status), failure == NULL ? status_name(result->status) : failure);
    display_test_end(recorder->job->display, result, recorder->total);
}

void recorder_end_test(struct recorder *recorder, struct test_result *result)
{
    end_files(recorder, result);
    drift_watch_test_ended(&recorder->drift, result);
    drift_watch_report(&recorder->drift, recorder->job->result);
    tell_end(recorder, result);
    store_end_test(recorder->job->store, result);
    job_result_settle(recorder->job->result, result);
    write_results(recorder, level_of(result->status) == VTMH__LOG_LEVEL__LOG_ERROR);
}

void recorder_leave_out(struct recorder *recorder, const struct params *params,
                        struct test_result *result)
{
    make_folder(recorder, params, result);
    tell_end(recorder, result);
    store_end_test(recorder->job->store, result);
    write_results(recorder, false);
}
