/*
 * What a leg costs in job.db: as many as asked for (a million),
 * committed each 10,000, then closed; and how long sqlite3 takes to say a percentile of all of
 * them.
 *
 *   bench_job_db [LEGS] [FOLDER]
 */
#include "orchestrator/report/job_db.h"

#include <glib/gstdio.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define QUERY                                                                                      \
    "select downtime_ms from legs where downtime_ms is not null order by downtime_ms limit 1"      \
    " offset (select count(downtime_ms) * 95 / 100 from legs)"

static struct leg_result *some_leg(void)
{
    struct leg_result *leg = leg_result_new();

    leg->vm = g_strdup("vm1");
    leg->source = g_strdup("host1");
    leg->destination = g_strdup("host2");
    leg->protocol = g_strdup("tcp");
    leg->driver = g_strdup("qemu");
    leg->guard = g_strdup("token");
    leg->status = g_strdup("completed");
    leg->attempt = 1;
    leg->is_as_planned = true;
    leg->cycle_ms = leg->total_ms = leg->stop_to_resume_ms = leg->guest_gap_ms = 100;
    leg->downtime_parts = (struct downtime_parts){1.125, 2.25, 0.5, 0.125};
    leg->transferred_bytes = 12345678;
    leg->dirty_syncs = leg->iterations = 5;
    leg->pages_sent_again = leg->set_pages = 2048;
    leg->memory_check = VTMH__MEMORY_CHECK__MEMORY_CLEAN;
    leg->survivor = VTMH__SURVIVOR__SURVIVOR_DESTINATION;
    return leg;
}

static double seconds_since(int64_t begin_us)
{
    return (double)(g_get_monotonic_time() - begin_us) / G_USEC_PER_SEC;
}

static void need(int result, GError *const *error)
{
    if (result == 0)
        return;
    fprintf(stderr, "bench_job_db: %s\n", *error != NULL ? (*error)->message : "?");
    exit(1);
}

int main(int argc, char **argv)
{
    unsigned n = argc > 1 ? (unsigned)atoi(argv[1]) : 1000000;
    g_autofree char *folder = argc > 2 ? g_strdup(argv[2]) : g_dir_make_tmp("vtmh-db-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(folder, "job.db", NULL);
    g_autofree char *query = g_strdup_printf("sqlite3 '%s' '%s'", path, QUERY);
    g_autoptr(job_result) job = job_result_new();
    g_autoptr(test_result) test = test_result_new(1, "all.tick", "tick");
    g_autoptr(leg_result) leg = some_leg();
    g_autoptr(GError) error = NULL;
    struct job_db *db = job_db_create(path, job, &error);

    need(db != NULL ? 0 : -1, &error);
    int64_t begin_us = g_get_monotonic_time();
    for (unsigned i = 1; i <= n; i++) {
        leg->leg = i;
        leg->downtime_ms = (double)(g_random_int() % 1000000) / 1000;
        need(job_db_add(db, test, NULL, 0, g_get_real_time(), &figures_of_leg, leg, &error),
             &error);
        if (i % 10000 == 0)
            need(job_db_commit(db, &error), &error);
    }
    need(job_db_commit(db, &error), &error);
    double added_s = seconds_since(begin_us);
    printf("%u legs: %.2f us a leg\n", n, added_s * 1e6 / n);
    begin_us = g_get_monotonic_time();
    fflush(stdout);
    need(system(query) == 0 ? 0 : -1, &error);
    printf("percentile before the indexes are made: %.3f s\n", seconds_since(begin_us));
    begin_us = g_get_monotonic_time();
    need(job_db_close(db, &error), &error);
    printf("closed, with indexes: %.2f s\n", seconds_since(begin_us));
    begin_us = g_get_monotonic_time();
    fflush(stdout);
    need(system(query) == 0 ? 0 : -1, &error);
    printf("percentile: %.3f s\n", seconds_since(begin_us));
    if (argc <= 2) {
        g_unlink(path);
        g_rmdir(folder);
    }
    return 0;
}
