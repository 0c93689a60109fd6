/* A job on a domain, while it runs and behind it. */
#include "libvirt/call.h"
#include "libvirt/job_stats.h"

static json_t *run_abort(struct call *call)
{
    return call_done(call, virDomainAbortJob(call->domain));
}

static json_t *run_start_postcopy(struct call *call)
{
    return call_done(call, virDomainMigrateStartPostCopy(call->domain, 0));
}

static json_t *run_stats(struct call *call)
{
    unsigned flags = (call_flag(call, "completed") ? VIR_DOMAIN_JOB_STATS_COMPLETED : 0) |
                     (call_flag(call, "keep") ? VIR_DOMAIN_JOB_STATS_KEEP_COMPLETED : 0);
    virTypedParameterPtr parameters = NULL;
    int type, count = 0;

    if (virDomainGetJobStats(call->domain, &type, &parameters, &count, flags) < 0)
        return call_fail(call);
    json_t *stats = job_stats_to_json(type, parameters, count);
    virTypedParamsFree(parameters, count);
    return stats;
}

/* What is passed as an unsigned number of libvirt's. False: it is none; the call is refused. */
static bool is_number(struct call *call, const char *name, unsigned long long *number_out)
{
    long long number = call_integer(call, name, 0);

    *number_out = (unsigned long long)number;
    if (number >= 0)
        return true;
    call_refuse(call, "Arguments", "%s: \"%s\" is below 0", call->row->name, name);
    return false;
}

static json_t *run_set_max_speed(struct call *call)
{
    unsigned flags = call_flag(call, "postcopy") ? VIR_DOMAIN_MIGRATE_MAX_SPEED_POSTCOPY : 0;
    unsigned long long mib_per_s;

    if (!is_number(call, "mib_per_s", &mib_per_s))
        return NULL;
    return call_done(call, virDomainMigrateSetMaxSpeed(call->domain, mib_per_s, flags));
}

static json_t *run_max_speed(struct call *call)
{
    unsigned flags = call_flag(call, "postcopy") ? VIR_DOMAIN_MIGRATE_MAX_SPEED_POSTCOPY : 0;
    unsigned long mib_per_s;

    if (virDomainMigrateGetMaxSpeed(call->domain, &mib_per_s, flags) < 0)
        return call_fail(call);
    return json_pack("{s:I}", "mib_per_s", (json_int_t)MIN(mib_per_s, G_MAXINT64));
}

static json_t *run_set_max_downtime(struct call *call)
{
    unsigned long long ms;

    if (!is_number(call, "ms", &ms))
        return NULL;
    return call_done(call, virDomainMigrateSetMaxDowntime(call->domain, ms, 0));
}

static json_t *run_max_downtime(struct call *call)
{
    unsigned long long ms;

    if (virDomainMigrateGetMaxDowntime(call->domain, &ms, 0) < 0)
        return call_fail(call);
    return json_pack("{s:I}", "ms", (json_int_t)MIN(ms, G_MAXINT64));
}

static json_t *run_set_compression_cache(struct call *call)
{
    unsigned long long bytes;

    if (!is_number(call, "bytes", &bytes))
        return NULL;
    return call_done(call, virDomainMigrateSetCompressionCache(call->domain, bytes, 0));
}

const struct call_row calls_of_jobs[] = {
    {"domain-abort-job", run_abort, CONNECTION_CONTROL, true, {{0}}},
    {"domain-start-postcopy", run_start_postcopy, CONNECTION_CONTROL, true, {{0}}},
    {"domain-job-stats",
     run_stats,
     CONNECTION_CONTROL,
     true,
     {{"completed", ARGUMENT_BOOL, false}, {"keep", ARGUMENT_BOOL, false}}},
    {"domain-set-max-speed",
     run_set_max_speed,
     CONNECTION_CONTROL,
     true,
     {{"mib_per_s", ARGUMENT_INTEGER, true}, {"postcopy", ARGUMENT_BOOL, false}}},
    {"domain-max-speed",
     run_max_speed,
     CONNECTION_CONTROL,
     true,
     {{"postcopy", ARGUMENT_BOOL, false}}},
    {"domain-set-max-downtime",
     run_set_max_downtime,
     CONNECTION_CONTROL,
     true,
     {{"ms", ARGUMENT_INTEGER, true}}},
    {"domain-max-downtime", run_max_downtime, CONNECTION_CONTROL, true, {{0}}},
    {"domain-set-compression-cache",
     run_set_compression_cache,
     CONNECTION_CONTROL,
     true,
     {{"bytes", ARGUMENT_INTEGER, true}}},
    {0},
};
