#include "orchestrator/drift_watch.h"

#include "orchestrator/description.h"
#include "orchestrator/drift/drift_report.h"
#include "orchestrator/verdict.h"

#include <unistd.h>

void drift_watch_init(struct drift_watch *watch, bool is_soak)
{
    *watch = (struct drift_watch){
        .drift = drift_new(), .began_us = g_get_monotonic_time(), .is_soak = is_soak};
    sampler_look(&watch->sampler);
}

void drift_watch_clear(struct drift_watch *watch)
{
    g_clear_pointer(&watch->drift, drift_free);
}

void drift_watch_test_began(struct drift_watch *watch, const struct params *params)
{
    for (unsigned i = 0; i < DRIFT_FIGURES; i++)
        drift_limit(watch->drift, i, (double)description_number(params, drift_figures[i].limit));
    watch->legs_needed = (unsigned)description_number(params, "drift_legs");
    drift_legs_needed(watch->drift, watch->legs_needed);
}

static double now_s(const struct drift_watch *watch)
{
    return (double)(g_get_monotonic_time() - watch->began_us) / 1e6;
}

void drift_watch_record(struct drift_watch *watch, const struct test_result *test, const char *host,
                        const Vtmh__Record *record)
{
    if (record->body_case == VTMH__RECORD__BODY_SAMPLE)
        drift_sample(watch->drift, test->shortname, host, record->sample, now_s(watch));
}

bool drift_watch_leg(struct drift_watch *watch, const struct test_result *test,
                     const struct leg_result *leg, Vtmh__Sample *own)
{
    drift_leg(watch->drift, test->shortname, leg, now_s(watch));
    if (!sample_is_due(&watch->pace))
        return false;
    sampler_look(&watch->sampler);
    sample_process(&watch->sampler, "coordinator", getpid(), NULL, own);
    own->leg = leg->leg;
    drift_own_sample(watch->drift, own, test->totals.legs <= test->legs_max, now_s(watch));
    return true;
}

void drift_watch_test_ended(struct drift_watch *watch, struct test_result *test)
{
    if (test->totals.legs < watch->legs_needed)
        return;
    g_autoptr(GPtrArray) warnings = drift_take_warnings(watch->drift);
    for (unsigned i = 0; i < warnings->len; i++)
        verdict_add(test, VTMH__STATUS__STATUS_WARN, NULL, g_ptr_array_index(warnings, i));
}

void drift_watch_report(struct drift_watch *watch, struct job_result *job)
{
    if (drift_legs(watch->drift) == 0 ||
        (drift_legs(watch->drift) < watch->legs_needed && !watch->is_soak))
        return;
    json_decref(job->drift);
    job->drift = drift_json(watch->drift);
}

void drift_watch_job_ended(struct drift_watch *watch, struct job_result *job)
{
    g_autoptr(GPtrArray) warnings = drift_take_warnings(watch->drift);
    drift_watch_report(watch, job);
    if (job->drift != NULL)
        job->drift_text = drift_text(watch->drift);
    for (unsigned i = 0; i < warnings->len; i++)
        g_ptr_array_add(job->drift_warnings, g_strdup(g_ptr_array_index(warnings, i)));
}

char *drift_watch_text(const struct drift_watch *watch)
{
    return drift_text(watch->drift);
}
