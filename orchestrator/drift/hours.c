#include "orchestrator/drift/hours.h"

#include <math.h>

#define HOUR_S 3600.0
#define PIECE_S 300.0 /* of the first hour */

void hours_init(struct hours *hours)
{
    hours->rows = g_ptr_array_new_with_free_func(g_free);
    for (unsigned i = 0; i < HOUR_MEDIANS; i++)
        hours->now[i] = histogram_new();
}

void hours_clear(struct hours *hours)
{
    g_ptr_array_unref(hours->rows);
    for (unsigned i = 0; i < HOUR_MEDIANS; i++)
        histogram_free(hours->now[i]);
}

static struct hour *last_of(const struct hours *hours)
{
    return hours->rows->len > 0 ? g_ptr_array_index(hours->rows, hours->rows->len - 1) : NULL;
}

static double median_now(const struct hours *hours, enum hour_median which)
{
    return histogram_count(hours->now[which]) > 0 ? histogram_median(hours->now[which]) : -1;
}

/* Of the last row only the medians stay. */
static void end_last(struct hours *hours)
{
    struct hour *last = last_of(hours);
    for (unsigned i = 0; last != NULL && i < HOUR_MEDIANS; i++) {
        last->medians[i] = median_now(hours, i);
        histogram_free(hours->now[i]);
        hours->now[i] = histogram_new();
    }
}

struct hour *hours_at(struct hours *hours, double at_s)
{
    double width_s = at_s < HOUR_S ? PIECE_S : HOUR_S;
    double begin_s = floor(at_s / width_s) * width_s;
    struct hour *last = last_of(hours);
    if (last != NULL && last->begin_s >= begin_s)
        return last;
    end_last(hours);
    struct hour *hour = g_new0(struct hour, 1);
    hour->begin_s = begin_s;
    g_ptr_array_add(hours->rows, hour);
    return hour;
}

void hours_add(struct hours *hours, enum hour_median which, double value)
{
    if (value > 0)
        histogram_add(hours->now[which], value);
}

double hour_median(const struct hours *hours, const struct hour *hour, enum hour_median which)
{
    return hour == last_of(hours) ? median_now(hours, which) : hour->medians[which];
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
