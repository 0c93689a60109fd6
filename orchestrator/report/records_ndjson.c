/* records.ndjson: what the tests find out, one JSON object a line, as it comes (docs/results.md).
 */
#include "orchestrator/job.h"
#include "orchestrator/report/figures.h"
#include "orchestrator/report/parts.h"
#include "orchestrator/report/sink.h"
#include "orchestrator/report/text.h"
#include "orchestrator/report/text_json.h"

#include <stdlib.h>
#include <string.h>

#define RECORD_VERSION 1 /* raised only when a field goes away or changes its meaning */

struct records {
    struct parts *file;
};

static void *open_records(const struct job *job, G_GNUC_UNUSED GError **err)
{
    g_autofree char *path = g_build_filename(job->result->dir, "records.ndjson", NULL);
    struct records *records = g_new0(struct records, 1);

    records->file = parts_new(path, 0, 0);
    return records;
}

/* What was not measured is left out: most of a leg's figures are of what it did not use. */
static void leave_out_nulls(json_t *object)
{
    const char *key;
    json_t *value;
    void *next;

    json_object_foreach_safe(object, next, key, value)
    {
        if (json_is_object(value))
            leave_out_nulls(value);
        if (json_is_null(value) || (json_is_object(value) && json_object_size(value) == 0) ||
            (json_is_array(value) && json_array_size(value) == 0))
            json_object_del(object, key);
    }
}

/* {"v":1,"record":…,"time":…,"test":…,"host":…,"number":…, …figures}. host NULL: it is of no host
 * alone. */
static int add(struct records *records, const struct test_result *test, const char *host,
               uint64_t number, int64_t time_us, const struct figure_table *table, const void *self,
               GError **err)
{
    g_autofree char *time = text_time(time_us);
    json_t *object = json_pack("{s:i, s:s, s:s, s:I}", "v", RECORD_VERSION, "record", table->one,
                               "time", time, "test", (json_int_t)test->number);
    json_t *figures = figures_json(table, self);
    char *line;
    size_t size;
    int result;

    if (host != NULL) {
        json_object_set_new(object, "host", text_json(host));
        json_object_set_new(object, "number", json_integer((json_int_t)number));
    }
    leave_out_nulls(figures);
    json_object_update(object, figures);
    /* ASCII: nothing that a guest or a node says can move a terminal's cursor. */
    line = json_dumps(object, JSON_COMPACT | JSON_ENSURE_ASCII | JSON_REAL_PRECISION(15));
    json_decref(figures);
    json_decref(object);
    size = strlen(line);
    line[size] = '\n'; /* in the place of the end */
    result = parts_append(records->file, line, size + 1, err);
    free(line);
    return result;
}

static int add_record(void *self, const struct test_result *test, const char *host,
                      const Vtmh__Record *record, GError **err)
{
    const void *of;
    const struct figure_table *table = figures_of_record(record, &of);

    return table == NULL ? 0
                         : add(self, test, host, record->number, record->time_us, table, of, err);
}

static int add_leg(void *self, const struct test_result *test, const struct leg_result *leg,
                   GError **err)
{
    return add(self, test, NULL, 0, g_get_real_time(), &figures_of_leg, leg, err);
}

static int add_test(void *self, const struct test_result *test, GError **err)
{
    return add(self, test, NULL, 0, g_get_real_time(), &figures_of_test, test, err);
}

static int close_records(void *self, G_GNUC_UNUSED GError **err)
{
    struct records *records = self;

    parts_free(records->file);
    g_free(records);
    return 0;
}

const struct sink records_ndjson_sink = {
    .name = "records.ndjson",
    .open = open_records,
    .test_began = add_test,
    .record = add_record,
    .leg = add_leg,
    .test_ended = add_test,
    .close = close_records,
};
