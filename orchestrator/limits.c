#include "orchestrator/limits.h"

#include "orchestrator/histogram.h"
#include "orchestrator/report/text.h"
#include "orchestrator/verdict.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

#define P95 "_p95"

/* Which figure of a leg a parameter limits. */
static const struct figure {
    const char *parameter;
    const char *name;
    size_t offset; /* of a double in struct leg_result, in ms; negative: not measured */
    bool needs_both_ends;
    bool needs_running;   /* has no meaning for a guest that is stopped during the move */
    const char *asked_by; /* measured only where this parameter says so; NULL: always */
} figures[] = {
    {"limit_downtime", "downtime", offsetof(struct leg_result, downtime_ms), false, true, NULL},
    {"limit_total", "total time", offsetof(struct leg_result, total_ms), false, false, NULL},
    {"limit_setup", "setup", offsetof(struct leg_result, setup_ms), false, false, NULL},
    {"limit_stop_to_resume", "stop to resume", offsetof(struct leg_result, stop_to_resume_ms), true,
     true, NULL},
    {"limit_guest_gap", "gap of the guest", offsetof(struct leg_result, guest_gap_ms), true, true,
     NULL},
    {"limit_network_gap", "gap on the network", offsetof(struct leg_result, network_gap_ms), false,
     true, "network_gap"},
};

static double value_of(const struct leg_result *leg, const struct figure *figure)
{
    return *(const double *)((const char *)leg + figure->offset);
}

/* Transfer full. */
static char *why_not_measured(const struct leg_result *leg, const struct figure *figure)
{
    if (figure->needs_running && leg->offline)
        return g_strdup("the guest is stopped during the move (mig_offline)");
    if (figure->needs_both_ends && !leg->one_clock)
        return g_strdup("the two hosts do not share a kernel, and their clocks are not compared");
    if (figure->asked_by != NULL)
        return g_strdup_printf("it is not measured without %s", figure->asked_by);
    return g_strdup("it was not measured");
}

/* One limit of one VM, and what its legs are by it. */
struct limit {
    const struct figure *figure;
    char *parameter; /* with or without _p95 */
    bool is_p95;
    double allowed_ms;
    GError *error;        /* its value is no time */
    char *unmeasured;     /* why the first leg in which that is so cannot be judged, or NULL */
    uint64_t legs, above; /* measured; above the limit */
    char *first_above;    /* in words, or NULL */
    double largest_ms;
    struct histogram *values; /* of p95 alone, for its words */
};

struct limits {
    const struct params *params;
    GTree *by_vm; /* name -> GPtrArray of struct limit: those that the VM has */
};

static void free_limit(gpointer data)
{
    struct limit *limit = data;
    g_free(limit->parameter);
    g_free(limit->unmeasured);
    g_free(limit->first_above);
    g_clear_error(&limit->error);
    histogram_free(limit->values);
    g_free(limit);
}

static int compare_names(gconstpointer a, gconstpointer b, gpointer unused)
{
    (void)unused;
    return strcmp(a, b);
}

struct limits *limits_new(const struct params *params)
{
    struct limits *limits = g_new0(struct limits, 1);
    limits->params = params;
    limits->by_vm = g_tree_new_full(compare_names, NULL, g_free, (GDestroyNotify)g_ptr_array_unref);
    return limits;
}

void limits_free(struct limits *limits)
{
    if (limits == NULL)
        return;
    g_tree_unref(limits->by_vm);
    g_free(limits);
}

static void add_limit(GPtrArray *of_vm, const struct params *params, const struct figure *figure,
                      bool is_p95)
{
    g_autofree char *parameter = g_strconcat(figure->parameter, is_p95 ? P95 : "", NULL);
    int64_t allowed_ms = -1;
    GError *error = NULL;
    if (params_duration_ms(params, parameter, -1, &allowed_ms, &error) == 0 && allowed_ms < 0)
        return;
    struct limit *limit = g_new0(struct limit, 1);
    *limit = (struct limit){
        .figure = figure,
        .parameter = g_steal_pointer(&parameter),
        .is_p95 = is_p95,
        .allowed_ms = (double)allowed_ms,
        .error = error,
        .values = is_p95 ? histogram_new() : NULL,
    };
    g_ptr_array_add(of_vm, limit);
}

static GPtrArray *limits_of(struct limits *limits, const char *vm)
{
    GPtrArray *of_vm = g_tree_lookup(limits->by_vm, vm);
    if (of_vm != NULL)
        return of_vm;
    of_vm = g_ptr_array_new_with_free_func(free_limit);
    g_autoptr(params) own = params_object_params(limits->params, vm);
    for (size_t i = 0; i < G_N_ELEMENTS(figures); i++) {
        add_limit(of_vm, own, &figures[i], false);
        add_limit(of_vm, own, &figures[i], true);
    }
    g_tree_insert(limits->by_vm, g_strdup(vm), of_vm);
    return of_vm;
}

static char *breach(const struct limit *limit, const char *what, double measured_ms)
{
    g_autofree char *measured = text_ms(measured_ms);
    g_autofree char *allowed = text_ms(limit->allowed_ms);
    return g_strdup_printf("%s %s, limit %s (%s)", what, measured, allowed, limit->parameter);
}

static void take(struct limit *limit, const struct leg_result *leg)
{
    double measured_ms = value_of(leg, limit->figure);
    if (measured_ms < 0) {
        if (limit->unmeasured == NULL) {
            g_autofree char *why = why_not_measured(leg, limit->figure);
            limit->unmeasured = g_strdup_printf("%s cannot be judged in leg %u of %s: %s",
                                                limit->parameter, leg->leg, leg->vm, why);
        }
        return;
    }
    limit->legs++;
    if (limit->is_p95)
        histogram_add(limit->values, measured_ms);
    if (measured_ms <= limit->allowed_ms)
        return;
    limit->above++;
    limit->largest_ms = MAX(limit->largest_ms, measured_ms);
    if (limit->first_above != NULL)
        return;
    g_autofree char *what =
        g_strdup_printf("leg %u of %s: %s", leg->leg, leg->vm, limit->figure->name);
    limit->first_above = breach(limit, what, measured_ms);
}

void limits_take(struct limits *limits, const struct leg_result *leg)
{
    if (g_strcmp0(leg->status, "completed") != 0)
        return;
    GPtrArray *of_vm = limits_of(limits, leg->vm);
    for (unsigned i = 0; i < of_vm->len; i++)
        take(g_ptr_array_index(of_vm, i), leg);
}

static void judge_each(const struct limit *limit, const char *vm, struct test_result *result)
{
    if (limit->first_above == NULL)
        return;
    verdict_add(result, VTMH__STATUS__STATUS_FAIL, NULL, limit->first_above);
    if (limit->above == 1)
        return;
    g_autofree char *largest = text_ms(limit->largest_ms);
    g_autofree char *note = g_strdup_printf("%s of %s was above its limit in %" G_GUINT64_FORMAT
                                            " of %" G_GUINT64_FORMAT " legs, at most %s (%s)",
                                            limit->figure->name, vm, limit->above, limit->legs,
                                            largest, limit->parameter);
    test_result_note(result, note);
}

/* The percentile is above the limit if too few of the values are not: exact, though the values are
 * not kept. */
static void judge_p95(const struct limit *limit, const char *vm, struct test_result *result)
{
    /* 95 * n / 100, rounded up, in whole numbers: 0.95 * 20 is more than 19 for a double. */
    uint64_t rank = (95 * limit->legs + 99) / 100;
    if (limit->legs - limit->above >= rank)
        return;
    g_autofree char *what = g_strdup_printf("%s: 95th percentile of %s", vm, limit->figure->name);
    /* What is known to within 1 % must not be told as what does not exceed the limit. */
    double measured_ms = MAX(histogram_percentile(limit->values, 95), limit->allowed_ms);
    g_autofree char *message = breach(limit, what, measured_ms);
    verdict_add(result, VTMH__STATUS__STATUS_FAIL, NULL, message);
}

static gboolean judge_vm(gpointer vm, gpointer value, gpointer arg)
{
    const GPtrArray *of_vm = value;
    struct test_result *result = arg;
    for (unsigned i = 0; i < of_vm->len; i++) {
        const struct limit *limit = g_ptr_array_index(of_vm, i);
        if (limit->error != NULL)
            verdict_add(result, VTMH__STATUS__STATUS_ERROR, NULL, limit->error->message);
        else if (limit->unmeasured != NULL)
            verdict_add(result, VTMH__STATUS__STATUS_ERROR, NULL, limit->unmeasured);
        else if (limit->is_p95)
            judge_p95(limit, vm, result);
        else
            judge_each(limit, vm, result);
    }
    return FALSE;
}

void limits_judge(const struct limits *limits, struct test_result *result)
{
    g_tree_foreach(limits->by_vm, judge_vm, result);
}
