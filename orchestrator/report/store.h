/*
 * The job's folder: DIR/job-<UTC time>-<id>/ and the link DIR/latest.
 *
 *   id  job.log  events.ndjson  results.json  test-results/<n>-<name>/…
 *
 * job.log has one line a record: UTC time with ms, host, role, vm, test, level, text.
 * events.ndjson is versioned JSON, one object a line, written as things happen. results.json is
 * written anew (atomically) after every test, so that a killed job leaves a true one.
 */
#pragma once

#include "orchestrator/result.h"

#include <jansson.h>

struct store;

/* Makes the folder and job->id, job->dir. results_dir: NULL for the default
 * ($XDG_STATE_HOME/vtmh/results, else ~/.local/state/vtmh/results). Transfer full. */
struct store *store_open(const char *results_dir, struct job_result *job, GError **err);

/* Writes what is left, moves the link. NULL is fine. */
void store_close(struct store *store);

const char *store_dir(const struct store *store);

/* The test's folder is made and test->logdir set. */
int store_begin_test(struct store *store, struct test_result *test, GError **err);

/* A record; NULLs are printed as "-". time_us: CLOCK_REALTIME, of the host that wrote it. */
void store_log(struct store *store, int64_t time_us, const char *host, const char *role,
               const char *vm, const char *test, Vtmh__LogLevel level, const char *text);

/* An event: {"v":1,"time":…,"event":name, …fields}. Steals fields (may be NULL). */
void store_event(struct store *store, const char *name, json_t *fields);

/* Appends to test-results/<n>-<name>/<host>/<file>. A name with ".." or a leading "/" is refused. */
int store_append(struct store *store, const struct test_result *test, const char *host,
                 const char *file, const void *data, size_t size, GError **err);

/* results.json anew. */
int store_write_results(struct store *store, const struct job_result *job, GError **err);
