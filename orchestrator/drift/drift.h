/*
 * Drift: whether a soak changes with its legs. It is told the samples and the legs of a job as they
 * come and keeps sums only, so that a million legs cost no more than ten. Pure: no clock, no I/O.
 *
 * Of each process (a node, the hypervisor of a VM on a host, the coordinator): memory, descriptors
 * and files by the legs that it has had a part in. Of the legs: their time, downtime and rate by
 * hours, and only among those for which the machines were as busy (busy.h).
 *
 * A slope is grave when it is more than TREND_ERRORS standard errors, and more than its limit, and
 * has not come to rest (trend.h). A figure by hours is judged after DRIFT_HOUR_S, since what a
 * machine does in some minutes is no trend.
 */
#pragma once

#include "orchestrator/drift/figures.h"
#include "orchestrator/drift/hours.h"
#include "orchestrator/drift/trend.h"
#include "orchestrator/result.h"

#define DRIFT_HOUR_S 3600

struct drift;

struct drift *drift_new(void);
void drift_free(struct drift *drift);

/* How much of a figure's drift is allowed, in its unit; without it nothing is. */
void drift_limit(struct drift *drift, enum drift_figure figure, double allowed);

/* How many legs there must have been before anything is judged; without it one. */
void drift_legs_needed(struct drift *drift, unsigned legs);
unsigned drift_needed(const struct drift *drift);

/*
 * test: its name without its number, so that what is repeated is compared with itself. at_s:
 * seconds since the job began, by a monotonic clock.
 */
void drift_sample(struct drift *drift, const char *test, const char *host,
                  const Vtmh__Sample *sample, double at_s);
/* Of the coordinator. is_filling: it keeps each leg up to a number of them, so that what its memory
 * does now is no drift. */
void drift_own_sample(struct drift *drift, const Vtmh__Sample *sample, bool is_filling,
                      double at_s);
void drift_leg(struct drift *drift, const char *test, const struct leg_result *leg, double at_s);

enum drift_verdict {
    DRIFT_TOO_FEW, /* legs, or hours, to tell */
    DRIFT_STEADY,
    DRIFT_BUSIER, /* it is worse, but only since the machines became busier */
    DRIFT_GRAVE,
};

/* A figure of a process, or of the legs. */
struct drift_row {
    const char *process; /* "host1 qemu vm1"; NULL: of the legs */
    enum drift_figure figure;
    enum drift_verdict verdict;
    struct trend_slope slope; /* in the figure's unit; all 0 if there is none */
    double limit;
};

/* What can be told now; grave rows first. Transfer full, of struct drift_row, whose names live as
 * long as the drift. */
GArray *drift_rows(const struct drift *drift);

/* What is grave and was not taken before, a sentence each. Transfer full. */
GPtrArray *drift_take_warnings(struct drift *drift);

unsigned drift_legs(const struct drift *drift);
double drift_seconds(const struct drift *drift); /* up to the last that was told */
const struct hours *drift_hours(const struct drift *drift);

/* CPU that a process takes a leg, in ms. fn is called for each of which it is known. */
void drift_foreach_cpu(const struct drift *drift,
                       void (*fn)(void *arg, const char *process, double ms_per_leg), void *arg);
