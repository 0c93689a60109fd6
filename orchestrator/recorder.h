/* Writes down what happens in a job: into the store, and onto the display. */
#pragma once

#include "orchestrator/allowance.h"
#include "orchestrator/coordinator.h"
#include "orchestrator/drift_watch.h"
#include "orchestrator/job.h"
#include "orchestrator/report/sink.h"

struct recorder {
    struct job *job;
    unsigned total;      /* results that the job will have; 0: nobody knows */
    GHashTable *streams; /* "NUMBER/HOST/FILE" -> secrets_stream: files of the running tests */
    struct sinks *sinks;
    struct drift_watch drift;
    struct allowance progress; /* that is written down */
    char *trouble;             /* why nothing can be written any more, or NULL */
    int64_t written_us;        /* when results.json was written last; CLOCK_MONOTONIC */
    int64_t writing_us;        /* how long that took */
    bool is_due;               /* it is to be written anew */
};

void recorder_init(struct recorder *recorder, struct job *job);

/* Why nothing can be written down any more, so that the job is to end; NULL: it can. */
const char *recorder_trouble(const struct recorder *recorder);

/* Tells the user how the soak goes (SIGUSR2), also in a file of the job's folder. */
void recorder_tell_drift(struct recorder *recorder);

void recorder_clear(struct recorder *recorder);

/* What the coordinator tells. recorder must outlive it. */
struct coordinator_listener recorder_listener(struct recorder *recorder);

/* params: unresolved; what each host makes of them is written into the test's folder. */
void recorder_begin_test(struct recorder *recorder, const struct params *params,
                         struct test_result *result);

/* A test that never begins: its status and cause are set. It gets a folder whose log says why. */
void recorder_leave_out(struct recorder *recorder, const struct params *params,
                        struct test_result *result);

/* Also writes results.json anew, at once or soon, so that a killed job leaves a true one. */
void recorder_end_test(struct recorder *recorder, struct test_result *result);
