#include "orchestrator/verdict.h"

#include "proto/leg_words.h"

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
    result->fail_cause =
        g_strdup(message != NULL && *message != '\0' ? message : "no reason given");
    result->fail_context = context != NULL && *context != '\0' ? g_strdup(context) : NULL;
}

/* Why a test is not a pass, as one host knows it. */
struct cause {
    Vtmh__Status status;
    Vtmh__Evidence evidence;
    unsigned order; /* see host_report */
    int64_t at_us;
    const char *kernel; /* whose clock at_us is of; NULL: of none */
    const char *host, *message, *context;
};

/* Whether a host failed, or was warned, by itself. */
static bool reports_cause(const struct host_report *report)
{
    return report->done != NULL && report->done->status != VTMH__STATUS__STATUS_PASS &&
           report->done->status != VTMH__STATUS__STATUS_ABORTED &&
           report->done->status != VTMH__STATUS__STATUS_NONE;
}

/* What a host stands for; false if for nothing. A host that was lost is itself the cause of what
 * it, or the other end, saw as a symptom. */
static bool cause_of(const struct host_report *report, struct cause *cause)
{
    const Vtmh__TestDone *done = report->done;
    bool reports = reports_cause(report);
    if (report->lost && !(reports && done->evidence >= VTMH__EVIDENCE__EVIDENCE_SELF)) {
        *cause = (struct cause){
            .status = VTMH__STATUS__STATUS_ERROR,
            .evidence = VTMH__EVIDENCE__EVIDENCE_SELF,
            .order = report->order,
            .host = report->name,
            .message = "the host was lost: its node no longer answers",
        };
        return true;
    }
    if (!reports)
        return false;
    *cause = (struct cause){
        .status = done->status,
        .evidence = done->evidence,
        .order = report->order,
        .at_us = done->cause_us,
        .kernel = done->cause_us > 0 ? report->kernel : NULL,
        .host = *done->about != '\0' ? done->about : report->name,
        .message = done->message,
        .context = done->context,
    };
    return true;
}

static bool is_earlier(const struct cause *a, const struct cause *b)
{
    if (a->kernel != NULL && g_strcmp0(a->kernel, b->kernel) == 0 && a->at_us != b->at_us)
        return a->at_us < b->at_us;
    if ((a->order == 0) != (b->order == 0))
        return a->order != 0;
    return a->order < b->order;
}

/* Whether a says more of the test than b. */
static bool counts_more(const struct cause *a, const struct cause *b)
{
    if (a->evidence != b->evidence)
        return a->evidence > b->evidence;
    if (a->evidence >= VTMH__EVIDENCE__EVIDENCE_SELF && weight(a->status) != weight(b->status))
        return weight(a->status) > weight(b->status);
    return is_earlier(a, b);
}

/* What a host has told that cannot be true is a cause beside what it reports. */
static bool nonsense_of(const struct host_report *report, struct cause *cause)
{
    if (report->nonsense == NULL)
        return false;
    *cause = (struct cause){
        .status = VTMH__STATUS__STATUS_ERROR,
        .evidence = VTMH__EVIDENCE__EVIDENCE_SELF,
        .order = report->order,
        .host = report->name,
        .message = report->nonsense,
    };
    return true;
}

static void judge_causes(struct test_result *result, const struct host_report *reports, unsigned n,
                         bool was_ended)
{
    static bool (*const kinds[])(const struct host_report *, struct cause *) = {cause_of,
                                                                                nonsense_of};
    struct cause best = {.host = NULL};
    struct cause cause;
    for (unsigned i = 0; i < n; i++)
        for (unsigned kind = 0; kind < G_N_ELEMENTS(kinds); kind++)
            if (kinds[kind](&reports[i], &cause) &&
                !(was_ended && cause.evidence < VTMH__EVIDENCE__EVIDENCE_SELF) &&
                (best.host == NULL || counts_more(&cause, &best)))
                best = cause;
    if (best.host != NULL)
        set_cause(result, best.status, best.host, best.message, best.context);
}

/* What has been seen of the legs so far. */
struct verdict {
    struct test_result *result;
    uint64_t legs;
    char *copies; /* of the first leg that left two running copies, in words, or NULL */
    /* The first leg, in their order, that is not what was planned: it decides a test of which all
     * hosts say that it passed. */
    char *doubt, *doubt_host, *doubt_vm;
    unsigned doubt_leg, doubt_attempt;
};

static bool is_pass(Vtmh__Status status)
{
    return status == VTMH__STATUS__STATUS_PASS || status == VTMH__STATUS__STATUS_WARN;
}

bool verdict_came_late(const struct test_result *result, const struct host_report *reports,
                       unsigned n_reports)
{
    if (result->status != VTMH__STATUS__STATUS_FAIL && result->status != VTMH__STATUS__STATUS_ERROR)
        return false;
    for (unsigned i = 0; i < n_reports; i++)
        if (reports[i].done == NULL || !is_pass(reports[i].done->status))
            return false;
    return true;
}

/* Why a host's pass is none; NULL if it is one. Transfer full. */
static char *doubt_of_host(const struct host_report *report)
{
    if (report->done == NULL)
        return g_strdup("the host did not report");
    if (!is_pass(report->done->status) && !reports_cause(report))
        return g_strdup("the test was aborted there without a cause");
    if (report->order != 0)
        return g_strdup("the host said that the test fails, and then that it passed");
    if (report->records != report->done->records)
        return g_strdup_printf("the host has told %" G_GUINT64_FORMAT
                               " records, of which %" G_GUINT64_FORMAT " have come",
                               report->done->records, report->records);
    return NULL;
}

static Vtmh__LegEnd end_of(const struct joined_leg *joint)
{
    Vtmh__LegEnd end;
    return leg_end_of_word(joint->leg->status, &end) ? end : VTMH__LEG_END__LEG_UNKNOWN;
}

static bool has_end_as_planned(const struct joined_leg *joint)
{
    Vtmh__LegEnd end = end_of(joint);
    return end != VTMH__LEG_END__LEG_UNKNOWN && (joint->ends & 1U << end) != 0;
}

static bool is_as_planned(const struct joined_leg *joint)
{
    return has_end_as_planned(joint) &&
           leg_survivor_is_planned(joint->survivors, end_of(joint), joint->leg->survivor);
}

/* What a leg is instead of what was planned; NULL if it is that. *who: the end to ask. */
static const char *doubt_of_leg(const struct joined_leg *joint, const char **who)
{
    const struct leg_result *leg = joint->leg;
    *who = joint->by_source ? leg->destination : leg->source;
    if (!joint->by_source || !joint->by_destination)
        return "not in the report of both ends";
    if (leg->memory_check == VTMH__MEMORY_CHECK__MEMORY_CORRUPT)
        return "corrupt";
    if (!has_end_as_planned(joint))
        return leg->status;
    return is_as_planned(joint) ? NULL : "without a living guest where it was to be";
}

/* Two copies are what no test may leave, whatever else was wrong. */
static void judge_copies(struct verdict *verdict, const struct joined_leg *joint)
{
    const struct leg_result *leg = joint->leg;
    if (joint->source_says != VTMH__SURVIVOR__SURVIVOR_SOURCE ||
        joint->destination_says != VTMH__SURVIVOR__SURVIVOR_DESTINATION)
        return;
    g_autofree char *message =
        g_strdup_printf("leg %u of %s left two running copies: on %s and on %s", leg->leg, leg->vm,
                        leg->source, leg->destination);
    test_result_note(verdict->result, message);
    if (verdict->copies == NULL)
        verdict->copies = g_steal_pointer(&message);
}

/* Whether the leg comes before the one that is doubted. */
static bool is_first_doubt(const struct verdict *verdict, const struct leg_result *leg)
{
    const struct leg_result known = {
        .leg = verdict->doubt_leg, .attempt = verdict->doubt_attempt, .vm = verdict->doubt_vm};
    return verdict->doubt == NULL || leg_result_compare(leg, &known) < 0;
}

static void doubt(struct verdict *verdict, const struct joined_leg *joint)
{
    const struct leg_result *leg = joint->leg;
    const char *who;
    const char *what = doubt_of_leg(joint, &who);
    if (what == NULL || !is_first_doubt(verdict, leg))
        return;
    g_free(verdict->doubt);
    g_free(verdict->doubt_host);
    g_free(verdict->doubt_vm);
    verdict->doubt = g_strdup_printf("leg %u of %s is %s though all hosts say that the test passed",
                                     leg->leg, leg->vm, what);
    verdict->doubt_host = g_strdup(who);
    verdict->doubt_vm = g_strdup(leg->vm);
    verdict->doubt_leg = leg->leg;
    verdict->doubt_attempt = leg->attempt;
}

struct verdict *verdict_new(struct test_result *result)
{
    struct verdict *verdict = g_new0(struct verdict, 1);
    verdict->result = result;
    return verdict;
}

void verdict_free(struct verdict *verdict)
{
    if (verdict == NULL)
        return;
    g_free(verdict->copies);
    g_free(verdict->doubt);
    g_free(verdict->doubt_host);
    g_free(verdict->doubt_vm);
    g_free(verdict);
}

void verdict_leg(struct verdict *verdict, const struct joined_leg *joint)
{
    verdict->legs++;
    joint->leg->is_as_planned = is_as_planned(joint);
    judge_copies(verdict, joint);
    doubt(verdict, joint);
}

/* Whether every host says that its test type moves no VM. */
static bool all_move_nothing(const struct host_report *reports, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        if (!reports[i].done->moves_nothing)
            return false;
    return true;
}

static void distrust_pass(const struct verdict *verdict, const struct host_report *reports,
                          unsigned n)
{
    struct test_result *result = verdict->result;
    for (unsigned i = 0; i < n; i++) {
        g_autofree char *doubt = doubt_of_host(&reports[i]);
        if (doubt == NULL)
            continue;
        set_cause(result, VTMH__STATUS__STATUS_ERROR, reports[i].name, doubt, NULL);
        return;
    }
    if (verdict->legs == 0 && !result->only_agree && !all_move_nothing(reports, n))
        set_cause(result, VTMH__STATUS__STATUS_ERROR, NULL, "nothing was migrated", NULL);
    if (verdict->doubt != NULL)
        set_cause(result, VTMH__STATUS__STATUS_ERROR, verdict->doubt_host, verdict->doubt, NULL);
}

bool own_cause_claim(struct own_cause *own, bool has_earlier_cause, Vtmh__Status status,
                     const char *message)
{
    if (has_earlier_cause || own->status != VTMH__STATUS__STATUS_NONE)
        return false;
    *own = (struct own_cause){.status = status, .message = message, .is_end = true};
    return true;
}

void verdict_add(struct test_result *result, Vtmh__Status status, const char *host,
                 const char *message)
{
    if (weight(status) > weight(result->status))
        set_cause(result, status, host, message, NULL);
    else
        test_result_note(result, message);
}

static void take_names(struct test_result *result, const struct host_report *report)
{
    const Vtmh__TestDone *done = report->done;
    if (done == NULL)
        return;
    if (result->type == NULL && *done->type != '\0')
        result->type = g_strdup(done->type);
    if (result->guest == NULL && *done->guest != '\0')
        result->guest = g_strdup(done->guest);
}

void verdict_end(struct verdict *verdict, const struct host_report *reports, unsigned n_reports,
                 const struct own_cause *own)
{
    struct test_result *result = verdict->result;
    result->status = VTMH__STATUS__STATUS_PASS;
    for (unsigned i = 0; i < n_reports; i++)
        take_names(result, &reports[i]);
    judge_causes(result, reports, n_reports, own->is_end);
    if (own->status != VTMH__STATUS__STATUS_NONE &&
        (is_pass(result->status) || weight(own->status) > weight(result->status)))
        set_cause(result, own->status, own->host, own->message, NULL);
    if (verdict->copies != NULL && weight(result->status) < weight(VTMH__STATUS__STATUS_FAIL))
        set_cause(result, VTMH__STATUS__STATUS_FAIL, NULL, verdict->copies, NULL);
    if (is_pass(result->status))
        distrust_pass(verdict, reports, n_reports);
    if (result->leaks->len > 0 && weight(result->status) < weight(VTMH__STATUS__STATUS_ERROR)) {
        g_autofree char *leak = g_strdup_printf("something was left behind after the test: %s",
                                                (const char *)g_ptr_array_index(result->leaks, 0));
        set_cause(result, VTMH__STATUS__STATUS_ERROR, NULL, leak, NULL);
    }
}
