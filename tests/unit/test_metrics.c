#include "orchestrator/job.h"
#include "orchestrator/report/exposition.h"
#include "orchestrator/report/sink.h"

#include <criterion/criterion.h>
#include <glib/gstdio.h>
#include <string.h>

extern const struct sink metrics_sink;

/* A file in Prometheus' text format, read as strictly as its parsers do: a figure of each series.
 */
struct reading {
    GHashTable *types;  /* family -> type */
    GHashTable *series; /* "name{labels}" -> double */
};

static const char *skip_name(const char *at)
{
    cr_assert(g_ascii_isalpha(*at) || *at == '_', "no name: %s", at);
    while (g_ascii_isalnum(*at) || *at == '_')
        at++;
    return at;
}

/* Behind the closing quote. */
static const char *skip_value(const char *at)
{
    cr_assert_eq(*at++, '"');
    for (; *at != '"'; at++) {
        cr_assert(*at != '\0' && (unsigned char)*at >= ' ', "a bare control character: %s", at);
        if (*at == '\\')
            cr_assert(strchr("\\\"n", *++at) != NULL, "unknown escape: \\%c", *at);
    }
    return at + 1;
}

static const char *skip_labels(const char *at)
{
    if (*at != '{')
        return at;
    do {
        at = skip_name(at + 1);
        cr_assert_eq(*at, '=');
        at = skip_value(at + 1);
    } while (*at == ',');
    cr_assert_eq(*at, '}', "%s", at);
    return at + 1;
}

static const char *type_of(const struct reading *reading, const char *name)
{
    static const char *const suffixes[] = {"", "_bucket", "_sum", "_count"};
    for (size_t i = 0; i < G_N_ELEMENTS(suffixes); i++) {
        if (!g_str_has_suffix(name, suffixes[i]))
            continue;
        g_autofree char *family = g_strndup(name, strlen(name) - strlen(suffixes[i]));
        const char *type = g_hash_table_lookup(reading->types, family);
        if (type != NULL && (i == 0) == (strcmp(type, "histogram") != 0))
            return type;
    }
    return NULL;
}

static void read_figure(struct reading *reading, const char *line)
{
    const char *end_of_name = skip_name(line);
    const char *end = skip_labels(end_of_name);
    g_autofree char *name = g_strndup(line, (gsize)(end_of_name - line));
    char *rest;
    const char *type = type_of(reading, name);
    cr_assert_not_null(type, "%s has no TYPE before it", name);
    cr_assert_eq(strcmp(type, "counter") == 0, g_str_has_suffix(name, "_total"), "%s", name);
    cr_assert_eq(*end, ' ', "%s", line);
    double value = g_ascii_strtod(end + 1, &rest);
    cr_assert(*rest == '\0' && rest > end + 1, "%s", line);
    char *series = g_strndup(line, (gsize)(end - line));
    cr_assert(g_hash_table_insert(reading->series, series, g_memdup2(&value, sizeof value)),
              "twice: %s", line);
}

static struct reading read_text(const char *text)
{
    struct reading reading = {
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free),
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free),
    };
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    cr_assert(g_utf8_validate(text, -1, NULL));
    cr_assert(g_str_has_suffix(text, "\n"));
    for (char **line = lines; line[1] != NULL; line++) {
        g_auto(GStrv) words = g_strsplit(*line, " ", 4);
        if (!g_str_has_prefix(*line, "#")) {
            read_figure(&reading, *line);
            continue;
        }
        cr_assert(g_strv_length(words) >= 4, "%s", *line);
        cr_assert_str_empty(skip_name(words[2]));
        if (strcmp(words[1], "TYPE") == 0)
            cr_assert(g_hash_table_insert(reading.types, g_strdup(words[2]), g_strdup(words[3])));
        else
            cr_assert_str_eq(words[1], "HELP");
    }
    return reading;
}

static double figure(const struct reading *reading, const char *series)
{
    const double *value = g_hash_table_lookup(reading->series, series);
    cr_assert_not_null(value, "there is no %s", series);
    return *value;
}

static void clear(struct reading *reading)
{
    g_hash_table_unref(reading->types);
    g_hash_table_unref(reading->series);
}

/* Where promtool is installed, it is asked as well. */
static void ask_promtool(const char *path)
{
    g_autofree char *promtool = g_find_program_in_path("promtool");
    if (promtool == NULL) {
        cr_log_info("no promtool here: only the parser of this test has judged");
        return;
    }
    g_autofree char *command = g_strdup_printf("'%s' check metrics < '%s'", promtool, path);
    char *argv[] = {"sh", "-c", command, NULL};
    g_autofree char *out = NULL, *errors = NULL;
    int status;
    cr_assert(g_spawn_sync(NULL, argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, &out, &errors,
                           &status, NULL));
    cr_assert_eq(status, 0, "%s%s", out, errors);
}

static char *dir, *path;
static struct run_options options;
static struct job_result *result;
static struct job job;

static void set_up(void)
{
    dir = g_dir_make_tmp("test-metrics-XXXXXX", NULL);
    path = g_build_filename(dir, "vtmh.prom", NULL);
    options.metrics_file = path;
    result = job_result_new();
    result->id = g_strdup("0123abc");
    result->start_us = 1700000000000000;
    job = (struct job){.options = &options, .result = result};
}

static void tear_down(void)
{
    g_unlink(path);
    g_rmdir(dir);
    job_result_free(result);
    g_free(path);
    g_free(dir);
}

static struct reading read_file(void)
{
    g_autofree char *text = NULL;
    cr_assert(g_file_get_contents(path, &text, NULL, NULL));
    ask_promtool(path);
    return read_text(text);
}

static struct leg_result *a_leg(const char *source, const char *destination, double downtime_ms)
{
    struct leg_result *leg = leg_result_new();
    leg->vm = g_strdup("vm1");
    leg->source = g_strdup(source);
    leg->destination = g_strdup(destination);
    leg->status = g_strdup("completed");
    leg->downtime_ms = downtime_ms;
    leg->transferred_bytes = 1000;
    leg->memory_check = VTMH__MEMORY_CHECK__MEMORY_CLEAN;
    return leg;
}

Test(metrics, tells_tests_legs_and_hosts_in_base_units, .init = set_up, .fini = tear_down)
{
    void *self = metrics_sink.open(&job, NULL);
    g_autoptr(test_result) test = test_result_new(1, "long", "short");
    g_autoptr(leg_result) one = a_leg("a", "b", 4), two = a_leg("b", "a", 300),
                          lost = a_leg("a", "b", -1);
    Vtmh__Progress progress = VTMH__PROGRESS__INIT;
    progress.vm = "vm1";
    progress.remaining_bytes = 4096;
    progress.dirty_bytes_per_s = -1;
    progress.rate_bytes_per_s = 5e6;
    g_free(lost->status);
    lost->status = g_strdup("failed");
    metrics_sink.host(self, "a", true, NULL);
    metrics_sink.host(self, "b", false, NULL);
    metrics_sink.test_began(self, test, NULL);
    metrics_sink.progress(self, test, "a", &progress, NULL);
    metrics_sink.leg(self, test, one, NULL);
    metrics_sink.leg(self, test, two, NULL);
    metrics_sink.leg(self, test, lost, NULL);
    test->status = VTMH__STATUS__STATUS_FAIL;
    metrics_sink.test_ended(self, test, NULL);
    cr_assert_eq(metrics_sink.close(self, NULL), 0);

    struct reading reading = read_file();
    cr_expect_eq(figure(&reading, "vtmh_job_info{job_id=\"0123abc\"}"), 1);
    cr_expect_eq(figure(&reading, "vtmh_job_running"), 0);
    cr_expect_eq(figure(&reading, "vtmh_job_start_time_seconds"), 1700000000);
    cr_expect_eq(figure(&reading, "vtmh_tests_total{status=\"FAIL\"}"), 1);
    cr_expect_eq(figure(&reading, "vtmh_tests_running"), 0);
    cr_expect_eq(figure(&reading, "vtmh_node_up{host=\"a\"}"), 1);
    cr_expect_eq(figure(&reading, "vtmh_node_up{host=\"b\"}"), 0);
    cr_expect_eq(
        figure(&reading, "vtmh_legs_total{end=\"completed\",source=\"a\",destination=\"b\"}"), 1);
    cr_expect_eq(figure(&reading, "vtmh_legs_total{end=\"failed\",source=\"a\",destination=\"b\"}"),
                 1);
    cr_expect_eq(figure(&reading, "vtmh_leg_downtime_seconds_bucket{le=\"0.0025\"}"), 0);
    cr_expect_eq(figure(&reading, "vtmh_leg_downtime_seconds_bucket{le=\"0.005\"}"), 1);
    cr_expect_eq(figure(&reading, "vtmh_leg_downtime_seconds_bucket{le=\"+Inf\"}"), 2);
    cr_expect_eq(figure(&reading, "vtmh_leg_downtime_seconds_count"), 2);
    cr_expect_float_eq(figure(&reading, "vtmh_leg_downtime_seconds_sum"), 0.304, 1e-9);
    cr_expect_eq(figure(&reading, "vtmh_leg_guest_gap_seconds_count"), 0, "not measured is not 0");
    cr_expect_eq(figure(&reading, "vtmh_memory_checks_total{result=\"clean\"}"), 2);
    cr_expect_eq(figure(&reading, "vtmh_migration_data_processed_bytes_total{source=\"a\","
                                  "destination=\"b\"}"),
                 2000);
    cr_expect_eq(figure(&reading, "vtmh_migration_data_remaining_bytes{vm=\"vm1\"}"), 4096);
    cr_expect_eq(figure(&reading, "vtmh_migration_memory_transfer_rate_bytes{vm=\"vm1\"}"), 5e6);
    cr_expect_null(g_hash_table_lookup(reading.types, "vtmh_migration_dirty_memory_rate_bytes"));
    cr_expect_gt(figure(&reading, "vtmh_last_leg_end_time_seconds"), 1.7e9);
    clear(&reading);
}

Test(metrics, a_hostile_name_stays_in_its_label, .init = set_up, .fini = tear_down)
{
    void *self = metrics_sink.open(&job, NULL);
    g_autofree char *long_name = g_strnfill(3000, 'x');
    const char *const names[] = {"a\"} 1\nvtmh_job_running 7\n#",
                                 "\\",
                                 "\\n",
                                 "\"",
                                 "a\rb\tc\x7f",
                                 "\xff\xfe latin",
                                 "",
                                 "{}=,",
                                 long_name};
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
        metrics_sink.host(self, names[i], true, NULL);
    metrics_sink.close(self, NULL);
    struct reading reading = read_file();
    cr_expect_eq(figure(&reading, "vtmh_job_running"), 0);
    cr_expect_eq(figure(&reading, "vtmh_node_up{host=\"\\\\\"}"), 1);
    cr_expect_eq(figure(&reading, "vtmh_node_up{host=\"\\\\n\"}"), 1);
    cr_expect_eq(figure(&reading, "vtmh_node_up{host=\"\\\"\"}"), 1);
    cr_expect_eq(figure(&reading, "vtmh_node_up{host=\"a?b?c?\"}"), 1);
    cr_expect_eq(figure(&reading, "vtmh_node_up{host=\"a\\\"} 1\\nvtmh_job_running 7\\n#\"}"), 1);
    clear(&reading);
}

Test(metrics, the_number_of_series_has_an_end, .init = set_up, .fini = tear_down)
{
    void *self = metrics_sink.open(&job, NULL);
    g_autoptr(test_result) test = test_result_new(1, "long", "short");
    for (unsigned i = 0; i < 10 * EXPOSITION_SETS; i++) {
        g_autofree char *name = g_strdup_printf("host%u", i);
        g_autoptr(leg_result) leg = a_leg(name, "b", 1);
        metrics_sink.leg(self, test, leg, NULL);
    }
    metrics_sink.close(self, NULL);
    struct reading reading = read_file();
    cr_expect_eq(
        figure(&reading, "vtmh_legs_total{end=\"other\",source=\"other\",destination=\"other\"}"),
        9 * EXPOSITION_SETS);
    cr_expect_lt(g_hash_table_size(reading.series), 3 * EXPOSITION_SETS);
    clear(&reading);
}

Test(metrics, a_file_that_is_not_there_in_the_end_is_a_failure, .init = set_up, .fini = tear_down)
{
    g_autoptr(GError) error = NULL;
    void *self = metrics_sink.open(&job, NULL);
    g_unlink(path);
    g_rmdir(dir);
    cr_assert_eq(metrics_sink.close(self, &error), -1);
    cr_expect_not_null(strstr(error->message, path), "%s", error->message);
}

Test(metrics, nothing_is_written_unless_asked_for, .init = set_up, .fini = tear_down)
{
    options.metrics_file = NULL;
    cr_assert_null(metrics_sink.open(&job, NULL));
    cr_assert_not(g_file_test(path, G_FILE_TEST_EXISTS));
}

Test(metrics, the_file_is_replaced_at_most_once_a_second, .init = set_up, .fini = tear_down)
{
    void *self = metrics_sink.open(&job, NULL);
    g_autofree char *before = NULL, *meanwhile = NULL, *after = NULL;
    cr_assert(g_file_get_contents(path, &before, NULL, NULL));
    int64_t began_us = g_get_monotonic_time();
    metrics_sink.host(self, "a", true, NULL);
    metrics_sink.flush(self, NULL);
    bool is_early = g_get_monotonic_time() - began_us < G_USEC_PER_SEC / 2;
    cr_assert(g_file_get_contents(path, &meanwhile, NULL, NULL));
    metrics_sink.close(self, NULL);
    cr_assert(g_file_get_contents(path, &after, NULL, NULL));
    cr_expect(!is_early || strcmp(before, meanwhile) == 0);
    cr_expect_not_null(strstr(after, "vtmh_node_up{host=\"a\"} 1\n"));
}
