/*
 * Running a job again: what was to be run is recorded in its results.json (vtmh.configuration),
 * with the hash of every file of the configuration, and read from there.
 *
 * Secrets are not recorded. Those in the files are read anew; one that was given on the command
 * line has to be given again.
 */
#pragma once

#include "orchestrator/options.h"
#include "orchestrator/report/secrets.h"

#include <jansson.h>

/*
 * What the options ask for: directory, file, files [{path, sha256}], lines, hidden_lines (indexes),
 * defaults, expand, test, machines [{written, labels}], tuple, repeat, fail_fast, job_timeout_ms,
 * accept_new_host_keys, allow_empty; and tests, how many there are in one round. Transfer full, or
 * NULL with the error of reading the files.
 */
json_t *replay_record(const struct run_options *options, const struct secrets *secrets,
                      unsigned n_tests, GError **err);

/*
 * Fills in options of which replay is set: from the job that it names (a folder of results, or what
 * is enough of its name below the place of results) and its one test named by selection.file, if
 * that is set: by id, number in the job, or name. Lines of `-p` in selection.extra come last.
 *
 * Changes to the directory in which the job was started, since lines may include files; relative
 * paths of the options are made absolute before. A file that has changed since is an error, unless
 * allow_changed. *note (transfer full) is what the user should know, or NULL.
 */
int replay_load(struct run_options *options, char **note, GError **err);
