#include "orchestrator/report/store.h"

#include <criterion/criterion.h>
#include <ftw.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char *root;

static void make_root(void)
{
    root = g_dir_make_tmp("vtmh-store-XXXXXX", NULL);
    cr_assert_not_null(root);
}

static int remove_one(const char *path, G_GNUC_UNUSED const struct stat *status,
                      G_GNUC_UNUSED int type, G_GNUC_UNUSED struct FTW *walk)
{
    return remove(path);
}

static void remove_root(void)
{
    nftw(root, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    g_free(root);
}

TestSuite(store, .init = make_root, .fini = remove_root);

static struct store *open_store(struct job_result *job)
{
    GError *error = NULL;
    struct store *store = store_open(root, job, &error);

    cr_assert(store, "%s", error ? error->message : "?");
    return store;
}

/* The text of a file below the job's folder. Transfer full. */
static char *read_file(const struct job_result *job, const char *name)
{
    g_autofree char *path = g_build_filename(job->dir, name, NULL);
    char *text = NULL;

    cr_assert(g_file_get_contents(path, &text, NULL, NULL), "no %s", path);
    return text;
}

static struct test_result *begin(struct store *store, unsigned number, const char *name)
{
    struct test_result *test = test_result_new(number, name, name);
    GError *error = NULL;

    cr_assert_eq(store_begin_test(store, test, &error), 0, "%s", error ? error->message : "?");
    return test;
}

Test(store, makes_the_folder_that_time_and_id_name)
{
    g_autoptr(job_result) job = job_result_new();
    g_autofree char *wanted = NULL, *id = NULL, *id_line = NULL, *results = NULL;

    job->start_us = 1795302005000000;
    g_autoptr(store) store = open_store(job);
    cr_assert_eq(strlen(job->id), 40);
    cr_expect_eq(strspn(job->id, "0123456789abcdef"), 40);
    wanted = g_strdup_printf("%s/job-2026-11-21T23.00.05-%.7s", root, job->id);
    cr_expect_str_eq(job->dir, wanted);
    cr_expect_str_eq(job->dir, wanted);
    id = read_file(job, "id");
    id_line = g_strconcat(job->id, "\n", NULL);
    cr_expect_str_eq(id, id_line);
    results = read_file(job, "results.json");
    cr_expect(strstr(results, "\"tests\": []"));
}

Test(store, gives_two_jobs_of_one_second_folders_of_their_own)
{
    g_autoptr(job_result) one = job_result_new(), two = job_result_new();

    one->start_us = two->start_us = 1795302005000000;
    g_autoptr(store) first = open_store(one);
    g_autoptr(store) second = open_store(two);
    cr_expect_str_neq(one->dir, two->dir);
}

Test(store, moves_the_link_to_the_newest_job)
{
    g_autofree char *link = g_build_filename(root, "latest", NULL);

    for (unsigned i = 0; i < 2; i++) {
        g_autoptr(job_result) job = job_result_new();
        g_autoptr(store) store = open_store(job);
        g_autofree char *target = g_file_read_link(link, NULL);
        g_autofree char *name = g_path_get_basename(job->dir);

        cr_expect_str_eq(target, name);
    }
}

Test(store, runs_on_and_says_so_when_the_link_cannot_be_made)
{
    g_autofree char *link = g_build_filename(root, "latest", NULL);
    g_autofree char *log = NULL;
    g_autoptr(job_result) job = job_result_new();
    g_autoptr(GDir) dir = NULL;

    cr_assert_eq(g_mkdir(link, 0700), 0);
    g_autoptr(store) store = open_store(job);
    log = read_file(job, "job.log");
    cr_expect(strstr(log, "WARN  - - - -: cannot replace "), "%s", log);
    dir = g_dir_open(root, 0, NULL);
    for (const char *name; (name = g_dir_read_name(dir)) != NULL;)
        cr_expect(strcmp(name, "latest") == 0 || g_str_has_prefix(name, "job-"), "left: %s", name);
}

Test(store, names_the_folder_that_cannot_be_made)
{
    g_autofree char *file = g_build_filename(root, "file", NULL);
    g_autofree char *below = g_build_filename(file, "results", NULL);
    g_autoptr(job_result) job = job_result_new();
    g_autoptr(GError) error = NULL;

    cr_assert(g_file_set_contents(file, "", 0, NULL));
    cr_assert_null(store_open(below, job, &error));
    cr_expect(strstr(error->message, below), "%s", error->message);
    cr_expect_null(job->id);
    cr_expect_null(job->dir);
}

Test(store, puts_results_where_xdg_says_when_no_folder_is_given)
{
    g_autoptr(job_result) job = job_result_new();
    g_autoptr(store) store = NULL;
    g_autofree char *prefix = g_strconcat(root, "/vtmh/results/job-", NULL);

    cr_assert(g_setenv("XDG_STATE_HOME", root, TRUE));
    store = store_open(NULL, job, NULL);
    cr_assert_not_null(store);
    cr_expect(g_str_has_prefix(job->dir, prefix), "%s", job->dir);
}

Test(store, writes_one_line_a_record)
{
    g_autoptr(job_result) job = job_result_new();
    g_autoptr(store) store = open_store(job);
    g_autofree char *log = NULL;

    store_log(store, 1795302000123000, "host1", "source", "vm1", "3-quick.ping_pong",
              VTMH__LOG_LEVEL__LOG_INFO, "leg 1 began");
    store_log(store, 1795302000124000, NULL, NULL, "", NULL, VTMH__LOG_LEVEL__LOG_ERROR,
              "two\nlines \x1b[2J");
    log = read_file(job, "job.log");
    cr_expect_str_eq(
        log, "2026-11-21T23:00:00.123Z INFO  host1 source vm1 3-quick.ping_pong: leg 1 began\n"
             "2026-11-21T23:00:00.124Z ERROR - - - -: two\\nlines \\x1b[2J\n");
}

Test(store, puts_all_of_a_test_into_its_folder_and_no_detail_into_the_jobs_log)
{
    g_autoptr(job_result) job = job_result_new();
    g_autoptr(store) store = open_store(job);
    g_autoptr(test_result) test = begin(store, 1, "tick");
    g_autofree char *own = NULL, *all = NULL;

    store_log(store, 0, "host1", NULL, NULL, "1-tick", VTMH__LOG_LEVEL__LOG_DEBUG, "mine");
    store_log(store, 0, "host1", NULL, NULL, "1-tick", VTMH__LOG_LEVEL__LOG_INFO, "mine too");
    store_log(store, 0, "host1", NULL, NULL, "2-tick", VTMH__LOG_LEVEL__LOG_INFO, "not mine");
    own = read_file(job, "test-results/1-tick/debug.log");
    all = read_file(job, "job.log");
    cr_expect_str_eq(own, "1970-01-01T00:00:00.000Z DEBUG host1 - - 1-tick: mine\n"
                          "1970-01-01T00:00:00.000Z INFO  host1 - - 1-tick: mine too\n");
    cr_expect_str_eq(all, "1970-01-01T00:00:00.000Z INFO  host1 - - 1-tick: mine too\n"
                          "1970-01-01T00:00:00.000Z INFO  host1 - - 2-tick: not mine\n");
}

Test(store, writes_events_as_versioned_lines_of_json)
{
    g_autoptr(job_result) job = job_result_new();
    g_autoptr(store) store = open_store(job);
    g_autofree char *text = NULL;
    g_auto(GStrv) lines = NULL;
    json_t *event;

    store_event(store, "job_start", NULL);
    store_event(store, "leg_end",
                json_pack("{s:s, s:f, s:i}", "vm", "vm1\n", "downtime_ms", 12.3, "v", 99));
    text = read_file(job, "events.ndjson");
    lines = g_strsplit(text, "\n", -1);
    cr_assert_eq(g_strv_length(lines), 3);
    cr_expect(g_str_has_prefix(lines[0], "{\"v\":1,\"time\":\"2"), "%s", lines[0]);
    cr_expect(g_str_has_suffix(lines[0], "Z\",\"event\":\"job_start\"}"), "%s", lines[0]);
    event = json_loads(lines[1], 0, NULL);
    cr_assert_not_null(event);
    cr_expect_eq(json_integer_value(json_object_get(event, "v")), 1);
    cr_expect_str_eq(json_string_value(json_object_get(event, "vm")), "vm1\n");
    cr_expect(strstr(lines[1], "\"downtime_ms\":12.3}"), "%s", lines[1]);
    json_decref(event);
}

Test(store, makes_names_of_tests_fit_for_any_file_system)
{
    static const struct {
        const char *name, *folder;
    } cases[] = {
        {"a/b", "test-results/1-a_b"},
        {"../../etc", "test-results/2-.._.._etc"},
        {"a<b>:\"\\|?*;c", "test-results/3-a_b________c"},
        {"tab\tnewline\n", "test-results/4-tab_newline_"},
    };
    g_autoptr(job_result) job = job_result_new();
    g_autoptr(store) store = open_store(job);

    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(test_result) test = begin(store, i + 1, cases[i].name);
        g_autofree char *path = g_build_filename(job->dir, test->logdir, NULL);

        cr_expect_str_eq(test->logdir, cases[i].folder, "%s", test->logdir);
        cr_expect(g_file_test(path, G_FILE_TEST_IS_DIR));
    }
}

Test(store, cuts_long_names_at_whole_characters)
{
    g_autoptr(job_result) job = job_result_new();
    g_autoptr(store) store = open_store(job);
    GString *name = g_string_new(NULL);
    g_autoptr(test_result) test = NULL, next = NULL;
    g_autofree char *base = NULL;

    for (unsigned i = 0; i < 200; i++)
        g_string_append(name, "é");
    test = begin(store, 1, name->str);
    next = begin(store, 2, name->str);
    base = g_path_get_basename(test->logdir);
    cr_expect_eq(strlen(base), 254); /* "1-" and 126 characters of two bytes */
    cr_expect(g_utf8_validate(base, -1, NULL));
    cr_expect_str_neq(test->logdir, next->logdir);
    g_string_free(name, TRUE);
}

Test(store, appends_the_pieces_of_a_nodes_file)
{
    g_autoptr(job_result) job = job_result_new();
    g_autoptr(store) store = open_store(job);
    g_autoptr(test_result) test = begin(store, 1, "tick");
    g_autofree char *text = NULL, *other = NULL;

    cr_expect_eq(store_append(store, test, "host1", "vm1.serial.log", "one ", 4, NULL), 0);
    cr_expect_eq(store_append(store, test, "host1", "vm1.serial.log", "two", 3, NULL), 0);
    cr_expect_eq(store_append(store, test, "[::1]:2", "vm1/qemu.log", "x", 1, NULL), 0);
    text = read_file(job, "test-results/1-tick/host1/vm1.serial.log");
    other = read_file(job, "test-results/1-tick/[__1]_2/vm1/qemu.log");
    cr_expect_str_eq(text, "one two");
    cr_expect_str_eq(other, "x");
}

static int64_t bytes_below(const char *path)
{
    g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
    int64_t bytes = 0;

    for (const char *name; dir != NULL && (name = g_dir_read_name(dir)) != NULL;) {
        g_autofree char *below = g_build_filename(path, name, NULL);
        struct stat info;

        if (lstat(below, &info) == 0)
            bytes += S_ISDIR(info.st_mode) ? bytes_below(below) : info.st_size;
    }
    return bytes;
}

Test(store, keeps_the_beginning_and_the_end_of_a_file_too_long_and_says_so)
{
    g_autoptr(job_result) job = job_result_new();
    g_autoptr(store) store = open_store(job);
    g_autoptr(test_result) test = begin(store, 1, "tick");
    g_autofree char *log = NULL, *first = NULL, *newest = NULL;
    char line[1024];

    for (unsigned i = 0; i < 20 * 1024; i++) {
        g_snprintf(line, sizeof line, "%1022u\n", i);
        cr_assert_eq(store_append(store, test, "host1", "vm1.qmp.log", line, 1023, NULL), 0);
    }
    first = read_file(job, "test-results/1-tick/host1/vm1.qmp.log.first");
    newest = read_file(job, "test-results/1-tick/host1/vm1.qmp.log");
    log = read_file(job, "job.log");
    cr_expect(g_str_has_prefix(g_strchug(first), "0\n"));
    cr_expect(g_str_has_suffix(newest, " 20479\n"));
    cr_expect_eq(strlen(newest) % 1023, 0, "it begins with a whole line");
    cr_expect(strstr(log, "vm1.qmp.log has become too long"), "%s", log);
    cr_expect_eq(g_strrstr(log, "too long"), strstr(log, "too long"), "told once");
    cr_expect_leq(bytes_below(job->dir), 3 * STORE_FILE_PART_BYTES + 100000 + (1 << 20));
}

Test(store, leaves_out_what_a_host_sends_beyond_its_share_and_says_so_once)
{
    g_autoptr(job_result) job = job_result_new();
    g_autoptr(store) store = open_store(job);
    g_autoptr(test_result) test = begin(store, 1, "tick");
    g_autofree char *part = g_malloc0(STORE_FILE_PART_BYTES);
    g_autofree char *host = g_build_filename(job->dir, "test-results/1-tick/host1", NULL);
    g_autofree char *other = NULL;
    g_autoptr(GError) error = NULL;
    unsigned told = 0;

    for (unsigned i = 0; i < 40; i++) {
        g_autofree char *name = g_strdup_printf("file%u", i);
        g_autoptr(GError) one = NULL;

        if (store_append(store, test, "host1", name, part, STORE_FILE_PART_BYTES, &one) == 0)
            continue;
        told++;
        cr_expect(strstr(one->message, "files of host1 for this test are larger than 128 MiB"),
                  "%s", one->message);
    }
    cr_expect_eq(told, 1);
    cr_expect_leq(bytes_below(host), STORE_HOST_BYTES);
    cr_expect_geq(bytes_below(host), STORE_HOST_BYTES - 2 * STORE_FILE_PART_BYTES);
    cr_expect_null(store_trouble(store));
    cr_expect_eq(store_append(store, test, "host2", "more", "x", 1, NULL), 0, "it has its own");
    other = read_file(job, "test-results/1-tick/host2/more");
    cr_expect_str_eq(other, "x");
}

Test(store, empty_files_without_end_count_as_well)
{
    g_autoptr(job_result) job = job_result_new();
    g_autoptr(store) store = open_store(job);
    g_autoptr(test_result) test = begin(store, 1, "tick");
    unsigned sent = 0;

    for (; sent < 100000; sent++) {
        g_autofree char *name = g_strdup_printf("file%u", sent);

        if (store_append(store, test, "host1", name, "", 0, NULL) < 0)
            break;
    }
    cr_expect_lt(sent, 40000);
}

Test(store, refuses_names_that_lead_out_of_the_folder)
{
    static const char *const names[] = {"",     "..", "../x", "a/../../x", "/etc/passwd",
                                        "a//b", "a/", ".",    "a/./b"};
    g_autoptr(job_result) job = job_result_new();
    g_autoptr(store) store = open_store(job);
    g_autoptr(test_result) test = begin(store, 1, "tick");
    g_autofree char *text = NULL;

    for (unsigned i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autoptr(GError) error = NULL;

        cr_expect_eq(store_append(store, test, "host1", names[i], "x", 1, &error), -1, "%s",
                     names[i]);
        cr_assert(error != NULL);
        cr_expect(strstr(error->message, "host1 sent a file with the forbidden name"));
    }
    /* A machine's own name cannot lead out either. */
    cr_expect_eq(store_append(store, test, "..", "x", "x", 1, NULL), 0);
    text = read_file(job, "test-results/1-tick/_./x");
    cr_expect_str_eq(text, "x");
}

Test(store, refuses_files_of_a_test_that_has_not_begun)
{
    g_autoptr(job_result) job = job_result_new();
    g_autoptr(store) store = open_store(job);
    g_autoptr(test_result) test = test_result_new(1, "tick", "tick");
    g_autoptr(GError) error = NULL;

    cr_expect_eq(store_append(store, test, "host1", "x", "x", 1, &error), -1);
    cr_expect(strstr(error->message, "1-tick has no folder"));
}

Test(store, writes_results_anew_after_every_test)
{
    g_autoptr(job_result) job = job_result_new();
    g_autoptr(store) store = open_store(job);

    for (unsigned i = 1; i <= 2; i++) {
        struct test_result *test = begin(store, i, "tick");
        g_autofree char *text = NULL;
        json_t *results;

        test->status = VTMH__STATUS__STATUS_PASS;
        g_ptr_array_add(job->tests, test);
        cr_assert_eq(store_write_results(store, job, NULL), 0);
        text = read_file(job, "results.json");
        results = json_loads(text, 0, NULL);
        cr_assert_not_null(results);
        cr_expect_eq(json_integer_value(json_object_get(results, "pass")), i);
        json_decref(results);
    }
}

Test(store, writes_no_more_when_something_cannot_be_written_but_says_why)
{
    g_autoptr(job_result) job = job_result_new();
    g_autoptr(store) store = open_store(job);
    g_autoptr(test_result) test = begin(store, 1, "tick");
    g_autofree char *folder = g_build_filename(job->dir, test->logdir, NULL);
    g_autofree char *log = NULL;

    cr_assert_eq(g_rmdir(folder), 0);
    cr_expect_null(store_trouble(store));
    store_log(store, 0, NULL, NULL, NULL, "1-tick", VTMH__LOG_LEVEL__LOG_DEBUG, "lost");
    cr_assert_not_null(store_trouble(store));
    cr_expect(strstr(store_trouble(store), "debug.log"), "%s", store_trouble(store));
    store_log(store, 0, NULL, NULL, NULL, NULL, VTMH__LOG_LEVEL__LOG_ERROR, "after");
    log = read_file(job, "job.log");
    cr_expect_str_eq(log, "");
    cr_expect_eq(store_write_results(store, job, NULL), 0);
}

Test(store, takes_nothing_of_a_test_that_has_ended_but_records)
{
    g_autoptr(job_result) job = job_result_new();
    g_autoptr(store) store = open_store(job);
    g_autoptr(test_result) test = begin(store, 1, "tick");
    g_autofree char *log = NULL;

    store_end_test(store, test);
    store_log(store, 0, NULL, NULL, NULL, "1-tick", VTMH__LOG_LEVEL__LOG_INFO, "late");
    cr_expect_eq(store_append(store, test, "host1", "x", "x", 1, NULL), -1);
    log = read_file(job, "job.log");
    cr_expect(strstr(log, "late"));
}

Test(store, keeps_room_for_the_results_while_it_is_open)
{
    g_autoptr(job_result) job = job_result_new();
    struct store *store = open_store(job);
    g_autofree char *reserve = g_build_filename(job->dir, ".reserve", NULL);
    struct stat info;

    cr_expect_eq(stat(reserve, &info), 0);
    cr_expect_geq(info.st_blocks * 512, 1 << 20);
    store_close(store);
    cr_expect_eq(stat(reserve, &info), -1);
}
