#include "orchestrator/report/sink.h"

#include <stddef.h>

const struct sink *const sink_table[] = {
    NULL,
};
