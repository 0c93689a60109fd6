#include "orchestrator/drift/histogram.h"

#include <glib.h>
#include <math.h>

#define PER_OCTAVE 8
#define LOWEST_OCTAVE (-8)

static unsigned bucket_of(double value)
{
    if (!(value > 0))
        return 0;
    double bucket = floor((log2(value) - LOWEST_OCTAVE) * PER_OCTAVE);
    return (unsigned)CLAMP(bucket, 0, HISTOGRAM_BUCKETS - 1);
}

void histogram_add(struct histogram *histogram, double value)
{
    histogram->counts[bucket_of(value)]++;
}

void histogram_merge(struct histogram *into, const struct histogram *from)
{
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++)
        into->counts[i] += from->counts[i];
}

uint64_t histogram_count(const struct histogram *histogram)
{
    uint64_t count = 0;
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++)
        count += histogram->counts[i];
    return count;
}

double histogram_quantile(const struct histogram *histogram, double q)
{
    double rank = q * (double)histogram_count(histogram), passed = 0;
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
        passed += histogram->counts[i];
        if (histogram->counts[i] > 0 && passed >= rank)
            return exp2(LOWEST_OCTAVE + (i + 0.5) / PER_OCTAVE);
    }
    return -1;
}
