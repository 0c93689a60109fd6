#include "orchestrator/report/job_db.h"

#include "orchestrator/report/text.h"

#include <sqlite3.h>
#include <string.h>

#define BUSY_MS 100           /* the loop stands still for so long, once a second at most */
#define CHECKPOINT_PAGES 4000 /* 16 MiB of WAL: each checkpoint waits for the disk */

/* Of each of these there is a table, and one that waits. */
static const struct figure_table *const tables[] = {
    &figures_of_test, &figures_of_leg,  &figures_of_sample,
    &figures_of_step, &figures_of_note, &figures_of_leak,
};
#define N_TABLES G_N_ELEMENTS(tables)

/* By these people ask for percentiles. */
static const char *const indexed[] = {"downtime_ms", "total_ms", "cycle_ms", "stop_to_resume_ms",
                                      "guest_gap_ms"};

enum place { MAIN, TEMP, PLACES };
static const char *const places[] = {[MAIN] = "main", [TEMP] = "temp"};

struct job_db {
    sqlite3 *handle;
    sqlite3_stmt *inserts[N_TABLES][PLACES];
    bool in_transaction;
    bool is_locked; /* by another program, when last asked: rows go to TEMP */
    unsigned n_waiting;
};

static const struct {
    unsigned long type;
    const char *name;
} networks[] = {
    {0x6969, "NFS"},      {0x517b, "SMB"},        {0xff534d42, "CIFS"},  {0xfe534d42, "SMB"},
    {0x01021997, "9p"},   {0x65735546, "FUSE"},   {0x5346414f, "AFS"},   {0x6b414653, "AFS"},
    {0x00c36400, "Ceph"}, {0x0bd00bd0, "Lustre"}, {0x73757245, "Coda"},  {0x47504653, "GPFS"},
    {0x01161970, "GFS2"}, {0x7461636f, "OCFS2"},  {0x19830326, "FhGFS"}, {0x786f4256, "vboxsf"},
    {0x564c, "NCP"},      {0x61756673, "AUFS"},
};

const char *job_db_network(unsigned long type)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(networks); i++)
        if (networks[i].type == (type & 0xffffffff))
            return networks[i].name;
    return NULL;
}

static int fail(const struct job_db *db, int code, GError **err)
{
    GFileError kind = (code & 0xff) == SQLITE_FULL ? G_FILE_ERROR_NOSPC : G_FILE_ERROR_FAILED;

    g_set_error(err, G_FILE_ERROR, (int)kind, "%s",
                (code & 0xff) == SQLITE_FULL ? "the disk is full" : sqlite3_errmsg(db->handle));
    return -1;
}

static int execute(struct job_db *db, const char *sql, GError **err)
{
    int code = sqlite3_exec(db->handle, sql, NULL, NULL, NULL);

    return code == SQLITE_OK ? 0 : fail(db, code, err);
}

static void add_column(GString *sql, const struct figure *row)
{
    static const char *const types[] = {
        [FIGURE_TEXT] = "text",        [FIGURE_NUMBER] = "integer",
        [FIGURE_YES_NO] = "integer",   [FIGURE_FLAG] = "integer",
        [FIGURE_REAL] = "real",        [FIGURE_SIGNED] = "real",
        [FIGURE_COUNT] = "integer",    [FIGURE_MOMENT] = "real",
        [FIGURE_TEXTS] = "text",       [FIGURE_OBJECT] = "text",
        [FIGURE_STATUS] = "text",      [FIGURE_MEMORY_CHECK] = "text",
        [FIGURE_NOT_CHECKED] = "text", [FIGURE_BAD_PAGES] = "integer",
        [FIGURE_SURVIVOR] = "text",
    };
    g_autofree char *name = g_strdelimit(g_strdup(row->name), ".", '_');

    g_string_append_printf(sql, ", %s %s", name, types[row->kind]);
}

/* Where the figures begin: behind test, time_s, host, number. A leg and a test are of no host. */
static unsigned n_own_columns(const struct figure_table *table)
{
    return table == &figures_of_test ? 1 : table == &figures_of_leg ? 2 : 4;
}

static int create_table(struct job_db *db, const struct figure_table *table, enum place place,
                        GError **err)
{
    static const char *const own[] = {"test integer", "time_s real", "host text", "number integer"};
    g_autoptr(GString) sql = g_string_new(NULL);

    g_string_printf(sql, "create table %s.%s (%s%s", places[place], table->many, own[0],
                    table == &figures_of_test ? " primary key" : "");
    for (unsigned i = 1; i < n_own_columns(table); i++)
        g_string_append_printf(sql, ", %s", own[i]);
    for (unsigned i = 0; i < table->n; i++)
        add_column(sql, &table->rows[i]);
    g_string_append(sql, ")");
    return execute(db, sql->str, err);
}

static int prepare(struct job_db *db, unsigned table, enum place place, GError **err)
{
    unsigned n = n_own_columns(tables[table]) + tables[table]->n;
    g_autoptr(GString) sql = g_string_new(NULL);
    int code;

    g_string_printf(sql, "insert or replace into %s.%s values (?", places[place],
                    tables[table]->many);
    for (unsigned i = 1; i < n; i++)
        g_string_append(sql, ",?");
    g_string_append(sql, ")");
    code = sqlite3_prepare_v3(db->handle, sql->str, -1, SQLITE_PREPARE_PERSISTENT,
                              &db->inserts[table][place], NULL);
    return code == SQLITE_OK ? 0 : fail(db, code, err);
}

static int create_tables(struct job_db *db, GError **err)
{
    for (unsigned i = 0; i < N_TABLES; i++)
        for (unsigned place = 0; place < PLACES; place++)
            if (create_table(db, tables[i], place, err) < 0 || prepare(db, i, place, err) < 0)
                return -1;
    return 0;
}

static int tell_job(struct job_db *db, const struct job_result *job, GError **err)
{
    g_autofree char *line = text_printable(job->command_line != NULL ? job->command_line : "");
    char *sql = sqlite3_mprintf("create table job (id text, command_line text, start_s real);"
                                "insert into job values (%Q, %Q, %f);",
                                job->id, line, (double)job->start_us / G_USEC_PER_SEC);
    int result = execute(db, sql, err);

    sqlite3_free(sql);
    return result;
}

static int set_up(struct job_db *db, const struct job_result *job, GError **err)
{
    g_autofree char *settings = g_strdup_printf(
        "pragma journal_mode = wal; pragma synchronous = normal;"
        "pragma wal_autocheckpoint = %d; pragma temp_store = memory;"
        /* in KiB: what is only appended to needs none, and it would fill for hours */
        "pragma cache_size = -256;"
        "begin; pragma user_version = %d;",
        CHECKPOINT_PAGES, JOB_DB_VERSION);

    sqlite3_busy_timeout(db->handle, BUSY_MS);
    if (execute(db, settings, err) < 0 || tell_job(db, job, err) < 0 || create_tables(db, err) < 0)
        return -1;
    return execute(db, "commit", err);
}

struct job_db *job_db_create(const char *path, const struct job_result *job, GError **err)
{
    g_autoptr(job_db) db = g_new0(struct job_db, 1);
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOFOLLOW;
    int code = sqlite3_open_v2(path, &db->handle, flags, NULL);

    if (code != SQLITE_OK) {
        fail(db, code, err);
        return NULL;
    }
    return set_up(db, job, err) < 0 ? NULL : g_steal_pointer(&db);
}

static bool is_plain(const char *text)
{
    for (; *text != '\0'; text++)
        if (*text < 0x20 || *text > 0x7e)
            return false;
    return true;
}

/* sqlite3 prints what is in a table as it is: no control characters may be. */
static int bind_text(sqlite3_stmt *statement, int column, const char *text)
{
    if (is_plain(text))
        return sqlite3_bind_text(statement, column, text, -1, SQLITE_STATIC);
    return sqlite3_bind_text(statement, column, text_printable(text), -1, g_free);
}

static int bind_json(sqlite3_stmt *statement, int column, json_t *json)
{
    char *text = json_dumps(json, JSON_COMPACT | JSON_ENSURE_ASCII | JSON_ENCODE_ANY);

    return sqlite3_bind_text(statement, column, text, -1, free);
}

static int bind(sqlite3_stmt *statement, int column, const struct value *value)
{
    json_t *list;
    int code;

    switch (value->kind) {
    case VALUE_TEXT:
        return bind_text(statement, column, value->text);
    case VALUE_REAL:
        return sqlite3_bind_double(statement, column, value->real);
    case VALUE_INTEGER:
    case VALUE_YES_NO:
        return sqlite3_bind_int64(statement, column, value->integer);
    case VALUE_OBJECT:
        return json_object_size(value->object) == 0 ? sqlite3_bind_null(statement, column)
                                                    : bind_json(statement, column, value->object);
    case VALUE_TEXTS:
        if (value->texts->len == 0)
            return sqlite3_bind_null(statement, column);
        list = value_json(value);
        code = bind_json(statement, column, list);
        json_decref(list);
        return code;
    default:
        return sqlite3_bind_null(statement, column);
    }
}

/* A row to where rows go now. */
static int insert(struct job_db *db, unsigned table, const struct test_result *test,
                  const char *host, uint64_t number, int64_t time_us, const void *self,
                  GError **err)
{
    enum place place = db->is_locked ? TEMP : MAIN;
    sqlite3_stmt *statement = db->inserts[table][place];
    unsigned n_own = n_own_columns(tables[table]);
    int code = sqlite3_bind_int64(statement, 1, test->number);

    if (n_own > 1 && code == SQLITE_OK)
        code = sqlite3_bind_double(statement, 2, (double)time_us / G_USEC_PER_SEC);
    if (n_own > 2 && code == SQLITE_OK)
        code = host != NULL ? bind_text(statement, 3, host) : sqlite3_bind_null(statement, 3);
    if (n_own > 2 && code == SQLITE_OK)
        code = sqlite3_bind_int64(statement, 4, (sqlite3_int64)number);
    for (unsigned i = 0; i < tables[table]->n && code == SQLITE_OK; i++) {
        struct value value = figure_value(&tables[table]->rows[i], self);

        code = bind(statement, (int)(n_own + i + 1), &value);
    }
    if (code == SQLITE_OK && sqlite3_step(statement) == SQLITE_DONE)
        code = SQLITE_OK;
    else if (code == SQLITE_OK)
        code = sqlite3_errcode(db->handle);
    if (code != SQLITE_OK)
        fail(db, code, err);
    sqlite3_reset(statement);
    return code == SQLITE_OK ? 0 : -1;
}

/* What has waited for the lock. */
static int take_waiting(struct job_db *db, GError **err)
{
    for (unsigned i = 0; i < N_TABLES && db->n_waiting > 0; i++) {
        g_autofree char *sql =
            g_strdup_printf("insert or replace into main.%s select * from temp.%s;"
                            "delete from temp.%s;",
                            tables[i]->many, tables[i]->many, tables[i]->many);

        if (execute(db, sql, err) < 0)
            return -1;
    }
    db->n_waiting = 0;
    return 0;
}

/* Asks for the lock unless it is held, or another program was seen to hold it. */
static int begin(struct job_db *db, GError **err)
{
    int code;

    if (db->in_transaction || db->is_locked)
        return 0;
    code = sqlite3_exec(db->handle, "begin immediate", NULL, NULL, NULL);
    if (code == SQLITE_BUSY) {
        db->is_locked = true;
        return 0;
    }
    if (code != SQLITE_OK)
        return fail(db, code, err);
    db->in_transaction = true;
    return take_waiting(db, err);
}

static int add(struct job_db *db, unsigned table, const struct test_result *test, const char *host,
               uint64_t number, int64_t time_us, const void *self, GError **err)
{
    if (begin(db, err) < 0)
        return -1;
    if (db->is_locked && ++db->n_waiting > JOB_DB_MAX_WAITING) {
        g_set_error(err, G_FILE_ERROR, G_FILE_ERROR_AGAIN,
                    "another program keeps it locked, and no more than %d rows wait for that",
                    JOB_DB_MAX_WAITING);
        return -1;
    }
    return insert(db, table, test, host, number, time_us, self, err);
}

int job_db_test(struct job_db *db, const struct test_result *test, GError **err)
{
    return add(db, 0, test, NULL, 0, 0, test, err);
}

int job_db_add(struct job_db *db, const struct test_result *test, const char *host, uint64_t number,
               int64_t time_us, const struct figure_table *table, const void *self, GError **err)
{
    for (unsigned i = 1; i < N_TABLES; i++)
        if (tables[i] == table)
            return add(db, i, test, host, number, time_us, self, err);
    g_return_val_if_reached(0);
}

int job_db_commit(struct job_db *db, GError **err)
{
    db->is_locked = false;
    if (!db->in_transaction && (db->n_waiting == 0 || begin(db, err) < 0))
        return db->n_waiting == 0 ? 0 : -1;
    if (!db->in_transaction)
        return 0;
    db->in_transaction = false;
    return execute(db, "commit", err);
}

bool job_db_is_waiting(const struct job_db *db)
{
    return db->n_waiting > 0;
}

static int make_indexes(struct job_db *db, GError **err)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(indexed); i++) {
        g_autofree char *sql =
            g_strdup_printf("create index main.legs_by_%s on legs (%s)", indexed[i], indexed[i]);

        if (execute(db, sql, err) < 0)
            return -1;
    }
    return 0;
}

static int take_word(void *arg, G_GNUC_UNUSED int n, char **values, G_GNUC_UNUSED char **names)
{
    char **word = arg;

    *word = g_strdup(values[0]);
    return 1; /* the first is enough */
}

/* Whether the file on the disk is what was written: our own connection has much of it in memory. */
static int check(const char *path, GError **err)
{
    g_autoptr(job_db) db = g_new0(struct job_db, 1);
    g_autofree char *word = NULL;
    int code = sqlite3_open_v2(path, &db->handle, SQLITE_OPEN_READWRITE, NULL);

    if (code == SQLITE_OK)
        code = sqlite3_exec(db->handle, "pragma quick_check(1)", take_word, &word, NULL);
    if (word == NULL)
        return fail(db, code, err);
    if (strcmp(word, "ok") == 0)
        return 0;
    g_set_error(err, G_FILE_ERROR, G_FILE_ERROR_FAILED, "it is damaged: %s", word);
    return -1;
}

static int finish(struct job_db *db, GError **err)
{
    if (job_db_commit(db, err) < 0)
        return -1;
    if (db->n_waiting == 0)
        return make_indexes(db, err);
    g_set_error(err, G_FILE_ERROR, G_FILE_ERROR_AGAIN,
                "another program keeps it locked: it lacks the last %u rows", db->n_waiting);
    return -1;
}

int job_db_close(struct job_db *db, GError **err)
{
    g_autofree char *path = g_strdup(sqlite3_db_filename(db->handle, "main"));
    int result = finish(db, err);

    job_db_free(db);
    return result < 0 ? -1 : check(path, err);
}

void job_db_free(struct job_db *db)
{
    if (db == NULL)
        return;
    for (unsigned i = 0; i < N_TABLES; i++)
        for (unsigned place = 0; place < PLACES; place++)
            sqlite3_finalize(db->inserts[i][place]);
    sqlite3_close(db->handle);
    g_free(db);
}
