/*
 * The job's folder: DIR/job-<UTC time>-<id>/ and the link DIR/latest.
 *
 *   id  job.log  events.ndjson  results.json  test-results/<n>-<name>/{debug.log,<host>/…}
 *
 * job.log has one line a record: UTC time with ms, level, host, role, vm, test, text; a record of
 * level DEBUG is in its test's debug.log alone, which has all of that test. events.ndjson is
 * versioned JSON, one object a line. All of them are written as things happen, and are in parts
 * (parts.h), so that they do not fill the disk in a week. results.json is written anew
 * (atomically) when it is asked for. The link is moved when the folder is made, so that a running
 * job can be watched.
 *
 * Errors are of G_FILE_ERROR and name the path. When something cannot be written (the disk is
 * full), store_trouble() says why, and nothing but results.json is written any more: the job is to
 * end. Room for it is kept free until then. Not for use by several threads at once.
 */
#pragma once

#include "orchestrator/result.h"

#include <jansson.h>

#define STORE_PART_BYTES (8 << 20)      /* of the logs and of events.ndjson */
#define STORE_FILE_PART_BYTES (4 << 20) /* of a host's file */
#define STORE_EVENT_VERSION 1 /* raised only when a field goes away or changes its meaning */

struct store;

/* The place of results that is meant: results_dir, or if that is NULL the default. Transfer full.
 */
char *store_root(const char *results_dir);

/* Makes the folder and job->id, job->dir, and a results.json without tests. results_dir: NULL for
 * the default ($XDG_STATE_HOME/vtmh/results, else ~/.local/state/vtmh/results). The folder's name
 * has job->start_us, or the time now if that is 0. Transfer full. */
struct store *store_open(const char *results_dir, struct job_result *job, GError **err);

/* Ends writing. NULL is fine. */
void store_close(struct store *store);
AUTOPTR_STRUCT(store, store_close);

/* The test's folder is made and test->logdir set. Characters that a file system may not take are
 * "_" in its name, as avocado has it, and it is cut to 255 bytes. */
int store_begin_test(struct store *store, struct test_result *test, GError **err);

/* Nothing of it comes any more but records in job.log. */
void store_end_test(struct store *store, const struct test_result *test);

/* A record; NULLs are printed as "-", control characters as \n, \xNN. test: test_result_id().
 * time_us: CLOCK_REALTIME, of the host that wrote it. */
void store_log(struct store *store, int64_t time_us, const char *host, const char *role,
               const char *vm, const char *test, Vtmh__LogLevel level, const char *text);

/* An event: {"v":1,"time":…,"event":name, …fields}. Steals fields (may be NULL). */
void store_event(struct store *store, const char *name, json_t *fields);

/* Of the files of one host and test; a host is not to fill our disk. */
#define STORE_HOST_BYTES (128 << 20)

/* Appends to test-results/<n>-<name>/<host>/<file>; file may be in folders, which are made. A name
 * with "..", an empty part or a leading "/" is refused. Of a file too long for its parts the middle
 * is left out, which the log says; what goes beyond STORE_HOST_BYTES is left out, which is an error
 * the first time. */
int store_append(struct store *store, const struct test_result *test, const char *host,
                 const char *file, const void *data, size_t size, GError **err);

/* Makes a file of the test's folder. */
int store_write(struct store *store, const struct test_result *test, const char *file,
                const char *text, GError **err);

/* Why nothing is written any more; NULL: all is. Transfer none. */
const char *store_trouble(const struct store *store);

/* results.json anew. */
int store_write_results(struct store *store, const struct job_result *job, GError **err);
