#include "orchestrator/verdict.h"

#include "orchestrator/leg_notes.h"
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

static void judge_causes(struct test_result *result, const struct host_report *reports, unsigned n,
                         bool was_ended)
{
    struct cause best = {.host = NULL};
    struct cause cause;
    for (unsigned i = 0; i < n; i++)
        if (cause_of(&reports[i], &cause) &&
            !(was_ended && cause.evidence < VTMH__EVIDENCE__EVIDENCE_SELF) &&
            (best.host == NULL || counts_more(&cause, &best)))
            best = cause;
    if (best.host != NULL)
        set_cause(result, best.status, best.host, best.message, best.context);
}

/* One leg while both ends' views of it are joined. */
struct joint {
    struct leg_result *leg;
    uint32_t source, destination;
    unsigned ends, survivors;                     /* planned, as both ends say: bits */
    bool by_source, by_destination;               /* which ends have told of it */
    bool was_cancelled, has_failed;               /* at one of its ends; failed by itself */
    Vtmh__Survivor source_says, destination_says; /* of where the guest lives */
    double gaps_ms[LEG_SIDES];                    /* the guest's longest silence at each end */
};

static char *joint_key(unsigned leg, unsigned attempt, const char *vm)
{
    return g_strdup_printf("%u %u %s", leg, attempt, vm);
}

static struct joint *find_joint(GHashTable *joints, const struct leg_result *leg)
{
    g_autofree char *key = joint_key(leg->leg, leg->attempt, leg->vm);
    return g_hash_table_lookup(joints, key);
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
    leg->guard = *record->guard != '\0' ? g_strdup(record->guard) : NULL;
    leg->leg = record->leg;
    leg->attempt = record->attempt;
    leg->status = g_strdup(record->status);
    leg->offline = record->offline;
    leg->survivor = record->survivor;
    g_ptr_array_add(result->legs, leg);
    return leg;
}

static struct joint *add_joint(struct test_result *result, GHashTable *joints,
                               const Vtmh__Migration *record)
{
    struct joint *joint = g_new0(struct joint, 1);
    joint->leg = add_leg(result, record);
    joint->source = record->source;
    joint->destination = record->destination;
    joint->ends = record->expected_ends;
    joint->survivors = record->expected_survivors;
    joint->gaps_ms[LEG_SOURCE] = joint->gaps_ms[LEG_DESTINATION] = -1;
    g_hash_table_insert(joints, joint_key(record->leg, record->attempt, record->vm), joint);
    return joint;
}

/* Each end knows its own copy best; of the other's it only knows what it was told. */
static Vtmh__Survivor survivor_of(const struct joint *joint)
{
    if (joint->source_says == VTMH__SURVIVOR__SURVIVOR_UNCERTAIN ||
        joint->destination_says == VTMH__SURVIVOR__SURVIVOR_UNCERTAIN)
        return VTMH__SURVIVOR__SURVIVOR_UNCERTAIN;
    if (joint->by_destination && joint->source_says == VTMH__SURVIVOR__SURVIVOR_DESTINATION)
        return joint->destination_says;
    return joint->source_says != VTMH__SURVIVOR__SURVIVOR_NONE ? joint->source_says
                                                               : joint->destination_says;
}

/* The figure that was measured; each is measured at one end only. */
#define TAKE(figure)                                                                               \
    do {                                                                                           \
        if (record->figure >= 0)                                                                   \
            leg->figure = record->figure;                                                          \
    } while (0)

/* A leg has completed only if both ends say so. It was called off, not failed, if one end was told
 * so and the other failed by that alone: by what it saw of the first. */
static void join_status(struct joint *joint, const Vtmh__Migration *record)
{
    bool is_cancelled = strcmp(record->status, "cancelled") == 0;
    bool has_failed = !is_cancelled && strcmp(record->status, "completed") != 0;
    const char *status = joint->leg->status;
    bool is_agreed = strcmp(record->status, "refused") == 0 ||
                     strcmp(record->status, "uncertain") == 0; /* both ends say the same */
    joint->was_cancelled |= is_cancelled;
    joint->has_failed |= has_failed && !record->is_symptom;
    if (joint->was_cancelled)
        status = joint->has_failed ? "failed" : "cancelled";
    else if (has_failed)
        status = is_agreed ? record->status : "failed";
    if (strcmp(status, joint->leg->status) == 0)
        return;
    g_free(joint->leg->status);
    joint->leg->status = g_strdup(status);
}

static void take_usage(struct process_usage *usage, const Vtmh__Usage *record)
{
    if (record != NULL)
        *usage = (struct process_usage){record->cpu_ms, record->peak_rss_bytes};
}

static void take_parts(struct downtime_parts *parts, const Vtmh__DowntimeParts *record)
{
    if (record != NULL)
        *parts = (struct downtime_parts){record->hypervisor_ms, record->moved_ms, record->ledger_ms,
                                         record->cont_ms};
}

/* What each end has measured for itself. The guest's longest gap in the leg is known only where
 * both know theirs. */
static void join_end(struct joint *joint, enum leg_side side, const Vtmh__Migration *record)
{
    struct leg_result *leg = joint->leg;
    take_usage(&leg->usage[side][LEG_HYPERVISOR], record->hypervisor);
    take_usage(&leg->usage[side][LEG_NODE], record->node);
    take_usage(&leg->usage[side][LEG_RELAY], record->relay);
    take_parts(&leg->downtime_parts, record->downtime_parts);
    joint->gaps_ms[side] = record->guest_gap_ms;
    leg->guest_gap_source_ms = joint->gaps_ms[LEG_SOURCE];
    leg->guest_gap_ms = joint->gaps_ms[LEG_SOURCE] < 0 || joint->gaps_ms[LEG_DESTINATION] < 0
                            ? -1
                            : MAX(joint->gaps_ms[LEG_SOURCE], joint->gaps_ms[LEG_DESTINATION]);
}

/* Those of both ends, which need not be the same. */
static void add_options(struct leg_result *leg, const Vtmh__Migration *record)
{
    for (size_t i = 0; i < record->n_options; i++)
        if (!g_ptr_array_find_with_equal_func(leg->options, record->options[i], g_str_equal, NULL))
            g_ptr_array_add(leg->options, g_strdup(record->options[i]));
}

/* Both ends were asked the same. */
static void add_asked(struct leg_result *leg, const Vtmh__Migration *record)
{
    for (size_t i = 0; i < record->n_asked; i++)
        json_object_set_new(leg->asked, record->asked[i]->key,
                            json_string(record->asked[i]->value));
}

static void join_leg(struct test_result *result, GHashTable *joints, unsigned host,
                     const Vtmh__Migration *record)
{
    g_autofree char *key = joint_key(record->leg, record->attempt, record->vm);
    struct joint *joint = g_hash_table_lookup(joints, key);
    if (joint == NULL)
        joint = add_joint(result, joints, record);
    struct leg_result *leg = joint->leg;
    bool is_same = record->source == joint->source && record->destination == joint->destination;
    joint->ends &= record->expected_ends;
    joint->survivors &= record->expected_survivors;
    joint->by_source |= is_same && host == record->source;
    joint->by_destination |= is_same && host == record->destination;
    if (host == joint->destination)
        joint->destination_says = record->survivor;
    else
        joint->source_says = record->survivor;
    leg->survivor = survivor_of(joint);
    join_status(joint, record);
    join_end(joint, host == joint->destination ? LEG_DESTINATION : LEG_SOURCE, record);
    if (leg->driver == NULL && *record->driver != '\0')
        leg->driver = g_strdup(record->driver);
    TAKE(cycle_ms);
    TAKE(prepare_ms);
    TAKE(total_ms);
    TAKE(setup_ms);
    TAKE(downtime_ms);
    TAKE(stop_to_resume_ms);
    TAKE(switchover_gap_ms);
    TAKE(transferred_bytes);
    TAKE(dirty_syncs);
    TAKE(iterations);
    leg->one_clock |= record->one_clock;
    leg->prepared |= record->prepared;
    TAKE(pages_sent_again);
    TAKE(set_pages);
    TAKE(remaining_bytes);
    TAKE(bytes_per_s);
    TAKE(throttle_percent);
    TAKE(xbzrle_pages);
    TAKE(compressed_pages);
    TAKE(multifd_bytes);
    TAKE(switchover_pauses);
    TAKE(postcopy_bytes);
    TAKE(postcopy_requests);
    leg->recoveries = MAX(leg->recoveries, record->recoveries);
    add_options(leg, record);
    add_asked(leg, record);
    if (*record->not_checked != '\0' && leg->not_checked == NULL)
        leg->not_checked = g_strdup(record->not_checked);
    if (record->memory_check != VTMH__MEMORY_CHECK__MEMORY_NOT_CHECKED &&
        leg->memory_check != VTMH__MEMORY_CHECK__MEMORY_CORRUPT) {
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
    if (left->attempt != right->attempt)
        return left->attempt < right->attempt ? -1 : 1;
    return strcmp(left->vm, right->vm);
}

static void collect(struct test_result *result, GHashTable *joints, unsigned host,
                    const struct host_report *report)
{
    const Vtmh__TestDone *done = report->done;
    for (size_t i = 0; i < done->n_migrations; i++)
        join_leg(result, joints, host, done->migrations[i]);
    for (size_t i = 0; i < done->n_notes; i++)
        test_result_note(result, done->notes[i]);
    for (size_t i = 0; i < done->n_leaks; i++)
        g_ptr_array_add(result->leaks, g_strdup_printf("%s: %s", report->name, done->leaks[i]));
    if (result->type == NULL && *done->type != '\0')
        result->type = g_strdup(done->type);
    if (result->guest == NULL && *done->guest != '\0')
        result->guest = g_strdup(done->guest);
}

/* Two copies are what no test may leave, whatever else was wrong. */
static void judge_copies(struct test_result *result, GHashTable *joints)
{
    for (unsigned i = 0; i < result->legs->len; i++) {
        const struct leg_result *leg = g_ptr_array_index(result->legs, i);
        const struct joint *joint = find_joint(joints, leg);
        if (joint->source_says != VTMH__SURVIVOR__SURVIVOR_SOURCE ||
            joint->destination_says != VTMH__SURVIVOR__SURVIVOR_DESTINATION)
            continue;
        g_autofree char *message =
            g_strdup_printf("leg %u of %s left two running copies: on %s and on %s", leg->leg,
                            leg->vm, leg->source, leg->destination);
        test_result_note(result, message);
        if (weight(result->status) < weight(VTMH__STATUS__STATUS_FAIL))
            set_cause(result, VTMH__STATUS__STATUS_FAIL, NULL, message, NULL);
    }
}

static bool is_pass(Vtmh__Status status)
{
    return status == VTMH__STATUS__STATUS_PASS || status == VTMH__STATUS__STATUS_WARN;
}

/* Why a host's pass is none; NULL if it is one. */
static const char *doubt_of_host(const struct host_report *report)
{
    if (report->done == NULL)
        return "the host did not report";
    if (!is_pass(report->done->status) && !reports_cause(report))
        return "the test was aborted there without a cause";
    if (report->order != 0)
        return "the host said that the test fails, and then that it passed";
    return NULL;
}

static Vtmh__LegEnd end_of(const struct joint *joint)
{
    Vtmh__LegEnd end;
    return leg_end_of_word(joint->leg->status, &end) ? end : VTMH__LEG_END__LEG_UNKNOWN;
}

static bool has_end_as_planned(const struct joint *joint)
{
    Vtmh__LegEnd end = end_of(joint);
    return end != VTMH__LEG_END__LEG_UNKNOWN && (joint->ends & 1U << end) != 0;
}

static bool is_as_planned(const struct joint *joint)
{
    return has_end_as_planned(joint) &&
           leg_survivor_is_planned(joint->survivors, end_of(joint), joint->leg->survivor);
}

/* What a leg is instead of what was planned; NULL if it is that. *who: the end to ask. */
static const char *doubt_of_leg(const struct joint *joint, const char **who)
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

static void mark_planned(struct test_result *result, GHashTable *joints)
{
    for (unsigned i = 0; i < result->legs->len; i++) {
        struct leg_result *leg = g_ptr_array_index(result->legs, i);
        leg->is_as_planned = is_as_planned(find_joint(joints, leg));
    }
}

/* Whether every host says that its test type moves no VM. */
static bool all_move_nothing(const struct host_report *reports, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        if (!reports[i].done->moves_nothing)
            return false;
    return true;
}

static void distrust_pass(struct test_result *result, GHashTable *joints,
                          const struct host_report *reports, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        const char *doubt = doubt_of_host(&reports[i]);
        if (doubt == NULL)
            continue;
        set_cause(result, VTMH__STATUS__STATUS_ERROR, reports[i].name, doubt, NULL);
        return;
    }
    if (result->legs->len == 0 && !result->only_agree && !all_move_nothing(reports, n))
        set_cause(result, VTMH__STATUS__STATUS_ERROR, NULL, "nothing was migrated", NULL);
    for (unsigned i = 0; i < result->legs->len; i++) {
        const struct leg_result *leg = g_ptr_array_index(result->legs, i);
        const char *who;
        const char *doubt = doubt_of_leg(find_joint(joints, leg), &who);
        if (doubt == NULL)
            continue;
        g_autofree char *message =
            g_strdup_printf("leg %u of %s is %s though all hosts say that the test passed",
                            leg->leg, leg->vm, doubt);
        set_cause(result, VTMH__STATUS__STATUS_ERROR, who, message, NULL);
        return;
    }
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

void verdict_join(struct test_result *result, const struct host_report *reports, unsigned n_reports,
                  const struct own_cause *own)
{
    g_autoptr(GHashTable) joints = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    result->status = VTMH__STATUS__STATUS_PASS;
    for (unsigned i = 0; i < n_reports; i++)
        if (reports[i].done != NULL)
            collect(result, joints, i, &reports[i]);
    g_ptr_array_sort(result->legs, by_leg);
    mark_planned(result, joints);
    leg_notes_add(result);

    judge_causes(result, reports, n_reports, own->is_end);
    if (own->status != VTMH__STATUS__STATUS_NONE &&
        (is_pass(result->status) || weight(own->status) > weight(result->status)))
        set_cause(result, own->status, own->host, own->message, NULL);
    judge_copies(result, joints);
    if (is_pass(result->status))
        distrust_pass(result, joints, reports, n_reports);
    if (result->leaks->len > 0 && weight(result->status) < weight(VTMH__STATUS__STATUS_ERROR))
        set_cause(result, VTMH__STATUS__STATUS_ERROR, NULL,
                  "something was left behind after the test", NULL);
}
