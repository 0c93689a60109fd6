/* The table of looks at migrations, and what bounds it. */
#include "migration/move/series.h"

#include <criterion/criterion.h>
#include <glib/gstdio.h>
#include <string.h>

static char *logged;

static void log_text(void *node, Vtmh__LogLevel level, const char *role, const char *vm,
                     const char *text)
{
    (void)node, (void)level, (void)role, (void)vm;
    g_free(logged);
    logged = g_strdup(text);
}

/* A seat on a host that keeps files in a folder of its own. */
struct bed {
    struct host_ops ops;
    struct host host;
    struct test test;
    struct seat seat;
    char *dir, *path;
};

static void take_record(void *node, const Vtmh__Record *record)
{
    (void)node;
    cr_expect_eq(record->body_case, VTMH__RECORD__BODY_NOTE);
}

static const struct test_ops test_ops = {.record = take_record};

static void open_bed(struct bed *bed, const char *dir)
{
    bed->ops = (struct host_ops){.log = log_text};
    bed->dir = dir != NULL ? g_strdup(dir) : g_dir_make_tmp("series-XXXXXX", NULL);
    bed->path = g_build_filename(bed->dir, "vm1.series.csv", NULL);
    bed->host = (struct host){.ops = &bed->ops, .name = "host1", .log_dir = bed->dir};
    bed->test = (struct test){.host = &bed->host, .ops = &test_ops};
    bed->seat = (struct seat){.test = &bed->test, .name = (char *)"vm1"};
    test_init(&bed->test);
}

static void close_bed(struct bed *bed)
{
    series_close(&bed->seat.series);
    g_unlink(bed->path);
    g_rmdir(bed->dir);
    g_free(bed->path);
    g_free(bed->dir);
    test_clear(&bed->test);
    g_clear_pointer(&logged, g_free);
}

static const struct vm_move_stats look = {
    .total_ms = 12.4,
    .dirty_syncs = 3,
    .remaining_bytes = 4096,
    .transferred_bytes = 1234567890123,
    .dirty_bytes_per_s = -1,
    .bytes_per_s = 5e7,
    .throttle_percent = -1,
};

Test(series, is_a_row_a_look_with_nothing_for_what_is_not_known)
{
    struct bed bed;
    open_bed(&bed, NULL);
    Vtmh__Migration *leg = test_add_migration(&bed.test, "vm1", 2, 0, 1);
    leg->attempt = 1;
    series_add(&bed.seat, leg, &look);
    series_add(&bed.seat, leg, &look);
    g_autofree char *text = NULL;
    cr_assert(g_file_get_contents(bed.path, &text, NULL, NULL));
    cr_expect_str_eq(text, SERIES_HEADER "2,1,12,3,4096,1234567890123,,50000000,\n"
                                         "2,1,12,3,4096,1234567890123,,50000000,\n");
    cr_expect_eq(leg->iterations, 2);
    close_bed(&bed);
}

Test(series, that_is_full_takes_no_more_and_a_note_says_so_once)
{
    struct bed bed;
    open_bed(&bed, NULL);
    Vtmh__Migration *leg = test_add_migration(&bed.test, "vm1", 7, 0, 1);
    for (unsigned i = 0; i < SERIES_MAX_BYTES / 32; i++)
        series_add(&bed.seat, leg, &look);
    GStatBuf info;
    cr_assert_eq(g_stat(bed.path, &info), 0);
    cr_expect_leq(info.st_size, SERIES_MAX_BYTES);
    cr_expect_gt(info.st_size, SERIES_MAX_BYTES - 100);
    cr_assert_eq(bed.test.notes->len, 1);
    cr_expect_not_null(strstr(bed.test.notes->pdata[0], "from leg 7 on"));
    cr_expect_eq(leg->iterations, SERIES_MAX_BYTES / 32, "the looks are counted all the same");
    close_bed(&bed);
}

Test(series, that_cannot_be_written_is_said_and_fails_nothing)
{
    struct bed bed;
    open_bed(&bed, "/nonexistent");
    Vtmh__Migration *leg = test_add_migration(&bed.test, "vm1", 1, 0, 1);
    series_add(&bed.seat, leg, &look);
    cr_assert_not_null(logged);
    cr_expect_not_null(strstr(logged, "cannot write /nonexistent/vm1.series.csv"));
    cr_expect_eq(leg->iterations, 1);
    close_bed(&bed);
}
