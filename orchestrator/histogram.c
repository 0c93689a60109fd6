#include "orchestrator/histogram.h"

#include <math.h>

/* Buckets grow by a fixed ratio: 2^(1/48), or 1.5 %, whose middle is 0.7 % from either border. */
#define PER_OCTAVE 48
#define OCTAVES 48
#define BUCKETS (PER_OCTAVE * OCTAVES)
#define SMALLEST 1e-3 /* what is less is as good as 0 */

struct histogram {
    uint64_t count;
    double min, max, sum;
    GArray *values;    /* double: all of them; NULL when they were too many */
    uint64_t *buckets; /* instead of them */
};

struct histogram *histogram_new(void)
{
    struct histogram *histogram = g_new0(struct histogram, 1);
    histogram->values = g_array_new(FALSE, FALSE, sizeof(double));
    return histogram;
}

void histogram_free(struct histogram *histogram)
{
    if (histogram == NULL)
        return;
    g_clear_pointer(&histogram->values, g_array_unref);
    g_free(histogram->buckets);
    g_free(histogram);
}

static unsigned bucket_of(double value)
{
    if (value < SMALLEST)
        return 0;
    return (unsigned)MIN(1 + log2(value / SMALLEST) * PER_OCTAVE, BUCKETS - 1);
}

static double middle_of(unsigned bucket)
{
    return bucket == 0 ? 0 : SMALLEST * exp2((bucket - 0.5) / PER_OCTAVE);
}

/* There are too many to keep each. */
static void go_over_to_buckets(struct histogram *histogram)
{
    histogram->buckets = g_new0(uint64_t, BUCKETS);
    for (unsigned i = 0; i < histogram->values->len; i++)
        histogram->buckets[bucket_of(g_array_index(histogram->values, double, i))]++;
    g_clear_pointer(&histogram->values, g_array_unref);
}

void histogram_add(struct histogram *histogram, double value)
{
    histogram->min = histogram->count == 0 ? value : MIN(histogram->min, value);
    histogram->max = histogram->count == 0 ? value : MAX(histogram->max, value);
    histogram->sum += value;
    histogram->count++;
    if (histogram->count == HISTOGRAM_EXACT + 1)
        go_over_to_buckets(histogram);
    if (histogram->buckets != NULL)
        histogram->buckets[bucket_of(value)]++;
    else
        g_array_append_val(histogram->values, value);
}

void histogram_merge(struct histogram *histogram, const struct histogram *other)
{
    if (histogram_count(other) == 0)
        return;
    if (other->values != NULL) {
        for (unsigned i = 0; i < other->values->len; i++)
            histogram_add(histogram, g_array_index(other->values, double, i));
        return;
    }
    if (histogram->buckets == NULL)
        go_over_to_buckets(histogram);
    for (unsigned i = 0; i < BUCKETS; i++)
        histogram->buckets[i] += other->buckets[i];
    histogram->min = histogram->count == 0 ? other->min : MIN(histogram->min, other->min);
    histogram->max = MAX(histogram->max, other->max);
    histogram->sum += other->sum;
    histogram->count += other->count;
}

uint64_t histogram_count(const struct histogram *histogram)
{
    return histogram != NULL ? histogram->count : 0;
}

double histogram_min(const struct histogram *histogram)
{
    return histogram->min;
}

double histogram_max(const struct histogram *histogram)
{
    return histogram->max;
}

double histogram_mean(const struct histogram *histogram)
{
    return histogram->sum / (double)histogram->count;
}

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The value of a rank, from 1. */
static double value_at(const struct histogram *histogram, uint64_t rank)
{
    if (histogram->values != NULL) {
        /* In place: nobody else asks for their order. */
        g_array_sort(histogram->values, compare_doubles);
        return g_array_index(histogram->values, double, rank - 1);
    }
    unsigned bucket = 0;
    uint64_t so_far = histogram->buckets[0];
    while (so_far < rank)
        so_far += histogram->buckets[++bucket];
    return CLAMP(middle_of(bucket), histogram->min, histogram->max);
}

double histogram_percentile(const struct histogram *histogram, unsigned percent)
{
    /* Rounded up in whole numbers: 0.95 * 20 is more than 19 for a double. */
    return value_at(histogram, (percent * histogram->count + 99) / 100);
}

double histogram_median(const struct histogram *histogram)
{
    uint64_t middle = (histogram->count + 1) / 2;
    if (histogram->values == NULL || histogram->count % 2 == 1)
        return value_at(histogram, middle);
    return (value_at(histogram, middle) + value_at(histogram, middle + 1)) / 2;
}
