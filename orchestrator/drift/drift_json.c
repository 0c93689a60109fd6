#include "orchestrator/drift/drift_report.h"

#include <math.h>

static json_t *figure(double value)
{
    return isfinite(value) && value >= 0 ? json_real(value) : json_null();
}

static json_t *by_role(const struct hour_mean means[HOUR_ROLES])
{
    return json_pack("{s:o, s:o, s:o}", "qemu", figure(hour_mean(&means[HOUR_QEMU])), "node",
                     figure(hour_mean(&means[HOUR_NODE])), "coordinator",
                     figure(hour_mean(&means[HOUR_COORDINATOR])));
}

static json_t *hour_json(const struct hours *hours, const struct hour *hour)
{
    return json_pack(
        "{s:f, s:i, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "from_s", hour->begin_s, "legs",
        (int)hour->legs, "leg_ms_p50", figure(hour_median(hours, hour, HOUR_LEG_MS)),
        "downtime_ms_p50", figure(hour_median(hours, hour, HOUR_DOWNTIME_MS)), "bytes_per_s_p50",
        figure(hour_median(hours, hour, HOUR_BYTES_PER_S)), "rss_bytes", by_role(hour->rss_bytes),
        "descriptors", by_role(hour->descriptors), "pressure", figure(hour_mean(&hour->pressure)),
        "load", figure(hour_mean(&hour->load)));
}

static const char *const verdicts[] = {
    [DRIFT_TOO_FEW] = "unknown",
    [DRIFT_STEADY] = "steady",
    [DRIFT_BUSIER] = "busier",
    [DRIFT_GRAVE] = "drift",
};

static json_t *row_json(const struct drift_row *row)
{
    const struct drift_figure_row *info = &drift_figures[row->figure];
    bool has_slope = row->slope.pairs > 0;
    return json_pack("{s:s?, s:s, s:s, s:o, s:o, s:o, s:f, s:s, s:s}", "process", row->process,
                     "figure", info->key, "unit", info->unit, "slope",
                     has_slope ? json_real(row->slope.slope) : json_null(), "error",
                     has_slope ? json_real(row->slope.error) : json_null(), "samples",
                     json_integer((json_int_t)row->slope.pairs), "limit", row->limit, "parameter",
                     info->limit, "verdict", verdicts[row->verdict]);
}

static void add_cpu(void *arg, const char *process, double ms_per_leg)
{
    json_object_set_new(arg, process, figure(ms_per_leg));
}

json_t *drift_json(const struct drift *drift)
{
    const struct hours *hours = drift_hours(drift);
    g_autoptr(GArray) rows = drift_rows(drift);
    json_t *table = json_array(), *slopes = json_array(), *cpu = json_object();
    for (unsigned i = 0; i < hours->rows->len; i++)
        json_array_append_new(table, hour_json(hours, g_ptr_array_index(hours->rows, i)));
    for (unsigned i = 0; i < rows->len; i++)
        json_array_append_new(slopes, row_json(&g_array_index(rows, struct drift_row, i)));
    drift_foreach_cpu(drift, add_cpu, cpu);
    return json_pack("{s:i, s:f, s:o, s:o, s:o}", "legs", (int)drift_legs(drift), "seconds",
                     drift_seconds(drift), "hours", table, "slopes", slopes, "cpu_ms_per_leg", cpu);
}
