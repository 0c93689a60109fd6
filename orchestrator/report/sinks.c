#include "orchestrator/report/sink.h"

#include <stddef.h>

extern const struct sink records_ndjson_sink, job_db_sink, metrics_sink;

const struct sink *const sink_table[] = {
    &records_ndjson_sink,
    &job_db_sink,
    &metrics_sink,
    NULL,
};
