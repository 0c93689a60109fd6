#include "orchestrator/drift/hours.h"

#include <math.h>

#define HOUR_S 3600.0

/* How wide a row is, up to which length of the soak. */
static const struct {
    double until_s, width_s;
} widths[] = {
    {600, 60},
    {HOUR_S, 300},
    {4 * HOUR_S, 900},
    {14 * 24 * HOUR_S, HOUR_S},
    {INFINITY, 24 * HOUR_S},
};

void hours_init(struct hours *hours)
{
    hours->rows = g_ptr_array_new_with_free_func(g_free);
    hours->width_s = widths[0].width_s;
}

void hours_clear(struct hours *hours)
{
    g_ptr_array_unref(hours->rows);
}

static void merge_mean(struct hour_mean *into, const struct hour_mean *from)
{
    into->n += from->n;
    into->sum += from->sum;
}

static void merge(struct hour *into, const struct hour *from)
{
    into->legs += from->legs;
    histogram_merge(&into->leg_ms, &from->leg_ms);
    histogram_merge(&into->downtime_ms, &from->downtime_ms);
    histogram_merge(&into->bytes_per_s, &from->bytes_per_s);
    for (unsigned role = 0; role < HOUR_ROLES; role++) {
        merge_mean(&into->rss_bytes[role], &from->rss_bytes[role]);
        merge_mean(&into->descriptors[role], &from->descriptors[role]);
    }
    merge_mean(&into->pressure, &from->pressure);
    merge_mean(&into->load, &from->load);
}

static double begin_of(const struct hours *hours, double at_s)
{
    return floor(at_s / hours->width_s) * hours->width_s;
}

/* Adds an empty row, unless the last one is of that time. */
static struct hour *row_of(const struct hours *hours, GPtrArray *rows, double at_s)
{
    struct hour *last = rows->len > 0 ? g_ptr_array_index(rows, rows->len - 1) : NULL;
    double begin_s = begin_of(hours, at_s);
    if (last != NULL && last->begin_s >= begin_s)
        return last;
    struct hour *hour = g_new0(struct hour, 1);
    hour->begin_s = begin_s;
    g_ptr_array_add(rows, hour);
    return hour;
}

static void widen(struct hours *hours, double width_s)
{
    GPtrArray *wide = g_ptr_array_new_with_free_func(g_free);
    hours->width_s = width_s;
    for (unsigned i = 0; i < hours->rows->len; i++) {
        const struct hour *narrow = g_ptr_array_index(hours->rows, i);
        merge(row_of(hours, wide, narrow->begin_s), narrow);
    }
    g_ptr_array_unref(hours->rows);
    hours->rows = wide;
}

struct hour *hours_at(struct hours *hours, double at_s)
{
    unsigned i = 0;
    while (at_s >= widths[i].until_s)
        i++;
    if (widths[i].width_s > hours->width_s)
        widen(hours, widths[i].width_s);
    return row_of(hours, hours->rows, at_s);
}

void hour_mean_add(struct hour_mean *mean, double value)
{
    if (value < 0)
        return;
    mean->n++;
    mean->sum += value;
}

double hour_mean(const struct hour_mean *mean)
{
    return mean->n > 0 ? mean->sum / mean->n : -1;
}
