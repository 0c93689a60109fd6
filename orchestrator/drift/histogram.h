/* How often a figure had which size: buckets of which each is an eighth wider than the one below,
 * so that a quantile is right to 5 % however many figures there were. */
#pragma once

#include <stdint.h>

#define HISTOGRAM_BUCKETS 320 /* from 2^-8 to 2^32 */

struct histogram {
    uint32_t counts[HISTOGRAM_BUCKETS];
};

/* What is not above 0 counts as the smallest. */
void histogram_add(struct histogram *histogram, double value);
void histogram_merge(struct histogram *into, const struct histogram *from);

uint64_t histogram_count(const struct histogram *histogram);

/* q: 0 to 1. The middle of the bucket in which that quantile is; -1 if it is empty. */
double histogram_quantile(const struct histogram *histogram, double q);
