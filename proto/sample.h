/*
 * Samples: what a process has, and how busy its machine is, at the end of a leg. The same at nodes
 * and at the coordinator. One costs some tenths of a millisecond; where legs are faster than
 * SAMPLE_EVERY_MS, not each has one, but each SAMPLE_EVERY_LEGS-th.
 */
#pragma once

#include "proto/vtmh.pb-c.h"
#include "sync/pressure.h"

#include <stdbool.h>
#include <sys/types.h>

#define SAMPLE_EVERY_MS 250
#define SAMPLE_EVERY_LEGS 25

/* Of who samples; zeroed at first. */
struct sample_pace {
    int64_t last_us; /* when it did last; CLOCK_MONOTONIC */
    unsigned legs;   /* since then */
};

struct sampler {
    struct pressure_meter meter;
    struct pressure pressure; /* at the last sample, since the one before */
};

/* A leg has ended: whether it is time for a sample, from which on is counted then. */
bool sample_is_due(struct sample_pace *pace);

/* Looks at the machine: from now on its samples say what was since it was looked at before. */
void sampler_look(struct sampler *sampler);

/*
 * Fills in a sample of a process. process: its name, transfer none. folders: what it keeps its
 * files of the test in, up to a NULL; NULL: none, and the files are not counted.
 */
void sample_process(const struct sampler *sampler, const char *process, pid_t pid,
                    const char *const *folders, Vtmh__Sample *sample);
