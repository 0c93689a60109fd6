#include "orchestrator/report/sink.h"

#include <stddef.h>

extern const struct sink metrics_sink;

const struct sink *const sink_table[] = {
    &metrics_sink,
    NULL,
};
