#include "orchestrator/limits.h"

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
    bool needs_running; /* has no meaning for a guest that is stopped during the move */
} figures[] = {
    {"limit_downtime", "downtime", offsetof(struct leg_result, downtime_ms), false, true},
    {"limit_total", "total time", offsetof(struct leg_result, total_ms), false, false},
    {"limit_setup", "setup", offsetof(struct leg_result, setup_ms), false, false},
    {"limit_stop_to_resume", "stop to resume", offsetof(struct leg_result, stop_to_resume_ms), true,
     true},
    {"limit_guest_gap", "gap of the guest", offsetof(struct leg_result, guest_gap_ms), true, true},
};

static double value_of(const struct leg_result *leg, const struct figure *figure)
{
    return *(const double *)((const char *)leg + figure->offset);
}

static const char *why_not_measured(const struct leg_result *leg, const struct figure *figure)
{
    if (figure->needs_running && leg->offline)
        return "the guest is stopped during the move (mig_offline)";
    if (figure->needs_both_ends && !leg->one_clock)
        return "the two hosts do not share a kernel, and their clocks are not compared";
    return "it was not measured";
}

/* One limit of one VM, and what is judged by it. */
struct limit {
    struct test_result *result;
    const struct figure *figure;
    const char *parameter; /* with or without _p95 */
    double allowed_ms;
    GPtrArray *legs; /* struct leg_result: the VM's, that were completed; at least one */
};

static bool is_measured(const struct limit *limit)
{
    for (unsigned i = 0; i < limit->legs->len; i++) {
        const struct leg_result *leg = g_ptr_array_index(limit->legs, i);
        if (value_of(leg, limit->figure) >= 0)
            continue;
        g_autofree char *message =
            g_strdup_printf("%s cannot be judged in leg %u of %s: %s", limit->parameter, leg->leg,
                            leg->vm, why_not_measured(leg, limit->figure));
        verdict_add(limit->result, VTMH__STATUS__STATUS_ERROR, NULL, message);
        return false;
    }
    return true;
}

static void fail(const struct limit *limit, const char *what, double measured_ms)
{
    g_autofree char *measured = text_ms(measured_ms);
    g_autofree char *allowed = text_ms(limit->allowed_ms);
    g_autofree char *message =
        g_strdup_printf("%s %s, limit %s (%s)", what, measured, allowed, limit->parameter);
    verdict_add(limit->result, VTMH__STATUS__STATUS_FAIL, NULL, message);
}

static void judge_each(const struct limit *limit)
{
    for (unsigned i = 0; i < limit->legs->len; i++) {
        const struct leg_result *leg = g_ptr_array_index(limit->legs, i);
        double measured_ms = value_of(leg, limit->figure);
        if (measured_ms <= limit->allowed_ms)
            continue;
        g_autofree char *what =
            g_strdup_printf("leg %u of %s: %s", leg->leg, leg->vm, limit->figure->name);
        fail(limit, what, measured_ms);
    }
}

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void judge_p95(const struct limit *limit)
{
    g_autoptr(GArray) values = g_array_new(FALSE, FALSE, sizeof(double));
    for (unsigned i = 0; i < limit->legs->len; i++) {
        double value = value_of(g_ptr_array_index(limit->legs, i), limit->figure);
        g_array_append_val(values, value);
    }
    g_array_sort(values, compare_doubles);
    /* 95 * n / 100, rounded up, in whole numbers: 0.95 * 20 is more than 19 for a double. */
    unsigned rank = (95 * values->len + 99) / 100;
    double measured_ms = g_array_index(values, double, rank - 1);
    if (measured_ms <= limit->allowed_ms)
        return;
    const struct leg_result *first = g_ptr_array_index(limit->legs, 0);
    g_autofree char *what =
        g_strdup_printf("%s: 95th percentile of %s", first->vm, limit->figure->name);
    fail(limit, what, measured_ms);
}

static void judge(struct test_result *result, const struct params *params, GPtrArray *legs,
                  const struct figure *figure, bool is_p95)
{
    g_autofree char *parameter = g_strconcat(figure->parameter, is_p95 ? P95 : "", NULL);
    int64_t allowed_ms = -1;
    g_autoptr(GError) error = NULL;
    if (params_duration_ms(params, parameter, -1, &allowed_ms, &error) < 0) {
        verdict_add(result, VTMH__STATUS__STATUS_ERROR, NULL, error->message);
        return;
    }
    const struct limit limit = {result, figure, parameter, (double)allowed_ms, legs};
    if (allowed_ms < 0 || !is_measured(&limit))
        return;
    if (is_p95)
        judge_p95(&limit);
    else
        judge_each(&limit);
}

/* The completed legs by VM. Transfer full. */
static GHashTable *legs_by_vm(const struct test_result *result)
{
    GHashTable *by_vm =
        g_hash_table_new_full(g_str_hash, g_str_equal, NULL, (GDestroyNotify)g_ptr_array_unref);
    for (unsigned i = 0; i < result->legs->len; i++) {
        struct leg_result *leg = g_ptr_array_index(result->legs, i);
        if (g_strcmp0(leg->status, "completed") != 0)
            continue;
        GPtrArray *legs = g_hash_table_lookup(by_vm, leg->vm);
        if (legs == NULL) {
            legs = g_ptr_array_new();
            g_hash_table_insert(by_vm, leg->vm, legs);
        }
        g_ptr_array_add(legs, leg);
    }
    return by_vm;
}

void limits_judge(struct test_result *result, const struct params *params)
{
    g_autoptr(GHashTable) by_vm = legs_by_vm(result);
    g_autoptr(GList) names = g_list_sort(g_hash_table_get_keys(by_vm), (GCompareFunc)strcmp);
    for (const GList *name = names; name != NULL; name = name->next) {
        g_autoptr(params) own = params_object_params(params, name->data);
        for (size_t i = 0; i < G_N_ELEMENTS(figures); i++) {
            judge(result, own, g_hash_table_lookup(by_vm, name->data), &figures[i], false);
            judge(result, own, g_hash_table_lookup(by_vm, name->data), &figures[i], true);
        }
    }
}
