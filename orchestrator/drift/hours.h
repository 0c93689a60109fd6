/*
 * A soak hour by hour. A row stands for a minute at first, and for more the longer the soak is:
 * five minutes after ten of them, a quarter of an hour after the first hour, an hour after four, a
 * day after a fortnight. So there are never more than a few hundred rows.
 */
#pragma once

#include "orchestrator/drift/histogram.h"

#include <glib.h>

enum hour_role { HOUR_QEMU, HOUR_NODE, HOUR_COORDINATOR, HOUR_ROLES };

/* Means are sums of n figures. */
struct hour_mean {
    double n, sum;
};

/* A time in which something was told. */
struct hour {
    double begin_s; /* of it, since the job began */
    unsigned legs;
    struct histogram leg_ms, downtime_ms, bytes_per_s; /* of legs that have it */
    struct hour_mean rss_bytes[HOUR_ROLES], descriptors[HOUR_ROLES];
    struct hour_mean pressure, load;
};

struct hours {
    GPtrArray *rows; /* struct hour, in order */
    double width_s;  /* of each */
};

void hours_init(struct hours *hours);
void hours_clear(struct hours *hours);

/* The row of a time, which is not before that of the last call. Stays until the next one. */
struct hour *hours_at(struct hours *hours, double at_s);

void hour_mean_add(struct hour_mean *mean, double value); /* negative: not measured, left out */
double hour_mean(const struct hour_mean *mean);           /* -1: there is none */
