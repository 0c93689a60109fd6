#include "orchestrator/report/results_json.h"

#include <criterion/criterion.h>
#include <glib/gstdio.h>
#include <math.h>
#include <string.h>
#include <time.h>

/* As the host of a VM tells what it runs on. */
static void tell_platform(struct test_result *test)
{
    char *words[] = {(char *)"qemu", (char *)"-name", (char *)"a b", NULL};
    Vtmh__Platform platform = VTMH__PLATFORM__INIT;
    Vtmh__CommandLine line = VTMH__COMMAND_LINE__INIT;

    platform.vm = line.vm = (char *)"vm1";
    platform.machine = (char *)"pc-q35-7.2";
    platform.accelerator = (char *)"kvm";
    platform.cpu_model = (char *)"qemu64";
    platform.ram_bytes = 33554432;
    platform.binary = (char *)"/usr/bin/qemu";
    platform.version = (char *)"7.2.0";
    line.role = (char *)"source";
    line.words = words;
    line.n_words = 3;
    test_result_platform(test, "host1", &platform);
    test_result_command_line(test, "host1", &line);
}

/* One passed test of one leg, one failed one, as the coordinator leaves them. */
static struct job_result *make_job(void)
{
    struct job_result *job = job_result_new();
    struct test_result *passed = test_result_new(1, "variants.quick.tick", "quick.tick");
    struct test_result *failed = test_result_new(2, "variants.quick.jeos", "quick.jeos");
    struct leg_result *leg = leg_result_new();

    job->id = g_strdup("0123456789abcdef0123456789abcdef01234567");
    job->dir = g_strdup("/results/job-1");
    job->command_line = g_strdup("vtmh -m host1,host2 migrate.cfg");
    job->start_us = 1795302000123000;
    job->end_us = 1795302010000000;
    job->elapsed_s = 9.877;

    leg->vm = g_strdup("vm1");
    leg->source = g_strdup("host1");
    leg->destination = g_strdup("host2");
    leg->protocol = g_strdup("tcp");
    leg->guard = g_strdup("token");
    leg->driver = g_strdup("qemu");
    leg->leg = leg->attempt = 1;
    leg->is_as_planned = true;
    leg->status = g_strdup("completed");
    leg->cycle_ms = 412.3004;
    leg->total_ms = 0;
    leg->downtime_ms = 12.3;
    leg->downtime_parts = (struct downtime_parts){9.5, 2, 0.25, 0.5};
    leg->switchover_gap_ms = 13;
    leg->usage[LEG_SOURCE][LEG_HYPERVISOR] = (struct process_usage){120.5, 1 << 20};
    leg->transferred_bytes = 123456789012;
    leg->dirty_syncs = 4;
    leg->iterations = 7;
    leg->pages_sent_again = 900;
    leg->set_pages = 2048;
    g_ptr_array_add(leg->options, g_strdup("xbzrle = yes"));
    json_object_set_new(leg->asked, "mig_speed", json_string("8"));
    leg->xbzrle_pages = 7;
    leg->remaining_bytes = 0;
    leg->memory_check = VTMH__MEMORY_CHECK__MEMORY_CLEAN;
    leg->survivor = VTMH__SURVIVOR__SURVIVOR_DESTINATION;
    test_result_add_leg(passed, leg);
    passed->type = g_strdup("migration_multi_host");
    passed->guest = g_strdup("tick");
    passed->hosts = g_strsplit("host1 host2", " ", -1);
    passed->status = VTMH__STATUS__STATUS_PASS;
    passed->start_us = 1795302001000000;
    passed->end_us = 1795302004250000;
    passed->elapsed_s = 3.25;
    passed->logdir = g_strdup("test-results/1-quick.tick");
    passed->has_parameters = true;
    g_ptr_array_add(passed->unknown_parameters, g_strdup("mine"));
    tell_platform(passed);
    test_result_note(passed, "host1: TCG");
    g_ptr_array_add(job->tests, passed);

    failed->status = VTMH__STATUS__STATUS_FAIL;
    failed->elapsed_s = 1.5;
    failed->fail_host = g_strdup("host2");
    failed->fail_cause = g_strdup("qemu: bad \xff");
    failed->fail_context = g_strdup("migrating vm1");
    g_ptr_array_add(failed->leaks, g_strdup("process 42"));
    g_ptr_array_add(job->tests, failed);
    return job;
}

/* Compares what is at key with JSON text. */
static void expect(const json_t *object, const char *key, const char *text)
{
    json_t *wanted = json_loads(text, JSON_DECODE_ANY, NULL);
    json_t *found = json_object_get(object, key);
    char *shown = found ? json_dumps(found, JSON_ENCODE_ANY | JSON_REAL_PRECISION(15)) : NULL;

    cr_assert(wanted, "the test's own \"%s\" is not JSON", text);
    cr_expect(found && json_equal(found, wanted), "%s is %s, not %s", key, shown, text);
    free(shown);
    json_decref(wanted);
}

static void expect_keys(const json_t *object, const char *const *keys, size_t count)
{
    for (size_t i = 0; i < count; i++)
        cr_expect(json_object_get(object, keys[i]), "no key \"%s\"", keys[i]);
    cr_expect_eq(json_object_size(object), count);
}

static json_t *test_at(json_t *results, size_t index)
{
    return json_array_get(json_object_get(results, "tests"), index);
}

Test(results_json, has_the_keys_of_avocado_and_no_others_but_ours)
{
    static const char *const job_keys[] = {"job_id",   "debuglog", "total",  "pass", "errors",
                                           "failures", "skip",     "cancel", "warn", "interrupt",
                                           "time",     "start",    "tests",  "vtmh"};
    static const char *const test_keys[] = {"id",
                                            "name",
                                            "status",
                                            "fail_reason",
                                            "time_start",
                                            "time_end",
                                            "actual_time_start",
                                            "actual_time_end",
                                            "time_elapsed",
                                            "logdir",
                                            "logfile",
                                            "tags",
                                            "whiteboard",
                                            "vtmh"};
    g_autoptr(job_result) job = make_job();
    json_t *results = results_json(job);

    expect_keys(results, job_keys, G_N_ELEMENTS(job_keys));
    expect_keys(test_at(results, 0), test_keys, G_N_ELEMENTS(test_keys));
    expect_keys(test_at(results, 1), test_keys, G_N_ELEMENTS(test_keys));
    json_decref(results);
}

Test(results_json, tells_the_job)
{
    g_autoptr(job_result) job = make_job();
    json_t *results = results_json(job);

    expect(results, "job_id", "\"0123456789abcdef0123456789abcdef01234567\"");
    expect(results, "debuglog", "\"/results/job-1/job.log\"");
    expect(results, "total", "2");
    expect(results, "pass", "1");
    expect(results, "failures", "1");
    expect(results, "errors", "0");
    expect(results, "time", "4.75");
    expect(results, "vtmh",
           "{\"command_line\": \"vtmh -m host1,host2 migrate.cfg\", \"start\": 1795302000.123,"
           " \"versions\": {\"vtmh\": \"" VTMH_VERSION "\", \"protocol\": 3},"
           " \"configuration\": null, \"hosts\": {},"
           " \"end\": 1795302010.0,"
           " \"elapsed_s\": 9.877, \"exit_status\": 1, \"trouble\": null, \"drift\": null,"
           " \"drift_warnings\": [], \"notes\": []}");
    json_decref(results);
}

Test(results_json, tells_a_test_that_passed)
{
    g_autoptr(job_result) job = make_job();
    json_t *results = results_json(job);
    json_t *test = test_at(results, 0);

    expect(test, "id", "\"1-quick.tick\"");
    expect(test, "name", "\"quick.tick\"");
    expect(test, "status", "\"PASS\"");
    expect(test, "fail_reason", "\"<unknown>\"");
    expect(test, "time_start", "1795302001.0");
    expect(test, "time_end", "1795302004.25");
    expect(test, "actual_time_end", "1795302004.25");
    expect(test, "time_elapsed", "3.25");
    expect(test, "logdir", "\"/results/job-1/test-results/1-quick.tick\"");
    expect(test, "logfile", "\"/results/job-1/test-results/1-quick.tick/debug.log\"");
    expect(test, "vtmh",
           "{\"full_name\": \"variants.quick.tick\", \"hosts\": [\"host1\", \"host2\"],"
           " \"type\": \"migration_multi_host\", \"guest\": \"tick\", \"fail_host\": null,"
           " \"fail_cause\": null, \"fail_context\": null, \"notes\": [\"host1: TCG\"],"
           " \"legs_total\": 1, \"legs_kept\": 1,"
           " \"totals\": {\"status\": {\"completed\": 1},"
           "  \"memory_check\": {\"not_checked\": 0, \"clean\": 1, \"corrupt\": 0},"
           "  \"bad_pages\": 0, \"unplanned\": 0,"
           "  \"cycle_ms\": {\"legs\": 1, \"min\": 412.3, \"mean\": 412.3, \"p50\": 412.3,"
           "   \"p95\": 412.3, \"p99\": 412.3, \"max\": 412.3},"
           "  \"total_ms\": {\"legs\": 1, \"min\": 0.0, \"mean\": 0.0, \"p50\": 0.0,"
           "   \"p95\": 0.0, \"p99\": 0.0, \"max\": 0.0},"
           "  \"downtime_ms\": {\"legs\": 1, \"min\": 12.3, \"mean\": 12.3, \"p50\": 12.3,"
           "   \"p95\": 12.3, \"p99\": 12.3, \"max\": 12.3},"
           "  \"stop_to_resume_ms\": null, \"guest_gap_ms\": null},"
           " \"migrations\": [{\"vm\": \"vm1\", \"source\": \"host1\", \"destination\": \"host2\","
           "  \"protocol\": \"tcp\", \"guard\": \"token\", \"driver\": \"qemu\","
           "  \"leg\": 1, \"attempt\": 1,"
           "  \"status\": \"completed\", \"as_planned\": true, \"offline\": false,"
           "  \"prepared\": false,"
           "  \"cycle_ms\": 412.3, \"prepare_ms\": null, \"total_ms\": 0.0, \"setup_ms\": null,"
           "  \"downtime_ms\": 12.3, \"stop_to_resume_ms\": null,"
           "  \"downtime_parts\": {\"hypervisor_ms\": 9.5, \"moved_ms\": 2.0, \"ledger_ms\": 0.25,"
           "  \"cont_ms\": 0.5}, \"guest_gap_ms\": null, \"guest_gap_source_ms\": null,"
           "  \"switchover_gap_ms\": 13.0,"
           "  \"guest_clock_source_ms\": null, \"guest_clock_destination_ms\": null,"
           "  \"guest_clock_drift_ms\": null,"
           "  \"network_gap_ms\": null, \"network_gap_in_ms\": null, \"network_gap_out_ms\": null,"
           "  \"network_gap_at\": null, \"network_baseline_ms\": null, \"network_lost\": null,"
           "  \"network_announced\": null, \"network_observer\": null, \"transferred_bytes\": "
           "123456789012, \"dirty_syncs\": 4, "
           "\"iterations\": 7,"
           "  \"pages_sent_again\": 900, \"set_pages\": 2048, \"remaining_bytes\": 0,"
           "  \"bytes_per_s\": null, \"options\": [\"xbzrle = yes\"], \"params\": {\"mig_speed\": "
           "\"8\"},"
           "  \"throttle_percent\": null, \"xbzrle_pages\": 7, \"compressed_pages\": null,"
           "  \"multifd_bytes\": null, \"switchover_pauses\": null,"
           "  \"usage\": {\"source\": {\"hypervisor\": {\"cpu_ms\": 120.5,"
           "   \"peak_rss_bytes\": 1048576}, \"node\": null, \"relay\": null},"
           "  \"destination\": {\"hypervisor\": null, \"node\": null, \"relay\": null}},"
           "  \"postcopy_bytes\": null, \"postcopy_requests\": null, \"recoveries\": 0,"
           "  \"mirrored_bytes\": null, \"mirror_ms\": null, \"compare_ms\": null,"
           "  \"memory_check\": \"clean\", \"survivor\": \"destination\"}],"
           " \"parameters\": \"/results/job-1/test-results/1-quick.tick/parameters.json\","
           " \"platform\": {\"vm1\": {\"machine\": \"pc-q35-7.2\", \"accelerator\": \"kvm\","
           "  \"cpu_model\": \"qemu64\", \"ram_bytes\": 33554432, \"hosts\": {\"host1\": {"
           "   \"binary\": \"/usr/bin/qemu\", \"version\": \"7.2.0\","
           "   \"command_lines\": {\"source\": \"qemu -name 'a b'\"}}}}},"
           " \"unknown_parameters\": [\"mine\"], \"leaks\": []}");
    json_decref(results);
}

Test(results_json, tells_a_test_that_failed_before_it_began)
{
    g_autoptr(job_result) job = make_job();
    json_t *results = results_json(job);
    json_t *test = test_at(results, 1);
    json_t *own = json_object_get(test, "vtmh");

    expect(test, "status", "\"FAIL\"");
    expect(test, "fail_reason", "\"test quick.jeos / migrating vm1: qemu: bad \xef\xbf\xbd\"");
    expect(test, "time_start", "-1.0");
    expect(test, "logdir", "\"<unknown>\"");
    expect(own, "hosts", "[]");
    expect(own, "type", "null");
    expect(own, "fail_host", "\"host2\"");
    expect(own, "fail_cause", "\"qemu: bad \xef\xbf\xbd\"");
    expect(own, "fail_context", "\"migrating vm1\"");
    expect(own, "migrations", "[]");
    expect(own, "notes", "[]");
    expect(own, "leaks", "[\"process 42\"]");
    json_decref(results);
}

Test(results_json, counts_each_status_where_avocado_does)
{
    static const Vtmh__Status statuses[] = {
        VTMH__STATUS__STATUS_SKIP,      VTMH__STATUS__STATUS_CANCEL, VTMH__STATUS__STATUS_WARN,
        VTMH__STATUS__STATUS_INTERRUPT, VTMH__STATUS__STATUS_ERROR,  VTMH__STATUS__STATUS_ERROR,
        VTMH__STATUS__STATUS_ABORTED,   VTMH__STATUS__STATUS_NONE};
    g_autoptr(job_result) job = job_result_new();
    json_t *results;

    for (unsigned i = 0; i < G_N_ELEMENTS(statuses); i++) {
        g_ptr_array_add(job->tests, test_result_new(i + 1, "a", "a"));
        ((struct test_result *)g_ptr_array_index(job->tests, i))->status = statuses[i];
    }
    results = results_json(job);
    expect(results, "total", "8");
    expect(results, "pass", "0");
    expect(results, "skip", "1");
    expect(results, "cancel", "1");
    expect(results, "warn", "1");
    expect(results, "interrupt", "1");
    expect(results, "errors", "3");
    expect(results, "failures", "0");
    expect(test_at(results, 3), "status", "\"INTERRUPTED\"");
    cr_expect_eq(json_array_size(json_object_get(results, "tests")), 7);
    json_decref(results);
}

Test(results_json, has_bad_pages_only_when_memory_is_corrupt)
{
    g_autoptr(job_result) job = make_job();
    struct test_result *test = g_ptr_array_index(job->tests, 0);
    struct leg_result *leg = g_ptr_array_index(test->legs, 0);
    json_t *results, *migration;

    leg->memory_check = VTMH__MEMORY_CHECK__MEMORY_CORRUPT;
    leg->bad_pages = 17;
    leg->survivor = VTMH__SURVIVOR__SURVIVOR_UNCERTAIN;
    leg->guest_gap_ms = NAN;
    leg->downtime_parts = (struct downtime_parts){-1, -1, -1, -1};
    leg->total_ms = INFINITY;
    results = results_json(job);
    migration = json_array_get(
        json_object_get(json_object_get(test_at(results, 0), "vtmh"), "migrations"), 0);
    expect(migration, "memory_check", "\"corrupt\"");
    expect(migration, "bad_pages", "17");
    expect(migration, "survivor", "\"uncertain\"");
    expect(migration, "guest_gap_ms", "null");
    expect(migration, "downtime_parts", "null");
    expect(migration, "total_ms", "null");
    json_decref(results);
}

/* What avocado's own readers take for granted: no null, and each key of the type that it has. */
static void expect_avocado_types(const json_t *object, const char *texts, const char *numbers)
{
    const char *key;
    json_t *value;

    json_object_foreach ((json_t *)object, key, value) {
        g_autofree char *word = g_strdup_printf(" %s ", key);

        cr_expect_not(json_is_null(value), "%s is null", key);
        if (strstr(texts, word) != NULL)
            cr_expect(json_is_string(value), "%s is no text", key);
        if (strstr(numbers, word) != NULL)
            cr_expect(json_is_number(value), "%s is no number", key);
    }
}

Test(results_json, has_no_null_where_avocado_has_a_text_or_a_number)
{
    g_autoptr(job_result) job = make_job();
    g_autoptr(job_result) empty = job_result_new();

    g_ptr_array_add(empty->tests, test_result_new(1, "a", "a"));
    ((struct test_result *)g_ptr_array_index(empty->tests, 0))->status = VTMH__STATUS__STATUS_SKIP;
    for (unsigned i = 0; i < 2; i++) {
        json_t *results = results_json(i == 0 ? job : empty);

        expect_avocado_types(results, " job_id debuglog start ",
                             " total pass errors failures skip cancel warn interrupt time ");
        for (size_t k = 0; k < json_array_size(json_object_get(results, "tests")); k++)
            expect_avocado_types(
                test_at(results, k), " id name status fail_reason logdir logfile whiteboard ",
                " time_start time_end actual_time_start actual_time_end time_elapsed ");
        json_decref(results);
    }
}

Test(results_json, tells_the_start_in_local_time_as_avocado_does)
{
    g_autoptr(job_result) job = make_job();
    json_t *results;

    g_setenv("TZ", "UTC-2", TRUE);
    tzset();
    results = results_json(job);
    expect(results, "start", "\"2026-11-22 01:00:00.123000\"");
    json_decref(results);
}

Test(results_json, is_sorted_and_indented_as_avocado_writes_it)
{
    g_autoptr(job_result) job = job_result_new();
    g_autofree char *text = NULL;

    g_setenv("TZ", "UTC", TRUE);
    tzset();
    job->id = g_strdup("ab");
    job->start_us = 1500000;
    text = results_json_text(job);
    cr_expect_str_eq(text,
                     "{\n"
                     "    \"cancel\": 0,\n"
                     "    \"debuglog\": \"<unknown>\",\n"
                     "    \"errors\": 0,\n"
                     "    \"failures\": 0,\n"
                     "    \"interrupt\": 0,\n"
                     "    \"job_id\": \"ab\",\n"
                     "    \"pass\": 0,\n"
                     "    \"skip\": 0,\n"
                     "    \"start\": \"1970-01-01 00:00:01.500000\",\n"
                     "    \"tests\": [],\n"
                     "    \"time\": 0.0,\n"
                     "    \"total\": 0,\n"
                     "    \"vtmh\": {\n"
                     "        \"command_line\": null,\n"
                     "        \"configuration\": null,\n"
                     "        \"drift\": null,\n"
                     "        \"drift_warnings\": [],\n"
                     "        \"elapsed_s\": null,\n"
                     "        \"end\": null,\n"
                     "        \"exit_status\": 0,\n"
                     "        \"hosts\": {},\n"
                     "        \"notes\": [],\n"
                     "        \"start\": 1.5,\n"
                     "        \"trouble\": null,\n"
                     "        \"versions\": {\n"
                     "            \"protocol\": 3,\n"
                     "            \"vtmh\": \"" VTMH_VERSION "\"\n"
                     "        }\n"
                     "    },\n"
                     "    \"warn\": 0\n"
                     "}\n",
                     "%s", text);
}
