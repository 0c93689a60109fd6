/* A soak hour by hour, of which the first is told in pieces of five minutes. */
#pragma once

#include "orchestrator/histogram.h"

enum hour_role { HOUR_QEMU, HOUR_NODE, HOUR_COORDINATOR, HOUR_ROLES };
enum hour_median { HOUR_LEG_MS, HOUR_DOWNTIME_MS, HOUR_BYTES_PER_S, HOUR_MEDIANS };

struct hour_mean {
    double n, sum; /* of n figures */
};

/* A time in which something was told. */
struct hour {
    double begin_s; /* of it, since the job began */
    unsigned legs;
    struct hour_mean rss_bytes[HOUR_ROLES], descriptors[HOUR_ROLES];
    struct hour_mean pressure, load;
    double medians[HOUR_MEDIANS]; /* once it is over: ask hour_median() */
};

struct hours {
    GPtrArray *rows;                     /* struct hour, in order */
    struct histogram *now[HOUR_MEDIANS]; /* of the last row */
};

void hours_init(struct hours *hours);
void hours_clear(struct hours *hours);

/* The row of a time, which is not before that of the last call. */
struct hour *hours_at(struct hours *hours, double at_s);

/* A figure of a leg, into the last row; not above 0: not measured, left out. */
void hours_add(struct hours *hours, enum hour_median which, double value);

/* -1: there is none. */
double hour_median(const struct hours *hours, const struct hour *hour, enum hour_median which);

void hour_mean_add(struct hour_mean *mean, double value); /* negative: not measured, left out */
double hour_mean(const struct hour_mean *mean);           /* -1: there is none */
