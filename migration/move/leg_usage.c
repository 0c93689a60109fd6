#include "migration/move/leg_usage.h"

#include <unistd.h>

static pid_t hypervisor_pid(const struct seat *seat)
{
    return seat->vm != NULL ? vm_pid(seat->vm) : 0;
}

void leg_usage_begin(struct leg_usage *usage, const struct seat *seat)
{
    usage->hypervisor = usage_begin(hypervisor_pid(seat));
    usage->node = usage_begin(getpid());
}

/* *field: the record's, which frees it with the allocator of protobuf-c. */
static void enter(Vtmh__Usage **field, const struct usage *usage)
{
    if (usage->cpu_ms < 0 && usage->peak_rss_bytes < 0)
        return;
    if (*field == NULL)
        *field = vtmh__usage__unpack(NULL, 0, (const uint8_t *)"");
    (*field)->cpu_ms = usage->cpu_ms;
    (*field)->peak_rss_bytes = usage->peak_rss_bytes;
}

void leg_usage_record(const struct leg_usage *begin, const struct seat *seat,
                      const struct channel *channel, Vtmh__Migration *record)
{
    struct usage hypervisor_now = usage_of(hypervisor_pid(seat)), node_now = usage_of(getpid());
    struct usage hypervisor = usage_since(&begin->hypervisor, &hypervisor_now);
    struct usage node = usage_since(&begin->node, &node_now);
    enter(&record->hypervisor, &hypervisor);
    struct usage relay = usage_of(channel_carrier(channel));
    enter(&record->node, &node);
    enter(&record->relay, &relay);
}
