/*
 * A QMP connection's log: both directions with time stamps. The long lists of what a hypervisor can
 * do and how it is set are asked for several times a leg and rarely change: one that was written to
 * this file before is "as before".
 */
#pragma once

#include <glib.h>
#include <jansson.h>

struct qmp_log;

/* What is in the logs of a test already, whichever connection wrote it. Transfer full; to be freed
 * with g_hash_table_unref(). */
GHashTable *qmp_log_known_new(void);

/* Appends to path. known: a reference is taken; NULL: nothing is as before. VM_ERROR_START.
 * Transfer full. */
struct qmp_log *qmp_log_open(const char *path, GHashTable *known, GError **err);

/* What is sent. */
void qmp_log_sent(struct qmp_log *log, const char *line, gboolean has_descriptor);

/* What has come: message is the line's, or NULL for what is not JSON; command is what it answers,
 * or NULL for what is no answer that anybody waits for. */
void qmp_log_received(struct qmp_log *log, const char *line, const json_t *message,
                      const char *command);

/* NULL is fine, for all but qmp_log_open(). */
void qmp_log_close(struct qmp_log *log);
