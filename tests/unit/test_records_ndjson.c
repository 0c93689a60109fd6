#include "orchestrator/job.h"
#include "orchestrator/report/sink.h"

#include <criterion/criterion.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

extern const struct sink records_ndjson_sink;

static char *folder, *path;
static struct job_result *result;
static struct test_result *test;
static void *sink;

static void open_sink(void)
{
    static struct job job;

    folder = g_dir_make_tmp("vtmh-records-XXXXXX", NULL);
    path = g_build_filename(folder, "records.ndjson", NULL);
    result = job_result_new();
    result->dir = g_strdup(folder);
    test = test_result_new(3, "all.tick", "tick");
    job.result = result;
    sink = records_ndjson_sink.open(&job, NULL);
    cr_assert_not_null(sink);
}

static void close_sink(void)
{
    cr_expect_eq(records_ndjson_sink.close(sink, NULL), 0);
    g_unlink(path);
    g_rmdir(folder);
    test_result_free(test);
    job_result_free(result);
}

TestSuite(records_ndjson, .init = open_sink, .fini = close_sink);

static void add_record(const char *host, const char *note)
{
    Vtmh__Record record = VTMH__RECORD__INIT;
    g_autoptr(GError) error = NULL;

    record.number = 9;
    record.time_us = 1795302000123000;
    record.body_case = VTMH__RECORD__BODY_NOTE;
    record.note = (char *)note;
    cr_assert_eq(records_ndjson_sink.record(sink, test, host, &record, &error), 0, "%s",
                 error ? error->message : "?");
}

static void add_leg(void)
{
    g_autoptr(leg_result) leg = leg_result_new();

    leg->vm = g_strdup("vm1");
    leg->leg = leg->attempt = 1;
    leg->status = g_strdup("completed");
    leg->downtime_ms = 12.3;
    leg->usage[LEG_SOURCE][LEG_NODE].cpu_ms = 1.5;
    cr_assert_eq(records_ndjson_sink.leg(sink, test, leg, NULL), 0);
}

/* Transfer full. */
static char *all(void)
{
    char *text = NULL;

    cr_assert(g_file_get_contents(path, &text, NULL, NULL));
    return text;
}

Test(records_ndjson, is_on_the_disk_line_by_line_as_it_comes)
{
    g_autofree char *text = NULL;

    add_record("a", "TCG");
    text = all();
    cr_expect_str_eq(text, "{\"v\":1,\"record\":\"note\",\"time\":\"2026-11-21T23:00:00.123Z\","
                           "\"test\":3,\"host\":\"a\",\"number\":9,\"text\":\"TCG\"}\n");
}

Test(records_ndjson, has_a_legs_figures_and_leaves_out_what_was_not_measured)
{
    g_autofree char *text = NULL;
    json_t *line;

    add_leg();
    text = all();
    line = json_loads(text, 0, NULL);
    cr_assert_not_null(line);
    cr_expect_str_eq(json_string_value(json_object_get(line, "record")), "leg");
    cr_expect_eq(json_integer_value(json_object_get(line, "leg")), 1);
    cr_expect_eq(json_real_value(json_object_get(line, "downtime_ms")), 12.3);
    cr_expect_null(json_object_get(line, "total_ms"));
    cr_expect_null(json_object_get(line, "downtime_parts"));
    cr_expect_null(json_object_get(line, "params"));
    cr_expect(strstr(text, "\"usage\":{\"source\":{\"node\":{\"cpu_ms\":1.5}}}"), "%s", text);
    json_decref(line);
}

Test(records_ndjson, what_a_node_says_moves_no_cursor_and_fakes_no_line)
{
    g_autofree char *text = NULL;

    /* NOLINTNEXTLINE(misc-misleading-bidirectional): it is to mislead */
    add_record("a\n\x1b[2J", "x\n{\"v\":1}\x1b[2J\xff\xc2\x9b\xe2\x80\xae");
    text = all();
    cr_expect_eq(strchr(text, '\n'), text + strlen(text) - 1, "one line");
    for (const char *c = text; *c != '\n'; c++)
        cr_expect(*c >= 0x20 && *c < 0x7f, "%02x", (unsigned char)*c);
}

Test(records_ndjson, tells_a_test_when_it_begins_and_when_it_ends)
{
    g_autofree char *text = NULL;

    cr_assert_eq(records_ndjson_sink.test_began(sink, test, NULL), 0);
    test->status = VTMH__STATUS__STATUS_FAIL;
    cr_assert_eq(records_ndjson_sink.test_ended(sink, test, NULL), 0);
    text = all();
    char *second = strchr(text, '\n') + 1;
    second[-1] = '\0';
    cr_expect(strstr(text, "\"record\":\"test\"") && !strstr(text, "status"), "%s", text);
    cr_expect(strstr(second, "\"status\":\"FAIL\""), "%s", second);
}

Test(records_ndjson, a_folder_that_is_gone_is_a_failure)
{
    Vtmh__Record record = VTMH__RECORD__INIT;
    g_autoptr(GError) error = NULL;

    g_unlink(path);
    g_rmdir(folder);
    record.body_case = VTMH__RECORD__BODY_NOTE;
    record.note = (char *)"x";
    cr_expect_eq(records_ndjson_sink.record(sink, test, "a", &record, &error), -1);
    cr_expect(error != NULL && strstr(error->message, "records.ndjson"));
}
