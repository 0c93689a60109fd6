#include "orchestrator/drift/drift.h"

#include "orchestrator/drift/busy.h"

#include <math.h>
#include <string.h>

/* What is the same to compare: a test, a VM, two hosts. So many legs say what is usual of it. */
#define USUAL_LEGS 10
#define USUAL_MAX 4096 /* that are remembered: a list of tests is not longer than that */

struct usual {
    unsigned n;
    double sum;
};

struct host {
    unsigned legs; /* it has had a part in */
    unsigned busy; /* its group at the last sample */
};

struct process {
    char *name;
    struct trend *trends[DRIFT_OF_PROCESS];
    double first_cpu_ms, last_cpu_ms; /* -1: not known */
    unsigned first_legs, last_legs;
};

/* A figure of the legs: among those that are alike, and all the same. */
struct of_legs {
    struct trend *alike, *all;
};

struct drift {
    GHashTable *hosts;     /* name -> struct host */
    GHashTable *usual;     /* what -> struct usual */
    GHashTable *processes; /* name -> struct process, as in: */
    GPtrArray *in_order;
    GHashTable *taken; /* set of sentences' beginnings: warnings that were taken */
    struct of_legs of_legs[DRIFT_FIGURES];
    double limits[DRIFT_FIGURES];
    struct hours hours;
    unsigned legs, legs_needed;
    double at_s;
};

static void free_process(gpointer data)
{
    struct process *process = data;
    for (unsigned i = 0; i < DRIFT_OF_PROCESS; i++)
        trend_free(process->trends[i]);
    g_free(process->name);
    g_free(process);
}

struct drift *drift_new(void)
{
    struct drift *drift = g_new0(struct drift, 1);
    drift->hosts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    drift->usual = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    drift->processes = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, free_process);
    drift->in_order = g_ptr_array_new();
    drift->taken = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (unsigned i = DRIFT_OF_PROCESS; i < DRIFT_FIGURES; i++)
        drift->of_legs[i] = (struct of_legs){trend_new(BUSY_GROUPS), trend_new(1)};
    drift->legs_needed = 1;
    hours_init(&drift->hours);
    return drift;
}

void drift_free(struct drift *drift)
{
    if (drift == NULL)
        return;
    for (unsigned i = DRIFT_OF_PROCESS; i < DRIFT_FIGURES; i++) {
        trend_free(drift->of_legs[i].alike);
        trend_free(drift->of_legs[i].all);
    }
    hours_clear(&drift->hours);
    g_ptr_array_unref(drift->in_order);
    g_hash_table_unref(drift->processes);
    g_hash_table_unref(drift->hosts);
    g_hash_table_unref(drift->usual);
    g_hash_table_unref(drift->taken);
    g_free(drift);
}

void drift_limit(struct drift *drift, enum drift_figure figure, double allowed)
{
    drift->limits[figure] = allowed;
}

void drift_legs_needed(struct drift *drift, unsigned legs)
{
    drift->legs_needed = legs;
}

unsigned drift_needed(const struct drift *drift)
{
    return drift->legs_needed;
}

/* Made at its first use, zeroed. */
static void *entry_of(GHashTable *table, const char *key, size_t size)
{
    void *entry = g_hash_table_lookup(table, key);
    if (entry == NULL) {
        entry = g_malloc0(size);
        g_hash_table_insert(table, g_strdup(key), entry);
    }
    return entry;
}

static struct host *host_of(const struct drift *drift, const char *name)
{
    return entry_of(drift->hosts, name, sizeof(struct host));
}

/* The value beside what is usual of it; NAN as long as that is being found out. */
static double beside_usual(const struct drift *drift, const char *what, double value)
{
    if (g_hash_table_size(drift->usual) >= USUAL_MAX && !g_hash_table_contains(drift->usual, what))
        return NAN;
    struct usual *usual = entry_of(drift->usual, what, sizeof(*usual));
    if (usual->n == USUAL_LEGS)
        return value - usual->sum / USUAL_LEGS;
    usual->n++;
    usual->sum += value;
    return NAN;
}

static struct process *process_of(struct drift *drift, const char *host, const char *name)
{
    g_autofree char *full = host != NULL ? g_strdup_printf("%s %s", host, name) : g_strdup(name);
    struct process *process = g_hash_table_lookup(drift->processes, full);
    if (process != NULL)
        return process;
    process = g_new0(struct process, 1);
    process->name = g_steal_pointer(&full);
    process->first_cpu_ms = process->last_cpu_ms = -1;
    for (unsigned i = 0; i < DRIFT_OF_PROCESS; i++)
        process->trends[i] = trend_new(1);
    g_hash_table_insert(drift->processes, process->name, process);
    g_ptr_array_add(drift->in_order, process);
    return process;
}

static void add_to_trend(const struct process *process, enum drift_figure figure, unsigned legs,
                         double value)
{
    if (value >= 0)
        trend_add(process->trends[figure], 0, legs, value);
}

/* A process that has used less than before is another one. */
static void add_cpu(struct process *process, unsigned legs, double cpu_ms)
{
    if (cpu_ms < 0)
        return;
    if (process->first_cpu_ms < 0 || cpu_ms < process->last_cpu_ms) {
        process->first_cpu_ms = cpu_ms;
        process->first_legs = legs;
    }
    process->last_cpu_ms = cpu_ms;
    process->last_legs = legs;
}

static void add_to_hour(struct drift *drift, enum hour_role role, const Vtmh__Sample *sample,
                        double at_s)
{
    struct hour *hour = hours_at(&drift->hours, at_s);
    drift->at_s = MAX(drift->at_s, at_s);
    hour_mean_add(&hour->rss_bytes[role], (double)sample->rss_bytes);
    hour_mean_add(&hour->descriptors[role], (double)sample->descriptors);
    if (role != HOUR_NODE)
        return;
    hour_mean_add(&hour->pressure, busy_pressure(sample));
    hour_mean_add(&hour->load, sample->load);
}

void drift_sample(struct drift *drift, const char *test, const char *host,
                  const Vtmh__Sample *sample, double at_s)
{
    bool is_qemu = g_str_has_prefix(sample->process, "qemu");
    struct process *process = process_of(drift, host, sample->process);
    unsigned legs = host_of(drift, host)->legs;

    add_to_hour(drift, is_qemu ? HOUR_QEMU : HOUR_NODE, sample, at_s);
    if (is_qemu && sample->rss_bytes >= 0) {
        /* Each leg has a process of its own, and each test its own size. */
        g_autofree char *what = g_strdup_printf("%s\n%s", test, process->name);
        trend_add(process->trends[DRIFT_RSS], 0, legs,
                  beside_usual(drift, what, (double)sample->rss_bytes));
    } else if (!is_qemu) {
        host_of(drift, host)->busy = busy_group(sample);
        add_to_trend(process, DRIFT_RSS, legs, (double)sample->rss_bytes);
        add_cpu(process, legs, sample->cpu_ms);
    }
    add_to_trend(process, DRIFT_DESCRIPTORS, legs, (double)sample->descriptors);
    add_to_trend(process, DRIFT_FILES, legs, (double)sample->file_bytes);
}

void drift_own_sample(struct drift *drift, const Vtmh__Sample *sample, bool is_filling, double at_s)
{
    struct process *process = process_of(drift, NULL, sample->process);
    add_to_hour(drift, HOUR_COORDINATOR, sample, at_s);
    add_cpu(process, drift->legs, sample->cpu_ms);
    add_to_trend(process, DRIFT_DESCRIPTORS, drift->legs, (double)sample->descriptors);
    if (!is_filling)
        add_to_trend(process, DRIFT_RSS, drift->legs, (double)sample->rss_bytes);
}

/* By its logarithm, so that a slope is a share of it, and a leg that took long is no more than one.
 */
static void add_of_leg(struct drift *drift, enum drift_figure figure, const char *what,
                       unsigned group, double value)
{
    if (!(value > 0))
        return;
    g_autofree char *key = g_strdup_printf("%s\n%s", drift_figures[figure].key, what);
    double beside = beside_usual(drift, key, log(value)), hours = drift->at_s / 3600;
    trend_add(drift->of_legs[figure].alike, group, hours, beside);
    trend_add(drift->of_legs[figure].all, 0, hours, beside);
}

void drift_leg(struct drift *drift, const char *test, const struct leg_result *leg, double at_s)
{
    struct hour *hour = hours_at(&drift->hours, at_s);
    struct host *source = host_of(drift, leg->source),
                *destination = host_of(drift, leg->destination);
    drift->at_s = MAX(drift->at_s, at_s);
    drift->legs++;
    hour->legs++;
    source->legs++;
    destination->legs++;
    if (g_strcmp0(leg->status, "completed") != 0)
        return;
    double bytes_per_s = leg->transferred_bytes > 0 && leg->total_ms > 0
                             ? (double)leg->transferred_bytes / leg->total_ms * 1e3
                             : -1;
    hours_add(&drift->hours, HOUR_LEG_MS, leg->cycle_ms);
    hours_add(&drift->hours, HOUR_DOWNTIME_MS, leg->downtime_ms);
    hours_add(&drift->hours, HOUR_BYTES_PER_S, bytes_per_s);
    g_autofree char *what =
        g_strdup_printf("%s\n%s\n%s\n%s", test, leg->vm, leg->source, leg->destination);
    unsigned group = MAX(source->busy, destination->busy);
    add_of_leg(drift, DRIFT_LEG_TIME, what, group, leg->cycle_ms);
    add_of_leg(drift, DRIFT_DOWNTIME, what, group, leg->downtime_ms);
    add_of_leg(drift, DRIFT_RATE, what, group, bytes_per_s);
}

static bool is_grave(const struct drift *drift, enum drift_figure figure,
                     const struct trend_slope *slope)
{
    return trend_is_grave(slope, drift_figures[figure].sign, drift->limits[figure]);
}

static bool slope_of(const struct trend *trend, enum drift_figure figure, struct trend_slope *slope)
{
    double scale = drift_figures[figure].scale;
    if (!trend_slope(trend, slope))
        return false;
    slope->slope *= scale;
    slope->error *= scale;
    slope->late *= scale;
    return true;
}

/* all: what the figure is when how busy the machines were is left aside; NULL: nothing. */
static void add_row(const struct drift *drift, GArray *rows, const char *process,
                    enum drift_figure figure, const struct trend *trend, const struct trend *all)
{
    struct drift_row row = {.process = process, .figure = figure, .limit = drift->limits[figure]};
    struct trend_slope of_all;
    bool is_known = slope_of(trend, figure, &row.slope);
    bool is_long = drift->legs >= drift->legs_needed &&
                   (figure < DRIFT_OF_PROCESS || drift->at_s >= DRIFT_HOUR_S);
    if (!is_known || !is_long)
        row.verdict = DRIFT_TOO_FEW;
    else if (is_grave(drift, figure, &row.slope))
        row.verdict = DRIFT_GRAVE;
    else if (all != NULL && slope_of(all, figure, &of_all) && is_grave(drift, figure, &of_all))
        row.verdict = DRIFT_BUSIER;
    else
        row.verdict = DRIFT_STEADY;
    g_array_append_val(rows, row);
}

/* A figure that nobody measured has no row. */
static void add_rows(const struct drift *drift, GArray *rows)
{
    for (unsigned i = DRIFT_OF_PROCESS; i < DRIFT_FIGURES; i++)
        add_row(drift, rows, NULL, i, drift->of_legs[i].alike, drift->of_legs[i].all);
    for (unsigned i = 0; i < drift->in_order->len; i++) {
        const struct process *process = g_ptr_array_index(drift->in_order, i);
        for (unsigned figure = 0; figure < DRIFT_OF_PROCESS; figure++)
            if (trend_has_any(process->trends[figure]))
                add_row(drift, rows, process->name, figure, process->trends[figure], NULL);
    }
}

GArray *drift_rows(const struct drift *drift)
{
    g_autoptr(GArray) rows = g_array_new(FALSE, FALSE, sizeof(struct drift_row));
    GArray *sorted = g_array_new(FALSE, FALSE, sizeof(struct drift_row));
    add_rows(drift, rows);
    for (unsigned pass = 0; pass < 2; pass++)
        for (unsigned i = 0; i < rows->len; i++) {
            const struct drift_row *row = &g_array_index(rows, struct drift_row, i);
            if ((row->verdict == DRIFT_GRAVE) == (pass == 0))
                g_array_append_vals(sorted, row, 1);
        }
    return sorted;
}

GPtrArray *drift_take_warnings(struct drift *drift)
{
    GPtrArray *warnings = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GArray) rows = drift_rows(drift);
    for (unsigned i = 0; i < rows->len; i++) {
        const struct drift_row *row = &g_array_index(rows, struct drift_row, i);
        const struct drift_figure_row *figure = &drift_figures[row->figure];
        g_autofree char *what =
            g_strdup_printf("drift: %s%s%s", row->process != NULL ? row->process : "the legs'",
                            row->process != NULL ? ": " : " ", figure->name);
        if (row->verdict != DRIFT_GRAVE || g_hash_table_contains(drift->taken, what))
            continue;
        g_ptr_array_add(warnings, g_strdup_printf("%s %s by %.4g ± %.2g %s, limit %g (%s)", what,
                                                  figure->sign > 0 ? "grows" : "falls",
                                                  fabs(row->slope.slope), row->slope.error,
                                                  figure->unit, row->limit, figure->limit));
        g_hash_table_add(drift->taken, g_steal_pointer(&what));
    }
    return warnings;
}

unsigned drift_legs(const struct drift *drift)
{
    return drift->legs;
}

double drift_seconds(const struct drift *drift)
{
    return drift->at_s;
}

const struct hours *drift_hours(const struct drift *drift)
{
    return &drift->hours;
}

void drift_foreach_cpu(const struct drift *drift,
                       void (*fn)(void *arg, const char *process, double ms_per_leg), void *arg)
{
    for (unsigned i = 0; i < drift->in_order->len; i++) {
        const struct process *process = g_ptr_array_index(drift->in_order, i);
        if (process->last_legs > process->first_legs)
            fn(arg, process->name,
               (process->last_cpu_ms - process->first_cpu_ms) /
                   (process->last_legs - process->first_legs));
    }
}
