#include "migration/vm/qmp_log.h"

#include "migration/vm/platform.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_KNOWN 1000 /* answers of a test: they are few, unless a hypervisor makes them up */

struct qmp_log {
    FILE *file;
    char *path;
    GHashTable *known; /* "PATH COMMAND DIGEST" */
};

static const char *const long_lists[] = {"query-migrate-capabilities", "query-migrate-parameters",
                                         "query-pci"};

GHashTable *qmp_log_known_new(void)
{
    return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
}

struct qmp_log *qmp_log_open(const char *path, GHashTable *known, GError **err)
{
    FILE *file = fopen(path, "ae");
    struct qmp_log *log;

    if (file == NULL) {
        g_set_error(err, VM_ERROR, VM_ERROR_START, "cannot write %s: %s", path, g_strerror(errno));
        return NULL;
    }
    log = g_new0(struct qmp_log, 1);
    log->file = file;
    log->path = g_strdup(path);
    log->known = known != NULL ? g_hash_table_ref(known) : NULL;
    return log;
}

static void write_line(struct qmp_log *log, char direction, const char *remark, const char *line)
{
    g_autoptr(GDateTime) now = g_date_time_new_now_utc();
    g_autofree char *stamp = g_date_time_format(now, "%FT%T.%fZ");

    fprintf(log->file, "%s %c %s%s\n", stamp, direction, remark, line);
    fflush(log->file);
}

void qmp_log_sent(struct qmp_log *log, const char *line, gboolean has_descriptor)
{
    if (log != NULL)
        write_line(log, '>', has_descriptor ? "(with a descriptor) " : "", line);
}

/* Whether this answer is in the file; it is from now on. */
static bool is_known(const struct qmp_log *log, const json_t *answer, const char *command)
{
    char *text = json_dumps(answer, JSON_COMPACT | JSON_ENCODE_ANY);
    g_autofree char *digest = NULL;
    char *key;

    if (text == NULL)
        return false;
    digest = g_compute_checksum_for_string(G_CHECKSUM_SHA256, text, -1);
    free(text);
    key = g_strdup_printf("%s %s %s", log->path, command, digest);
    if (g_hash_table_contains(log->known, key)) {
        g_free(key);
        return true;
    }
    if (g_hash_table_size(log->known) < MAX_KNOWN)
        g_hash_table_add(log->known, key);
    else
        g_free(key);
    return false;
}

static bool is_long_list(const char *command)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(long_lists); i++)
        if (strcmp(long_lists[i], command) == 0)
            return true;
    return false;
}

void qmp_log_received(struct qmp_log *log, const char *line, const json_t *message,
                      const char *command)
{
    const json_t *answer = json_object_get(message, "return");

    if (log == NULL)
        return;
    if (log->known != NULL && answer != NULL && command != NULL && is_long_list(command) &&
        is_known(log, answer, command))
        write_line(log, '<', "as before: ", command);
    else
        write_line(log, '<', "", line);
}

void qmp_log_close(struct qmp_log *log)
{
    if (log == NULL)
        return;
    fclose(log->file);
    g_clear_pointer(&log->known, g_hash_table_unref);
    g_free(log->path);
    g_free(log);
}
