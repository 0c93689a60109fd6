/*
 * --metrics FILE: what is known of the job so far, for Prometheus (the textfile collector of
 * node_exporter). The file is replaced at most once a second, and at the end; there it stays, and
 * vtmh_job_running in it is 0.
 *
 * Names are those of KubeVirt's migration metrics and of the libvirt exporters, where these have
 * one, in seconds and bytes. No label holds anything of a test but the names of hosts and VMs.
 */
#include "orchestrator/job.h"
#include "orchestrator/report/display.h"
#include "orchestrator/report/exposition.h"
#include "orchestrator/report/file.h"
#include "orchestrator/report/sink.h"
#include "proto/leg_words.h"

#define PERIOD_US G_USEC_PER_SEC

enum {
    INFO,
    RUNNING,
    START_TIME,
    TESTS,
    TESTS_RUNNING,
    NODE_UP,
    LEGS,
    LAST_LEG_TIME,
    LAST_DOWNTIME,
    DOWNTIME,
    STOP_TO_RESUME,
    GUEST_GAP,
    TRANSFER,
    CYCLE,
    TRANSFERRED,
    REMAINING,
    DIRTY_RATE,
    TRANSFER_RATE,
    MEMORY_CHECKS,
    RSS,
    DESCRIPTORS,
    PRESSURE,
    N_FAMILIES
};

static const struct family_info infos[N_FAMILIES] = {
    [INFO] = {"vtmh_job_info", "The job that these figures are of.", METRIC_GAUGE, {"job_id"}},
    [RUNNING] = {"vtmh_job_running", "1 while the job runs, 0 when it has ended.", METRIC_GAUGE},
    [START_TIME] = {"vtmh_job_start_time_seconds", "When the job began, as Unix time.",
                    METRIC_GAUGE},
    [TESTS] = {"vtmh_tests_total",
               "Tests that have ended, by their status.",
               METRIC_COUNTER,
               {"status"}},
    [TESTS_RUNNING] = {"vtmh_tests_running", "Tests that run now.", METRIC_GAUGE},
    [NODE_UP] = {"vtmh_node_up", "1 while the node on a host answers.", METRIC_GAUGE, {"host"}},
    [LEGS] = {"vtmh_legs_total",
              "Legs that have ended, by how they did and their hosts.",
              METRIC_COUNTER,
              {"end", "source", "destination"}},
    [LAST_LEG_TIME] = {"vtmh_last_leg_end_time_seconds", "When a leg ended last, as Unix time.",
                       METRIC_GAUGE},
    [DOWNTIME] = {"vtmh_leg_downtime_seconds",
                  "Downtime of the legs that completed, as the hypervisor says.", METRIC_HISTOGRAM},
    [LAST_DOWNTIME] = {"vtmh_last_leg_downtime_seconds", "The downtime of the leg that ended last.",
                       METRIC_GAUGE},
    [STOP_TO_RESUME] = {"vtmh_leg_stop_to_resume_seconds",
                        "From STOP on the source to RESUME on the destination.", METRIC_HISTOGRAM},
    [GUEST_GAP] = {"vtmh_leg_guest_gap_seconds",
                   "The longest time for which the guest stood still.", METRIC_HISTOGRAM},
    [TRANSFER] = {"vtmh_leg_transfer_seconds",
                  "Total time of the migration, as the hypervisor "
                  "says.",
                  METRIC_HISTOGRAM},
    [CYCLE] = {"vtmh_leg_cycle_seconds",
               "From asking for a leg to the guest running on the destination and its old copy "
               "gone.",
               METRIC_HISTOGRAM},
    [TRANSFERRED] = {"vtmh_migration_data_processed_bytes_total",
                     "What the legs that have ended moved.",
                     METRIC_COUNTER,
                     {"source", "destination"}},
    [REMAINING] = {"vtmh_migration_data_remaining_bytes",
                   "What is still to be moved of a VM, at the last look.",
                   METRIC_GAUGE,
                   {"vm"}},
    [DIRTY_RATE] = {"vtmh_migration_dirty_memory_rate_bytes",
                    "Memory that the guest writes a second, at the last look.",
                    METRIC_GAUGE,
                    {"vm"}},
    [TRANSFER_RATE] = {"vtmh_migration_memory_transfer_rate_bytes",
                       "Memory that moves a second, at the last look.",
                       METRIC_GAUGE,
                       {"vm"}},
    [MEMORY_CHECKS] = {"vtmh_memory_checks_total",
                       "Legs that completed, by what the check of the guest's memory found.",
                       METRIC_COUNTER,
                       {"result"}},
    [RSS] = {"vtmh_process_resident_memory_bytes",
             "Resident memory of a process on a host.",
             METRIC_GAUGE,
             {"host", "process"}},
    [DESCRIPTORS] = {"vtmh_process_open_fds",
                     "Open descriptors of a process on a host.",
                     METRIC_GAUGE,
                     {"host", "process"}},
    [PRESSURE] = {"vtmh_host_pressure_ratio",
                  "Share of the time in which some task on a host waited for it.",
                  METRIC_GAUGE,
                  {"host", "resource"}},
};

struct metrics {
    const char *path;
    struct display *display;
    struct exposition *figures;
    int64_t written_us; /* CLOCK_MONOTONIC */
    bool is_behind;     /* something is not in the file yet */
    bool has_complained;
    GHashTable *running; /* struct test_result, not its own */
};

#define AT(family, ...) exposition_figure(self->figures, family, (const char *const[]){__VA_ARGS__})
#define ALONE(family) exposition_figure(self->figures, family, NULL)

static int write_file(struct metrics *self, GError **err)
{
    g_autofree char *text = exposition_text(self->figures);
    self->written_us = g_get_monotonic_time();
    self->is_behind = false;
    return file_replace(self->path, text, err);
}

/* A soak is worth more than its metrics: it goes on, and so do the attempts. */
static void try_to_write(struct metrics *self)
{
    g_autoptr(GError) error = NULL;
    bool written = write_file(self, &error) == 0;
    if (!written && !self->has_complained)
        display_message(self->display, "--metrics: %s; the job goes on", error->message);
    self->has_complained = !written;
}

static int changed(struct metrics *self)
{
    self->is_behind = true;
    if (g_get_monotonic_time() - self->written_us >= PERIOD_US)
        try_to_write(self);
    return 0;
}

static void *metrics_open(const struct job *job, GError **err)
{
    (void)err;
    if (job->options->metrics_file == NULL)
        return NULL;
    struct metrics *self = g_new0(struct metrics, 1);
    self->path = job->options->metrics_file;
    self->display = job->display;
    self->figures = exposition_new(infos, N_FAMILIES);
    self->running = g_hash_table_new(NULL, NULL);
    *AT(INFO, job->result->id) = 1;
    *ALONE(RUNNING) = 1;
    *ALONE(START_TIME) = (double)job->result->start_us / 1e6;
    *ALONE(TESTS_RUNNING) = 0;
    try_to_write(self);
    return self;
}

static int metrics_host(void *arg, const char *host, bool is_up, GError **err)
{
    struct metrics *self = arg;
    (void)err;
    *AT(NODE_UP, host) = is_up;
    return changed(self);
}

static int metrics_test_began(void *arg, const struct test_result *test, GError **err)
{
    struct metrics *self = arg;
    (void)err;
    g_hash_table_add(self->running, (void *)test);
    *ALONE(TESTS_RUNNING) = g_hash_table_size(self->running);
    return changed(self);
}

static int metrics_test_ended(void *arg, const struct test_result *test, GError **err)
{
    struct metrics *self = arg;
    (void)err;
    ++*AT(TESTS, status_name(test->status));
    g_hash_table_remove(self->running, test);
    *ALONE(TESTS_RUNNING) = g_hash_table_size(self->running);
    return changed(self);
}

/* A figure that the hypervisor does not say is not 0, and stays what it was. */
static void look(struct metrics *self, unsigned family, const char *vm, double value)
{
    if (value >= 0)
        *AT(family, vm) = value;
}

static int metrics_progress(void *arg, const struct test_result *test, const char *host,
                            const Vtmh__Progress *progress, GError **err)
{
    struct metrics *self = arg;
    (void)test, (void)host, (void)err;
    look(self, REMAINING, progress->vm, (double)progress->remaining_bytes);
    look(self, DIRTY_RATE, progress->vm, progress->dirty_bytes_per_s);
    look(self, TRANSFER_RATE, progress->vm, progress->rate_bytes_per_s);
    return changed(self);
}

static void measured(struct metrics *self, unsigned family, double ms)
{
    if (ms >= 0)
        exposition_observe(self->figures, family, ms / 1000);
}

static void add_completed(struct metrics *self, const struct leg_result *leg)
{
    measured(self, DOWNTIME, leg->downtime_ms);
    measured(self, STOP_TO_RESUME, leg->stop_to_resume_ms);
    measured(self, GUEST_GAP, leg->guest_gap_ms);
    measured(self, TRANSFER, leg->total_ms);
    measured(self, CYCLE, leg->cycle_ms);
    if (leg->downtime_ms >= 0)
        *ALONE(LAST_DOWNTIME) = leg->downtime_ms / 1000;
    const char *check = memory_check_word(leg->memory_check);
    if (check != NULL)
        ++*AT(MEMORY_CHECKS, check);
}

static int metrics_leg(void *arg, const struct test_result *test, const struct leg_result *leg,
                       GError **err)
{
    struct metrics *self = arg;
    const char *end = leg->status != NULL ? leg->status : "";
    const char *source = leg->source != NULL ? leg->source : "";
    const char *destination = leg->destination != NULL ? leg->destination : "";
    (void)test, (void)err;
    ++*AT(LEGS, end, source, destination);
    *ALONE(LAST_LEG_TIME) = (double)g_get_real_time() / 1e6;
    if (leg->transferred_bytes >= 0)
        *AT(TRANSFERRED, source, destination) += (double)leg->transferred_bytes;
    if (g_strcmp0(leg->status, leg_end_word(VTMH__LEG_END__LEG_COMPLETED)) == 0)
        add_completed(self, leg);
    return changed(self);
}

static int metrics_record(void *arg, const struct test_result *test, const char *host,
                          const Vtmh__Record *record, GError **err)
{
    struct metrics *self = arg;
    (void)test, (void)err;
    if (record->body_case != VTMH__RECORD__BODY_SAMPLE)
        return 0;
    const Vtmh__Sample *sample = record->sample;
    const struct {
        unsigned family;
        const char *label;
        double value;
    } figures[] = {
        {RSS, sample->process, (double)sample->rss_bytes},
        {DESCRIPTORS, sample->process, (double)sample->descriptors},
        {PRESSURE, "cpu", sample->cpu_pressure},
        {PRESSURE, "memory", sample->memory_pressure},
        {PRESSURE, "io", sample->io_pressure},
    };
    bool is_of_machine = *sample->process == '\0';
    for (size_t i = 0; i < G_N_ELEMENTS(figures); i++)
        if (figures[i].value >= 0 && (figures[i].family == PRESSURE) == is_of_machine)
            *AT(figures[i].family, host, figures[i].label) = figures[i].value;
    return changed(self);
}

static int metrics_flush(void *arg, GError **err)
{
    struct metrics *self = arg;
    (void)err;
    return self->is_behind ? changed(self) : 0;
}

/* Figures that are not there in the end were asked for, and are the job's trouble. */
static int metrics_close(void *arg, GError **err)
{
    struct metrics *self = arg;
    *ALONE(RUNNING) = 0;
    int written = write_file(self, err);
    g_hash_table_unref(self->running);
    exposition_free(self->figures);
    g_free(self);
    return written;
}

const struct sink metrics_sink = {
    .name = "metrics",
    .open = metrics_open,
    .host = metrics_host,
    .test_began = metrics_test_began,
    .progress = metrics_progress,
    .record = metrics_record,
    .leg = metrics_leg,
    .flush = metrics_flush,
    .test_ended = metrics_test_ended,
    .close = metrics_close,
};
