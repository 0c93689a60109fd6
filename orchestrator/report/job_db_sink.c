/* job.db as a sink: what is wrong with it is told once, and records.ndjson goes on without it. */
#include "orchestrator/job.h"
#include "orchestrator/report/display.h"
#include "orchestrator/report/job_db.h"
#include "orchestrator/report/sink.h"

#include <sys/vfs.h>

struct sink_state {
    const struct job *job;
    struct job_db *db; /* NULL: nothing is written any more */
    bool is_waiting;   /* for another program's lock, and that was told */
};

static void tell(const struct sink_state *state, const char *what)
{
    g_autofree char *text = g_strdup_printf("job.db: %s", what);

    display_message(state->job->display, "%s", text);
    store_log(state->job->store, g_get_real_time(), NULL, NULL, NULL, NULL,
              VTMH__LOG_LEVEL__LOG_WARNING, text);
}

static void give_up(struct sink_state *state, const GError *error)
{
    g_autofree char *what =
        g_strdup_printf("%s: no more is written there; records.ndjson has it all", error->message);

    g_clear_pointer(&state->db, job_db_free);
    tell(state, what);
}

static void create(struct sink_state *state)
{
    const struct job_result *job = state->job->result;
    g_autofree char *path = g_build_filename(job->dir, "job.db", NULL);
    g_autoptr(GError) error = NULL;
    struct statfs where;
    const char *network =
        statfs(job->dir, &where) == 0 ? job_db_network((unsigned long)where.f_type) : NULL;

    if (network != NULL) {
        g_autofree char *what = g_strdup_printf(
            "not made, since %s is on %s, where its locks cannot be relied on; records.ndjson "
            "has it all",
            job->dir, network);

        tell(state, what);
        return;
    }
    state->db = job_db_create(path, job, &error);
    if (state->db == NULL)
        give_up(state, error);
}

static void *open_db(const struct job *job, G_GNUC_UNUSED GError **err)
{
    struct sink_state *state = g_new0(struct sink_state, 1);

    state->job = job;
    create(state);
    return state;
}

/* What came of a call. Never a failure of the job. */
static int settle(struct sink_state *state, int result, const GError *error)
{
    if (result < 0) {
        give_up(state, error);
        return 0;
    }
    if (job_db_is_waiting(state->db) && !state->is_waiting)
        tell(state, "another program has locked it: what comes now waits until it lets go");
    state->is_waiting = job_db_is_waiting(state->db);
    return 0;
}

static int add_test(void *self, const struct test_result *test, G_GNUC_UNUSED GError **err)
{
    struct sink_state *state = self;
    g_autoptr(GError) error = NULL;

    return state->db == NULL ? 0 : settle(state, job_db_test(state->db, test, &error), error);
}

static int add_record(void *self, const struct test_result *test, const char *host,
                      const Vtmh__Record *record, G_GNUC_UNUSED GError **err)
{
    struct sink_state *state = self;
    g_autoptr(GError) error = NULL;
    const void *of;
    const struct figure_table *table = figures_of_record(record, &of);

    if (state->db == NULL || table == NULL)
        return 0;
    return settle(
        state,
        job_db_add(state->db, test, host, record->number, record->time_us, table, of, &error),
        error);
}

static int add_leg(void *self, const struct test_result *test, const struct leg_result *leg,
                   G_GNUC_UNUSED GError **err)
{
    struct sink_state *state = self;
    g_autoptr(GError) error = NULL;

    if (state->db == NULL)
        return 0;
    return settle(
        state,
        job_db_add(state->db, test, NULL, 0, g_get_real_time(), &figures_of_leg, leg, &error),
        error);
}

static int flush_db(void *self, G_GNUC_UNUSED GError **err)
{
    struct sink_state *state = self;
    g_autoptr(GError) error = NULL;

    return state->db == NULL ? 0 : settle(state, job_db_commit(state->db, &error), error);
}

static int close_db(void *self, G_GNUC_UNUSED GError **err)
{
    struct sink_state *state = self;
    g_autoptr(GError) error = NULL;
    struct job_db *db = g_steal_pointer(&state->db);

    if (db != NULL && job_db_close(db, &error) < 0)
        give_up(state, error);
    g_free(state);
    return 0;
}

const struct sink job_db_sink = {
    .name = "job.db",
    .open = open_db,
    .test_began = add_test,
    .record = add_record,
    .leg = add_leg,
    .flush = flush_db,
    .test_ended = add_test,
    .close = close_db,
};
