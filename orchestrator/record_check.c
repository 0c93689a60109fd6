#include "orchestrator/record_check.h"

#include "proto/leg_words.h"

#include <math.h>

/* The first figure of a message, or of one in it, that is no number; NULL: all are. */
static const char *find_no_number(const ProtobufCMessage *message)
{
    for (unsigned i = 0; i < message->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &message->descriptor->fields[i];
        const void *at = (const char *)message + field->offset;
        if (field->label == PROTOBUF_C_LABEL_REPEATED)
            continue;
        if (field->type == PROTOBUF_C_TYPE_DOUBLE && !isfinite(*(const double *)at))
            return field->name;
        if (field->type != PROTOBUF_C_TYPE_MESSAGE || *(const ProtobufCMessage *const *)at == NULL)
            continue;
        const char *inside = find_no_number(*(const ProtobufCMessage *const *)at);
        if (inside != NULL)
            return inside;
    }
    return NULL;
}

static char *check_figures(const ProtobufCMessage *message)
{
    const char *name = find_no_number(message);
    return name == NULL ? NULL : g_strdup_printf("its %s is no number", name);
}

static char *check_leg(const Vtmh__Migration *leg, unsigned host, unsigned n_hosts)
{
    if (leg->source >= n_hosts || leg->destination >= n_hosts)
        return g_strdup_printf("leg %u goes from host %u to host %u of %u", leg->leg,
                               leg->source + 1, leg->destination + 1, n_hosts);
    if (host != leg->source && host != leg->destination)
        return g_strdup_printf("leg %u goes from host %u to host %u, and this is neither", leg->leg,
                               leg->source + 1, leg->destination + 1);
    if (*leg->vm == '\0')
        return g_strdup_printf("leg %u is of no VM", leg->leg);
    if (leg_survivor_word(leg->survivor) == NULL)
        return g_strdup_printf("leg %u has a survivor that there is not (%d)", leg->leg,
                               (int)leg->survivor);
    if ((unsigned)leg->memory_check > VTMH__MEMORY_CHECK__MEMORY_CORRUPT)
        return g_strdup_printf("leg %u has a memory check that there is not (%d)", leg->leg,
                               (int)leg->memory_check);
    return check_figures(&leg->base);
}

char *record_check(const Vtmh__Record *record, unsigned host, unsigned n_hosts)
{
    switch (record->body_case) {
    case VTMH__RECORD__BODY_LEG:
        return check_leg(record->leg, host, n_hosts);
    case VTMH__RECORD__BODY_SAMPLE:
        return check_figures(&record->sample->base);
    case VTMH__RECORD__BODY_NOTE:
    case VTMH__RECORD__BODY_LEAK:
    case VTMH__RECORD__BODY_STEP:
        return NULL;
    default:
        return g_strdup("it says nothing that is known here");
    }
}
