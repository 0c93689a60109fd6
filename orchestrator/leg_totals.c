#include "orchestrator/leg_totals.h"

#include "orchestrator/result.h"
#include "proto/leg_words.h"

#include <math.h>

static const struct {
    const char *name;
    size_t offset; /* of a double in struct leg_result */
} figures[LEG_TOTALS] = {
    [TOTAL_CYCLE] = {"cycle_ms", offsetof(struct leg_result, cycle_ms)},
    [TOTAL_TOTAL] = {"total_ms", offsetof(struct leg_result, total_ms)},
    [TOTAL_DOWNTIME] = {"downtime_ms", offsetof(struct leg_result, downtime_ms)},
    [TOTAL_STOP_TO_RESUME] = {"stop_to_resume_ms", offsetof(struct leg_result, stop_to_resume_ms)},
    [TOTAL_GUEST_GAP] = {"guest_gap_ms", offsetof(struct leg_result, guest_gap_ms)},
};

void leg_totals_init(struct leg_totals *totals)
{
    *totals = (struct leg_totals){
        .vms = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
    };
}

void leg_totals_clear(struct leg_totals *totals)
{
    for (unsigned class = 0; class < LEG_CLASSES; class ++)
        for (unsigned i = 0; i < LEG_TOTALS; i++)
            histogram_free(totals->figures[class][i]);
    g_hash_table_unref(totals->vms);
}

static void add_figures(struct histogram **of_class, const struct leg_result *leg)
{
    for (unsigned i = 0; i < LEG_TOTALS; i++) {
        double value = *(const double *)((const char *)leg + figures[i].offset);
        if (value < 0)
            continue;
        if (of_class[i] == NULL)
            of_class[i] = histogram_new();
        histogram_add(of_class[i], value);
    }
}

void leg_totals_add(struct leg_totals *totals, const struct leg_result *leg)
{
    Vtmh__LegEnd end;
    bool is_first = g_hash_table_add(totals->vms, g_strdup(leg->vm != NULL ? leg->vm : ""));
    if (!leg_end_of_word(leg->status, &end))
        end = VTMH__LEG_END__LEG_UNKNOWN;
    totals->legs++;
    totals->ends[end]++;
    totals->checks[leg->memory_check]++;
    totals->unplanned += !leg->is_as_planned;
    if (leg->memory_check == VTMH__MEMORY_CHECK__MEMORY_CORRUPT)
        totals->bad_pages += leg->bad_pages;
    if (end == VTMH__LEG_END__LEG_COMPLETED)
        add_figures(totals->figures[is_first ? LEG_FIRST : LEG_LATER], leg);
}

/* Microseconds are the finest that anything here means. */
static json_t *real(double value)
{
    return json_real(round(value * 1000) / 1000);
}

static json_t *figure_json(const struct leg_totals *totals, enum leg_total figure)
{
    g_autoptr(histogram) all = histogram_new();
    for (unsigned class = 0; class < LEG_CLASSES; class ++)
        histogram_merge(all, totals->figures[class][figure]);
    if (histogram_count(all) == 0)
        return json_null();
    return json_pack("{s:I, s:o, s:o, s:o, s:o, s:o, s:o}", "legs",
                     (json_int_t)histogram_count(all), "min", real(histogram_min(all)), "mean",
                     real(histogram_mean(all)), "p50", real(histogram_percentile(all, 50)), "p95",
                     real(histogram_percentile(all, 95)), "p99",
                     real(histogram_percentile(all, 99)), "max", real(histogram_max(all)));
}

json_t *leg_totals_json(const struct leg_totals *totals)
{
    static const char *const checks[LEG_CHECKS] = {"not_checked", "clean", "corrupt"};
    json_t *object = json_object();
    json_t *ends = json_object();
    json_t *memory = json_object();
    for (unsigned end = 0; end < LEG_ENDS; end++)
        if (totals->ends[end] > 0)
            json_object_set_new(ends, leg_end_word(end),
                                json_integer((json_int_t)totals->ends[end]));
    for (unsigned i = 0; i < LEG_CHECKS; i++)
        json_object_set_new(memory, checks[i], json_integer((json_int_t)totals->checks[i]));
    json_object_set_new(object, "status", ends);
    json_object_set_new(object, "memory_check", memory);
    json_object_set_new(object, "bad_pages", json_integer((json_int_t)totals->bad_pages));
    json_object_set_new(object, "unplanned", json_integer((json_int_t)totals->unplanned));
    for (unsigned i = 0; i < LEG_TOTALS; i++)
        json_object_set_new(object, figures[i].name, figure_json(totals, i));
    return object;
}
