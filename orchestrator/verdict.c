#include "orchestrator/verdict.h"

#include <string.h>

/* From the strongest to the weakest. */
static const Vtmh__Status precedence[] = {
    VTMH__STATUS__STATUS_INTERRUPT, VTMH__STATUS__STATUS_FAIL,   VTMH__STATUS__STATUS_ERROR,
    VTMH__STATUS__STATUS_WARN,      VTMH__STATUS__STATUS_CANCEL, VTMH__STATUS__STATUS_SKIP,
    VTMH__STATUS__STATUS_PASS,
};

static unsigned weight(Vtmh__Status status)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(precedence); i++)
        if (precedence[i] == status)
            return G_N_ELEMENTS(precedence) - i;
    return 0;
}

static void set_cause(struct test_result *result, Vtmh__Status status, const char *host,
                      const char *message, const char *context)
{
    result->status = status;
    g_free(result->fail_host);
    g_free(result->fail_cause);
    g_free(result->fail_context);
    result->fail_host = g_strdup(host);
    result->fail_cause = g_strdup(message != NULL && *message != '\0' ? message : "no reason given");
    result->fail_context = context != NULL && *context != '\0' ? g_strdup(context) : NULL;
}

/* Whether a host failed, or was warned, by itself. */
static bool is_cause(const struct host_report *report)
{
    return report->done != NULL && report->done->status != VTMH__STATUS__STATUS_PASS &&
           report->done->status != VTMH__STATUS__STATUS_ABORTED &&
           report->done->status != VTMH__STATUS__STATUS_NONE;
}

/* Whether a is nearer to the root than b. */
static bool comes_first(const struct host_report *a, const struct host_report *b)
{
    if (a->done->cause_rank != b->done->cause_rank)
        return a->done->cause_rank < b->done->cause_rank;
    if ((a->order == 0) != (b->order == 0))
        return a->order != 0;
    return a->order < b->order;
}

static const struct host_report *first_cause(const struct host_report *reports, unsigned n)
{
    const struct host_report *first = NULL;
    for (unsigned i = 0; i < n; i++)
        if (is_cause(&reports[i]) && (first == NULL || comes_first(&reports[i], first)))
            first = &reports[i];
    return first;
}

/* The first cause, with the status of the strongest independent one. */
static void judge_causes(struct test_result *result, const struct host_report *reports, unsigned n)
{
    const struct host_report *first = first_cause(reports, n);
    if (first == NULL)
        return;
    set_cause(result, first->done->status, first->name, first->done->message,
              first->done->context);
    for (unsigned i = 0; i < n; i++)
        if (is_cause(&reports[i]) && reports[i].done->cause_rank == 0 &&
            first->done->cause_rank == 0 && weight(reports[i].done->status) > weight(result->status))
            result->status = reports[i].done->status;
}

static struct leg_result *find_leg(struct test_result *result, const Vtmh__Migration *record)
{
    for (unsigned i = 0; i < result->legs->len; i++) {
        struct leg_result *leg = g_ptr_array_index(result->legs, i);
        if (leg->leg == record->leg && strcmp(leg->vm, record->vm) == 0)
            return leg;
    }
    return NULL;
}

static const char *host_name(const struct test_result *result, uint32_t index)
{
    return index < g_strv_length(result->hosts) ? result->hosts[index] : "?";
}

static struct leg_result *add_leg(struct test_result *result, const Vtmh__Migration *record)
{
    struct leg_result *leg = leg_result_new();
    leg->vm = g_strdup(record->vm);
    leg->source = g_strdup(host_name(result, record->source));
    leg->destination = g_strdup(host_name(result, record->destination));
    leg->protocol = g_strdup(record->protocol);
    leg->driver = g_strdup(record->driver);
    leg->leg = record->leg;
    leg->status = g_strdup(record->status);
    leg->offline = record->offline;
    leg->survivor = record->survivor;
    g_ptr_array_add(result->legs, leg);
    return leg;
}

/* The figure that was measured; each is measured at one end only. */
#define TAKE(figure)                                                                               \
    do {                                                                                           \
        if (record->figure >= 0)                                                                   \
            leg->figure = record->figure;                                                          \
    } while (0)

static void join_leg(struct test_result *result, const Vtmh__Migration *record)
{
    struct leg_result *leg = find_leg(result, record);
    if (leg == NULL)
        leg = add_leg(result, record);
    /* A leg has completed only if both ends say so. */
    if (strcmp(record->status, "completed") != 0) {
        g_free(leg->status);
        leg->status = g_strdup(record->status);
    }
    if (record->survivor == VTMH__SURVIVOR__SURVIVOR_UNCERTAIN ||
        leg->survivor == VTMH__SURVIVOR__SURVIVOR_NONE)
        leg->survivor = record->survivor;
    TAKE(cycle_ms);
    TAKE(total_ms);
    TAKE(setup_ms);
    TAKE(downtime_ms);
    TAKE(stop_to_resume_ms);
    TAKE(guest_gap_ms);
    TAKE(transferred_bytes);
    TAKE(dirty_syncs);
    if (record->memory_check != VTMH__MEMORY_CHECK__MEMORY_NOT_CHECKED) {
        leg->memory_check = record->memory_check;
        leg->bad_pages = record->bad_pages;
    }
}

static int by_leg(gconstpointer a, gconstpointer b)
{
    const struct leg_result *left = *(struct leg_result *const *)a;
    const struct leg_result *right = *(struct leg_result *const *)b;
    if (left->leg != right->leg)
        return left->leg < right->leg ? -1 : 1;
    return strcmp(left->vm, right->vm);
}

static void collect(struct test_result *result, const struct host_report *report)
{
    const Vtmh__TestDone *done = report->done;
    for (size_t i = 0; i < done->n_migrations; i++)
        join_leg(result, done->migrations[i]);
    for (size_t i = 0; i < done->n_notes; i++)
        test_result_note(result, done->notes[i]);
    for (size_t i = 0; i < done->n_leaks; i++)
        g_ptr_array_add(result->leaks, g_strdup_printf("%s: %s", report->name, done->leaks[i]));
    if (result->type == NULL && *done->type != '\0')
        result->type = g_strdup(done->type);
    if (result->guest == NULL && *done->guest != '\0')
        result->guest = g_strdup(done->guest);
}

/* A pass that is none: a host did not say so, or a leg is not what a pass needs. */
static void distrust_pass(struct test_result *result, const struct host_report *reports,
                          unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        if (reports[i].done != NULL && reports[i].done->status == VTMH__STATUS__STATUS_PASS)
            continue;
        set_cause(result, VTMH__STATUS__STATUS_ERROR, reports[i].name,
                  reports[i].done == NULL ? "the host did not report"
                                          : "the test was aborted there without a cause",
                  NULL);
        return;
    }
    if (result->legs->len == 0)
        set_cause(result, VTMH__STATUS__STATUS_ERROR, NULL, "nothing was migrated", NULL);
    for (unsigned i = 0; i < result->legs->len; i++) {
        const struct leg_result *leg = g_ptr_array_index(result->legs, i);
        if (strcmp(leg->status, "completed") == 0 &&
            leg->survivor == VTMH__SURVIVOR__SURVIVOR_DESTINATION &&
            leg->memory_check != VTMH__MEMORY_CHECK__MEMORY_CORRUPT)
            continue;
        g_autofree char *message = g_strdup_printf(
            "leg %u of %s is %s though all hosts say that the test passed", leg->leg, leg->vm,
            leg->memory_check == VTMH__MEMORY_CHECK__MEMORY_CORRUPT ? "corrupt" : leg->status);
        set_cause(result, VTMH__STATUS__STATUS_ERROR, leg->destination, message, NULL);
        return;
    }
}

static void judge_lost(struct test_result *result, const struct host_report *reports, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        if (reports[i].lost && weight(result->status) < weight(VTMH__STATUS__STATUS_ERROR))
            set_cause(result, VTMH__STATUS__STATUS_ERROR, reports[i].name,
                      "the host was lost: its node does not answer any more", NULL);
}

void verdict_join(struct test_result *result, const struct host_report *reports, unsigned n_reports,
                  const struct own_cause *own)
{
    result->status = VTMH__STATUS__STATUS_PASS;
    for (unsigned i = 0; i < n_reports; i++)
        if (reports[i].done != NULL)
            collect(result, &reports[i]);
    g_ptr_array_sort(result->legs, by_leg);

    judge_causes(result, reports, n_reports);
    judge_lost(result, reports, n_reports);
    if (own->status != VTMH__STATUS__STATUS_NONE && weight(own->status) > weight(result->status))
        set_cause(result, own->status, own->host, own->message, NULL);
    if (result->status == VTMH__STATUS__STATUS_PASS)
        distrust_pass(result, reports, n_reports);
    if (result->leaks->len > 0 && weight(result->status) < weight(VTMH__STATUS__STATUS_ERROR))
        set_cause(result, VTMH__STATUS__STATUS_ERROR, NULL,
                  "something was left behind after the test", NULL);
}
