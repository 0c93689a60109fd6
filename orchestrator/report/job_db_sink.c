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

/* A full disk is a failure of the job: nothing else can be written there either. */
static int give_up(struct sink_state *state, GError *error, GError **err)
{
    g_autoptr(GError) cause = error;
    g_autofree char *what =
        g_strdup_printf("%s: no more is written there; records.ndjson has it all", cause->message);

    g_clear_pointer(&state->db, job_db_free);
    if (g_error_matches(cause, G_FILE_ERROR, G_FILE_ERROR_NOSPC)) {
        g_propagate_error(err, g_steal_pointer(&cause));
        return -1;
    }
    tell(state, what);
    return 0;
}

static int create(struct sink_state *state, GError **err)
{
    const struct job_result *job = state->job->result;
    g_autofree char *path = g_build_filename(job->dir, "job.db", NULL);
    GError *error = NULL;
    struct statfs where;
    const char *network =
        statfs(job->dir, &where) == 0 ? job_db_network((unsigned long)where.f_type) : NULL;

    if (network != NULL) {
        g_autofree char *what = g_strdup_printf(
            "not made, since %s is on %s, where its locks cannot be relied on; records.ndjson "
            "has it all",
            job->dir, network);

        tell(state, what);
        return 0;
    }
    state->db = job_db_create(path, job, &error);
    return state->db == NULL ? give_up(state, error, err) : 0;
}

static void *open_db(const struct job *job, GError **err)
{
    struct sink_state *state = g_new0(struct sink_state, 1);

    state->job = job;
    if (create(state, err) == 0)
        return state;
    g_free(state);
    return NULL;
}

/* What came of a call. Takes the error. */
static int settle(struct sink_state *state, int result, GError *error, GError **err)
{
    if (result < 0)
        return give_up(state, error, err);
    if (state->db == NULL)
        return 0;
    if (job_db_is_waiting(state->db) && !state->is_waiting)
        tell(state, "another program has locked it: what comes now waits until it lets go");
    state->is_waiting = job_db_is_waiting(state->db);
    return 0;
}

static int add_test(void *self, const struct test_result *test, GError **err)
{
    struct sink_state *state = self;
    GError *error = NULL;
    int result = state->db != NULL ? job_db_test(state->db, test, &error) : 0;

    return settle(state, result, error, err);
}

static int add_row(struct sink_state *state, const struct test_result *test, const char *host,
                   uint64_t number, int64_t time_us, const struct figure_table *table,
                   const void *of, GError **err)
{
    GError *error = NULL;
    int result = state->db != NULL
                     ? job_db_add(state->db, test, host, number, time_us, table, of, &error)
                     : 0;

    return settle(state, result, error, err);
}

static int add_record(void *self, const struct test_result *test, const char *host,
                      const Vtmh__Record *record, GError **err)
{
    const void *of;
    const struct figure_table *table = figures_of_record(record, &of);

    return table == NULL
               ? 0
               : add_row(self, test, host, record->number, record->time_us, table, of, err);
}

static int add_leg(void *self, const struct test_result *test, const struct leg_result *leg,
                   GError **err)
{
    return add_row(self, test, NULL, 0, g_get_real_time(), &figures_of_leg, leg, err);
}

static int flush_db(void *self, GError **err)
{
    struct sink_state *state = self;
    GError *error = NULL;
    int result = state->db != NULL ? job_db_commit(state->db, &error) : 0;

    return settle(state, result, error, err);
}

static int close_db(void *self, GError **err)
{
    struct sink_state *state = self;
    GError *error = NULL;
    struct job_db *db = g_steal_pointer(&state->db);
    int result = 0;

    if (db != NULL && job_db_close(db, &error) < 0)
        result = give_up(state, error, err);
    g_free(state);
    return result;
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
