/*
 * How often a figure was how large, in memory that does not grow with the number of values. Pure.
 *
 * Up to HISTOGRAM_EXACT values are all kept, and what is said of them is exact. Of more only the
 * least, the largest and the mean are exact; a percentile is then within 1 % of a value that is.
 */
#pragma once

#include "sync/autoptr.h"

#include <glib.h>
#include <stdint.h>

#define HISTOGRAM_EXACT 1000

struct histogram;

struct histogram *histogram_new(void);
void histogram_free(struct histogram *histogram);
AUTOPTR_STRUCT(histogram, histogram_free);

/* value: finite, not negative. */
void histogram_add(struct histogram *histogram, double value);

/* Adds all values of another one. */
void histogram_merge(struct histogram *histogram, const struct histogram *other);

/* NULL has no values. */
uint64_t histogram_count(const struct histogram *histogram);

/* The rest: of one that has values. */
double histogram_min(const struct histogram *histogram);
double histogram_max(const struct histogram *histogram);
double histogram_mean(const struct histogram *histogram);

/* The nearest rank: the smallest value that so many per cent of the values (1 to 100) do not
 * exceed. */
double histogram_percentile(const struct histogram *histogram, unsigned percent);

/* Half-way between the two middle values of an even number, while all are kept. */
double histogram_median(const struct histogram *histogram);
