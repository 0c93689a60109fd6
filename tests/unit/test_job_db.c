#include "orchestrator/report/job_db.h"

#include <criterion/criterion.h>
#include <glib/gstdio.h>
#include <math.h>
#include <sqlite3.h>
#include <string.h>

static char *folder, *path;

static void make_folder(void)
{
    folder = g_dir_make_tmp("vtmh-job-db-XXXXXX", NULL);
    path = g_build_filename(folder, "job.db", NULL);
}

static void remove_folder(void)
{
    static const char *const ends[] = {"", "-wal", "-shm"};

    for (unsigned i = 0; i < G_N_ELEMENTS(ends); i++) {
        g_autofree char *file = g_strconcat(path, ends[i], NULL);

        g_unlink(file);
    }
    g_rmdir(folder);
}

TestSuite(job_db, .init = make_folder, .fini = remove_folder);

static struct job_db *create(void)
{
    g_autoptr(job_result) job = job_result_new();
    g_autoptr(GError) error = NULL;

    job->id = g_strdup("0123");
    job->command_line = g_strdup("vtmh -m a,b it's.cfg");
    job->start_us = 1500000;
    struct job_db *db = job_db_create(path, job, &error);
    cr_assert(db, "%s", error ? error->message : "?");
    return db;
}

/* What another program reads: the first row, its columns with a "|" between. Transfer full. */
static char *ask(const char *sql)
{
    g_autoptr(GString) row = g_string_new(NULL);
    sqlite3 *handle = NULL;
    sqlite3_stmt *statement = NULL;

    cr_assert_eq(sqlite3_open_v2(path, &handle, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    cr_assert_eq(sqlite3_prepare_v2(handle, sql, -1, &statement, NULL), SQLITE_OK, "%s: %s", sql,
                 sqlite3_errmsg(handle));
    if (sqlite3_step(statement) == SQLITE_ROW)
        for (int i = 0; i < sqlite3_column_count(statement); i++) {
            const char *text = (const char *)sqlite3_column_text(statement, i);

            g_string_append_printf(row, "%s%s", i > 0 ? "|" : "", text != NULL ? text : "null");
        }
    sqlite3_finalize(statement);
    sqlite3_close(handle);
    return g_strdup(row->str);
}

#define EXPECT(sql, wanted)                                                                        \
    do {                                                                                           \
        g_autofree char *found = ask(sql);                                                         \
        cr_expect_str_eq(found, wanted, "%s: %s", sql, found);                                     \
    } while (0)

static struct test_result *test_one(void)
{
    static struct test_result *test;

    if (test == NULL)
        test = test_result_new(1, "all.tick", "tick");
    return test;
}

static void add_leg(struct job_db *db, unsigned number, double downtime_ms)
{
    g_autoptr(leg_result) leg = leg_result_new();
    g_autoptr(GError) error = NULL;

    leg->vm = g_strdup("vm1");
    leg->source = g_strdup("a");
    leg->destination = g_strdup("b");
    leg->status = g_strdup("completed");
    leg->leg = number;
    leg->attempt = 1;
    leg->downtime_ms = downtime_ms;
    leg->usage[LEG_SOURCE][LEG_NODE].cpu_ms = 1.5;
    cr_assert_eq(job_db_add(db, test_one(), NULL, 0, 2500000, &figures_of_leg, leg, &error), 0,
                 "%s", error ? error->message : "?");
}

static void commit(struct job_db *db)
{
    g_autoptr(GError) error = NULL;

    cr_assert_eq(job_db_commit(db, &error), 0, "%s", error ? error->message : "?");
}

Test(job_db, tells_a_leg_under_the_names_of_results_json)
{
    g_autoptr(job_db) db = create();

    add_leg(db, 7, 12.3004);
    commit(db);
    EXPECT("select test, time_s, vm, source, leg, status, downtime_ms, total_ms, "
           "usage_source_node_cpu_ms, usage_source_relay_cpu_ms, options, params, recoveries, "
           "as_planned, memory_check from legs",
           "1|2.5|vm1|a|7|completed|12.3|null|1.5|null|null|null|0|0|not_checked");
    EXPECT("select id, command_line, start_s from job", "0123|vtmh -m a,b it's.cfg|1.5");
    EXPECT("pragma user_version", "1");
    EXPECT("pragma journal_mode", "wal");
}

Test(job_db, has_a_column_for_each_figure_of_a_leg)
{
    g_autoptr(job_db) db = create();

    for (unsigned i = 0; i < figures_of_leg.n; i++) {
        g_autofree char *name = g_strdelimit(g_strdup(figures_of_leg.rows[i].name), ".", '_');
        g_autofree char *sql = g_strdup_printf(
            "select count(*) from pragma_table_info('legs') where name = '%s'", name);

        EXPECT(sql, "1");
    }
}

Test(job_db, replaces_the_row_of_a_test_when_it_has_ended)
{
    g_autoptr(job_db) db = create();
    g_autoptr(test_result) test = test_result_new(3, "all.tick", "tick");

    cr_assert_eq(job_db_test(db, test, NULL), 0);
    commit(db);
    EXPECT("select test, name, full_name, status from tests", "3|tick|all.tick|null");
    test->status = VTMH__STATUS__STATUS_FAIL;
    test->fail_cause = g_strdup("a\x1b[2J\xff");
    test->elapsed_s = 2;
    cr_assert_eq(job_db_test(db, test, NULL), 0);
    commit(db);
    EXPECT("select count(*) from tests", "1");
    EXPECT("select status, fail_cause, elapsed_s from tests", "FAIL|a\\x1b[2J\xef\xbf\xbd|2.0");
}

Test(job_db, tells_samples_steps_notes_and_leaks_with_their_host)
{
    g_autoptr(job_db) db = create();
    Vtmh__Sample sample = VTMH__SAMPLE__INIT;
    Vtmh__Step step = VTMH__STEP__INIT;
    Vtmh__Record record = VTMH__RECORD__INIT;
    struct {
        int body;
        const char *sql, *wanted;
    } cases[] = {
        {VTMH__RECORD__BODY_SAMPLE,
         "select host, number, leg, process, rss_bytes, descriptors, cpu_pressure from samples",
         "a\\n|9|4|node|4096|null|0.25"},
        {VTMH__RECORD__BODY_STEP, "select host, number, vm, leg, text, done from steps",
         "a\\n|9|vm1|4|cancel|1"},
        {VTMH__RECORD__BODY_NOTE, "select host, number, text from notes", "a\\n|9|x\\x1by"},
        {VTMH__RECORD__BODY_LEAK, "select host, number, text from leaks", "a\\n|9|x\\x1by"},
    };

    record.number = 9;
    sample.leg = step.leg = 4;
    sample.process = (char *)"node";
    sample.rss_bytes = 4096;
    sample.descriptors = -1;
    sample.cpu_pressure = 0.25;
    step.vm = (char *)"vm1";
    step.text = (char *)"cancel";
    step.done = 1;
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        const void *self;

        record.body_case = (Vtmh__Record__BodyCase)cases[i].body;
        record.note = (char *)"x\x1by";
        if (record.body_case == VTMH__RECORD__BODY_SAMPLE)
            record.sample = &sample;
        else if (record.body_case == VTMH__RECORD__BODY_STEP)
            record.step = &step;
        const struct figure_table *table = figures_of_record(&record, &self);
        cr_assert_not_null(table);
        cr_expect_eq(job_db_add(db, test_one(), "a\n", record.number, 0, table, self, NULL), 0);
        commit(db);
        EXPECT(cases[i].sql, cases[i].wanted);
    }
}

Test(job_db, a_program_that_was_killed_has_what_was_committed)
{
    struct job_db *db = create();

    add_leg(db, 1, 1);
    commit(db);
    add_leg(db, 2, 2);
    EXPECT("select count(*), max(leg) from legs", "1|1");
    job_db_free(db);
}

static sqlite3 *lock_it(void)
{
    sqlite3 *other = NULL;

    cr_assert_eq(sqlite3_open(path, &other), SQLITE_OK);
    cr_assert_eq(sqlite3_exec(other, "begin immediate", NULL, NULL, NULL), SQLITE_OK);
    return other;
}

Test(job_db, rows_wait_while_another_program_has_locked_it)
{
    struct job_db *db = create();
    sqlite3 *other = lock_it();
    g_autoptr(GError) error = NULL;

    add_leg(db, 1, 1);
    commit(db);
    add_leg(db, 2, 2);
    cr_expect(job_db_is_waiting(db));
    EXPECT("select count(*) from legs", "0");
    sqlite3_close(other);
    commit(db);
    cr_expect_not(job_db_is_waiting(db));
    EXPECT("select count(*), min(leg), max(leg) from legs", "2|1|2");
    add_leg(db, 3, 3);
    cr_expect_eq(job_db_close(db, &error), 0, "%s", error ? error->message : "?");
    EXPECT("select count(*), max(leg) from legs", "3|3");
}

Test(job_db, says_what_it_lacks_when_it_stayed_locked)
{
    struct job_db *db = create();
    sqlite3 *other = lock_it();
    g_autoptr(GError) error = NULL;

    add_leg(db, 1, 1);
    cr_expect_eq(job_db_close(db, &error), -1);
    cr_assert_not_null(error);
    cr_expect(strstr(error->message, "another program keeps it locked: it lacks the last 1 rows"),
              "%s", error->message);
    sqlite3_close(other);
}

Test(job_db, a_damaged_file_is_told_and_not_written_to)
{
    g_autoptr(job_result) job = job_result_new();
    g_autoptr(GError) error = NULL;
    char garbage[8192];

    memset(garbage, 'x', sizeof garbage);
    cr_assert(g_file_set_contents(path, garbage, sizeof garbage, NULL));
    cr_expect_null(job_db_create(path, job, &error));
    cr_assert_not_null(error);
    cr_expect(strstr(error->message, "not a database"), "%s", error->message);
}

/* Of the file as it lies on the disk, with all that was committed. */
static void damage(long from, unsigned bytes)
{
    sqlite3 *other = NULL;

    cr_assert_eq(sqlite3_open(path, &other), SQLITE_OK);
    cr_assert_eq(sqlite3_exec(other, "pragma wal_checkpoint(truncate)", NULL, NULL, NULL),
                 SQLITE_OK);
    sqlite3_close(other);
    FILE *file = fopen(path, "r+");
    fseek(file, from, SEEK_SET);
    for (unsigned i = 0; i < bytes; i++)
        fputc('x', file);
    fclose(file);
}

Test(job_db, damage_done_while_it_is_written_is_told_in_the_end)
{
    struct job_db *db = create();
    g_autoptr(GError) error = NULL;

    for (unsigned i = 0; i < 20000; i++)
        add_leg(db, i, i);
    commit(db);
    damage(200000, 2000000);
    cr_expect_eq(job_db_close(db, &error), -1);
    cr_expect(error != NULL && strstr(error->message, "malformed"), "%s",
              error ? error->message : "?");
}

Test(job_db, so_is_damage_to_what_our_own_connection_has_in_memory)
{
    struct job_db *db = create();
    g_autoptr(GError) error = NULL;

    for (unsigned i = 0; i < 50; i++)
        add_leg(db, i, i);
    commit(db);
    damage(4096, 30000);
    cr_expect_eq(job_db_close(db, &error), -1);
    cr_expect_not_null(error);
}

Test(job_db, is_for_local_file_systems)
{
    cr_expect_str_eq(job_db_network(0x6969), "NFS");
    cr_expect_str_eq(job_db_network(0xff534d42), "CIFS");
    /* As statfs() says it where its field is a signed int. */
    cr_expect_str_eq(job_db_network((unsigned long)(int)0xff534d42), "CIFS");
    cr_expect_null(job_db_network(0xef53), "ext4");
    cr_expect_null(job_db_network(0x01021994), "tmpfs");
}

Test(job_db, answers_a_percentile_in_one_line_by_an_index)
{
    struct job_db *db = create();

    for (unsigned i = 1; i <= 1000; i++)
        add_leg(db, i, (double)((i * 7919) % 1000));
    add_leg(db, 1001, -1);
    cr_assert_eq(job_db_close(db, NULL), 0);
    EXPECT("select downtime_ms from legs where downtime_ms is not null order by downtime_ms"
           " limit 1 offset (select count(downtime_ms) * 95 / 100 from legs)",
           "950.0");
    EXPECT("select count(*) > 0 from sqlite_master where type = 'index' and name ="
           " 'legs_by_downtime_ms'",
           "1");
}
