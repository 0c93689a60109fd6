#include "libvirt/job_stats.h"

#include "libvirt/typed.h"

#include <glib.h>

static const char *const types[] = {
    [VIR_DOMAIN_JOB_NONE] = "none",           [VIR_DOMAIN_JOB_BOUNDED] = "bounded",
    [VIR_DOMAIN_JOB_UNBOUNDED] = "unbounded", [VIR_DOMAIN_JOB_COMPLETED] = "completed",
    [VIR_DOMAIN_JOB_FAILED] = "failed",       [VIR_DOMAIN_JOB_CANCELLED] = "cancelled",
};

static const char *const operations[] = {
    [VIR_DOMAIN_JOB_OPERATION_UNKNOWN] = "unknown",
    [VIR_DOMAIN_JOB_OPERATION_START] = "start",
    [VIR_DOMAIN_JOB_OPERATION_SAVE] = "save",
    [VIR_DOMAIN_JOB_OPERATION_RESTORE] = "restore",
    [VIR_DOMAIN_JOB_OPERATION_MIGRATION_IN] = "migration_in",
    [VIR_DOMAIN_JOB_OPERATION_MIGRATION_OUT] = "migration_out",
    [VIR_DOMAIN_JOB_OPERATION_SNAPSHOT] = "snapshot",
    [VIR_DOMAIN_JOB_OPERATION_SNAPSHOT_REVERT] = "snapshot_revert",
    [VIR_DOMAIN_JOB_OPERATION_DUMP] = "dump",
    [VIR_DOMAIN_JOB_OPERATION_BACKUP] = "backup",
};

static const char *name_in(const char *const *names, size_t count, json_int_t number)
{
    return number >= 0 && (size_t)number < count ? names[number] : "unknown";
}

/* JOB_COMPLETED tells no type: the job succeeded unless it says otherwise. */
static int type_of_ended(const json_t *stats)
{
    const json_t *success = json_object_get(stats, VIR_DOMAIN_JOB_SUCCESS);

    return success == NULL || json_is_true(success) ? VIR_DOMAIN_JOB_COMPLETED
                                                    : VIR_DOMAIN_JOB_FAILED;
}

json_t *job_stats_to_json(int type, const virTypedParameter *parameters, int count)
{
    json_t *stats = json_object();
    const json_t *operation;

    typed_to_json(stats, parameters, count);
    operation = json_object_get(stats, VIR_DOMAIN_JOB_OPERATION);
    if (operation != NULL)
        json_object_set_new(stats, VIR_DOMAIN_JOB_OPERATION,
                            json_string(name_in(operations, G_N_ELEMENTS(operations),
                                                json_integer_value(operation))));
    if (type < 0)
        type = type_of_ended(stats);
    json_object_set_new(stats, "type", json_string(name_in(types, G_N_ELEMENTS(types), type)));
    return stats;
}
