/*
 * job.db: what the tests of a job find out as tables of SQLite, to be asked with sqlite3 also while
 * the job runs (docs/results.md). A table a kind of thing, with the figures of figures.h as
 * columns: a "." of a name becomes "_". Beside them stand "test" (its number), "time_s" (seconds
 * since 1970), and where it is a host's "host" and "number".
 *
 * Rows are gathered in a transaction until job_db_commit(). While another program holds the file's
 * lock they wait in memory, JOB_DB_MAX_WAITING at most. After an error nothing more can be
 * written; what was committed stays. Errors are of G_FILE_ERROR and begin with no name of a file.
 */
#pragma once

#include "orchestrator/report/figures.h"
#include "sync/autoptr.h"

#define JOB_DB_VERSION 1 /* pragma user_version */
#define JOB_DB_MAX_WAITING 100000

struct job_db;

/* What a file system of this type (statfs) is called if its files are on another machine, where
 * SQLite's locks and shared memory prove nothing; NULL: it is local. Transfer none. */
const char *job_db_network(unsigned long type);

/* A new file. Transfer full. */
struct job_db *job_db_create(const char *path, const struct job_result *job, GError **err);

/* Sets the row of a test; its status is null until it has one. */
int job_db_test(struct job_db *db, const struct test_result *test, GError **err);

/* Adds a row. host NULL: it is of no host alone. */
int job_db_add(struct job_db *db, const struct test_result *test, const char *host, uint64_t number,
               int64_t time_us, const struct figure_table *table, const void *self, GError **err);

int job_db_commit(struct job_db *db, GError **err);

/* Whether rows wait for another program's lock. */
bool job_db_is_waiting(const struct job_db *db);

/* Commits, makes the indexes, by which a percentile over millions of legs is answered at once, and
 * looks whether all of the file can be read. Frees db, whatever it returns. */
int job_db_close(struct job_db *db, GError **err);

/* Without a last word. NULL is fine. */
void job_db_free(struct job_db *db);
AUTOPTR_STRUCT(job_db, job_db_free);
