/*
 * Drift in a job (drift/drift.h): what the nodes sample and what the coordinator samples of itself
 * is fed to it, limits come from the parameters, and what it finds goes where it belongs: to a test
 * of many legs as a warning that is part of its verdict, else to the job.
 */
#pragma once

#include "cfg/params.h"
#include "orchestrator/result.h"
#include "proto/sample.h"

struct drift_watch {
    struct drift *drift;
    struct sampler sampler; /* of the coordinator itself */
    struct sample_pace pace;
    int64_t began_us;     /* the job; CLOCK_MONOTONIC */
    unsigned legs_needed; /* drift_legs */
    bool is_soak;         /* the user holds one: there is a report however few its legs are */
};

void drift_watch_init(struct drift_watch *watch, bool is_soak);
void drift_watch_clear(struct drift_watch *watch);

/* Its limits hold from now on. params: checked. */
void drift_watch_test_began(struct drift_watch *watch, const struct params *params);

/* host: whose record it is. */
void drift_watch_record(struct drift_watch *watch, const struct test_result *test, const char *host,
                        const Vtmh__Record *record);

/* Returns whether it was time for a sample of the coordinator: own is that record then. */
bool drift_watch_leg(struct drift_watch *watch, const struct test_result *test,
                     const struct leg_result *leg, Vtmh__Sample *own);

/* A test of at least drift_legs legs is warned of what has been found by now. */
void drift_watch_test_ended(struct drift_watch *watch, struct test_result *test);

/* After drift_legs legs, in a soak after the first: job->drift, as it is now. Nothing before. */
void drift_watch_report(struct drift_watch *watch, struct job_result *job);

/* The job has ended: the same, also as text, and what no test was warned of is in
 * job->drift_warnings. */
void drift_watch_job_ended(struct drift_watch *watch, struct job_result *job);

/* The report as it is now (drift_text()). Transfer full. */
char *drift_watch_text(const struct drift_watch *watch);
