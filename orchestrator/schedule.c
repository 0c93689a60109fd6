#include "orchestrator/schedule.h"

#include "orchestrator/dependencies.h"

#include <string.h>

enum state {
    PENDING, /* nobody has taken it */
    TAKEN,
    ENDED,
};

/* The list once. */
struct round {
    unsigned number;
    uint8_t *states; /* enum state, by test */
    unsigned n_ended;
    unsigned first;    /* no test before it is PENDING */
    unsigned *reached; /* by label: how many of its tests, from the first, have ended */
    struct dependencies *dependencies;
};

/* Rounds of those who share one list: all tuples, or with .each one. */
struct lane {
    GQueue rounds; /* struct round, in order: those that have begun and not ended */
    unsigned n_begun;
    unsigned n_taken, n_skipped; /* tests, in all rounds; those of them that ended SKIP */
};

/* Tests that a dependency means. */
struct label {
    GArray *tests; /* unsigned, ascending */
};

struct schedule {
    struct schedule_plan plan;
    GPtrArray *labels; /* struct label */
    GArray **wanted;   /* by test: unsigned, indexes of labels; NULL: none */
    struct lane *lanes;
    unsigned n_lanes;
    bool *is_lost; /* by tuple */
    bool is_stopped;
    unsigned n_failed, last_failed;
    bool is_ended_by_test;
    unsigned n_rest; /* places that schedule_rest() has looked at */
};

static unsigned lane_of(const struct schedule *schedule, unsigned tuple)
{
    return schedule->plan.each ? tuple : 0;
}

static void free_label(gpointer data)
{
    struct label *label = data;

    g_array_unref(label->tests);
    g_free(label);
}

/* The index of the label of this text; it is made if there is none. */
static unsigned find_label(struct schedule *schedule, GHashTable *known, const char *text)
{
    const struct schedule_plan *plan = &schedule->plan;
    gpointer index;
    struct label *label;

    if (g_hash_table_lookup_extended(known, text, NULL, &index))
        return GPOINTER_TO_UINT(index);
    label = g_new0(struct label, 1);
    label->tests = g_array_new(FALSE, FALSE, sizeof(unsigned));
    for (unsigned i = 0; i < plan->n_tests; i++)
        if (dependency_means(text, plan->tests[i].name))
            g_array_append_val(label->tests, i);
    g_ptr_array_add(schedule->labels, label);
    g_hash_table_insert(known, (gpointer)text, GUINT_TO_POINTER(schedule->labels->len - 1));
    return schedule->labels->len - 1;
}

static void read_dependencies(struct schedule *schedule)
{
    g_autoptr(GHashTable) known = g_hash_table_new(g_str_hash, g_str_equal);

    schedule->labels = g_ptr_array_new_with_free_func(free_label);
    schedule->wanted = g_new0(GArray *, MAX(schedule->plan.n_tests, 1));
    for (unsigned i = 0; i < schedule->plan.n_tests; i++) {
        const GStrv wanted = schedule->plan.tests[i].wanted;

        for (unsigned k = 0; wanted != NULL && wanted[k] != NULL; k++) {
            unsigned label = find_label(schedule, known, wanted[k]);

            if (schedule->wanted[i] == NULL)
                schedule->wanted[i] = g_array_new(FALSE, FALSE, sizeof(unsigned));
            g_array_append_val(schedule->wanted[i], label);
        }
    }
}

struct schedule *schedule_new(const struct schedule_plan *plan)
{
    struct schedule *schedule = g_new0(struct schedule, 1);

    schedule->plan = *plan;
    schedule->n_lanes = plan->each ? MAX(plan->n_tuples, 1) : 1;
    schedule->lanes = g_new0(struct lane, schedule->n_lanes);
    schedule->is_lost = g_new0(bool, MAX(plan->n_tuples, 1));
    for (unsigned i = 0; i < schedule->n_lanes; i++)
        g_queue_init(&schedule->lanes[i].rounds);
    read_dependencies(schedule);
    return schedule;
}

static void free_round(gpointer data)
{
    struct round *round = data;

    g_free(round->states);
    g_free(round->reached);
    dependencies_free(round->dependencies);
    g_free(round);
}

void schedule_free(struct schedule *schedule)
{
    if (schedule == NULL)
        return;
    for (unsigned i = 0; i < schedule->n_lanes; i++)
        g_queue_clear_full(&schedule->lanes[i].rounds, free_round);
    for (unsigned i = 0; i < schedule->plan.n_tests; i++)
        g_clear_pointer(&schedule->wanted[i], g_array_unref);
    g_ptr_array_unref(schedule->labels);
    g_free(schedule->wanted);
    g_free(schedule->lanes);
    g_free(schedule->is_lost);
    g_free(schedule);
}

unsigned schedule_total(const struct schedule *schedule)
{
    return schedule->plan.rounds * schedule->plan.n_tests * schedule->n_lanes;
}

static void end_test(struct schedule *schedule, struct lane *lane, struct round *round,
                     unsigned test)
{
    round->states[test] = ENDED;
    round->n_ended++;
    for (unsigned i = 0; i < schedule->labels->len; i++) {
        const GArray *tests = ((const struct label *)schedule->labels->pdata[i])->tests;

        while (round->reached[i] < tests->len &&
               round->states[g_array_index(tests, unsigned, round->reached[i])] == ENDED)
            round->reached[i]++;
    }
    if (round->n_ended == schedule->plan.n_tests) {
        g_queue_remove(&lane->rounds, round);
        free_round(round);
    }
}

static bool are_all_left_out(const struct schedule_plan *plan)
{
    for (unsigned i = 0; i < plan->n_tests; i++)
        if (!plan->tests[i].is_left_out)
            return false;
    return true;
}

/* Nothing of the list has run, and nothing would. */
static bool is_vain(const struct schedule *schedule, const struct lane *lane)
{
    return lane->n_skipped >= schedule->plan.n_tests && lane->n_skipped == lane->n_taken;
}

bool schedule_is_vain(const struct schedule *schedule)
{
    for (unsigned i = 0; i < schedule->n_lanes; i++)
        if (is_vain(schedule, &schedule->lanes[i]))
            return true;
    return false;
}

/* NULL: there are no more. */
static struct round *begin_round(struct schedule *schedule, struct lane *lane)
{
    const struct schedule_plan *plan = &schedule->plan;
    struct round *round;

    if (plan->n_tests == 0 || (plan->rounds != 0 && lane->n_begun == plan->rounds))
        return NULL;
    if (plan->rounds == 0 && lane->n_begun > 0 && are_all_left_out(plan))
        return NULL;
    if (plan->rounds == 0 && is_vain(schedule, lane))
        return NULL;
    round = g_new0(struct round, 1);
    round->number = lane->n_begun++;
    round->states = g_new0(uint8_t, plan->n_tests);
    round->reached = g_new0(unsigned, MAX(schedule->labels->len, 1));
    round->dependencies = dependencies_new();
    g_queue_push_tail(&lane->rounds, round);
    for (unsigned i = 0; i < plan->n_tests && plan->rounds == 0 && round->number > 0; i++)
        if (plan->tests[i].is_left_out)
            end_test(schedule, lane, round, i);
    return round;
}

/* Whether all of those before it have ended that it depends on. */
static bool is_ready(const struct schedule *schedule, const struct round *round, unsigned test)
{
    const GArray *wanted = schedule->wanted[test];

    for (unsigned i = 0; wanted != NULL && i < wanted->len; i++) {
        unsigned index = g_array_index(wanted, unsigned, i);
        const GArray *tests = ((const struct label *)schedule->labels->pdata[index])->tests;

        if (round->reached[index] < tests->len &&
            g_array_index(tests, unsigned, round->reached[index]) < test)
            return false;
    }
    return true;
}

/* The place of its first test that can be taken; n_tests: there is none. *waits: some are left. */
static unsigned find_test(const struct schedule *schedule, struct round *round, bool *waits)
{
    unsigned n = schedule->plan.n_tests;

    while (round->first < n && round->states[round->first] != PENDING)
        round->first++;
    *waits = round->first < n;
    for (unsigned i = round->first; i < n; i++)
        if (round->states[i] == PENDING && is_ready(schedule, round, i))
            return i;
    return n;
}

static struct assignment assign(const struct schedule *schedule, const struct round *round,
                                unsigned test, unsigned tuple)
{
    unsigned place = round->number * schedule->plan.n_tests + test;

    return (struct assignment){
        .round = round->number,
        .test = test,
        .tuple = tuple,
        .number = place * schedule->n_lanes + lane_of(schedule, tuple) + 1,
    };
}

enum schedule_look schedule_look(struct schedule *schedule, unsigned tuple, struct assignment *next)
{
    struct lane *lane = &schedule->lanes[lane_of(schedule, tuple)];
    struct round *round = g_queue_peek_tail(&lane->rounds);
    bool waits = false;
    unsigned test;

    if (schedule->is_stopped || schedule->is_lost[tuple])
        return SCHEDULE_OVER;
    if (round != NULL)
        test = find_test(schedule, round, &waits);
    if (round == NULL || (test == schedule->plan.n_tests && !waits)) {
        round = begin_round(schedule, lane);
        if (round == NULL)
            return SCHEDULE_OVER;
        test = find_test(schedule, round, &waits);
    }
    if (test == schedule->plan.n_tests)
        return SCHEDULE_WAIT;
    *next = assign(schedule, round, test, tuple);
    return SCHEDULE_TEST;
}

static struct round *round_of(const struct schedule *schedule, const struct assignment *taken)
{
    const struct lane *lane = &schedule->lanes[lane_of(schedule, taken->tuple)];

    for (GList *at = lane->rounds.head; at != NULL; at = at->next)
        if (((struct round *)at->data)->number == taken->round)
            return at->data;
    g_assert_not_reached();
}

void schedule_take(struct schedule *schedule, const struct assignment *taken)
{
    round_of(schedule, taken)->states[taken->test] = TAKEN;
    schedule->lanes[lane_of(schedule, taken->tuple)].n_taken++;
}

char *schedule_unmet(const struct schedule *schedule, const struct assignment *taken)
{
    const GStrv wanted = schedule->plan.tests[taken->test].wanted;

    return wanted == NULL ? NULL
                          : dependencies_unmet(round_of(schedule, taken)->dependencies,
                                               (const char *const *)wanted);
}

static bool is_failure(Vtmh__Status status)
{
    return status == VTMH__STATUS__STATUS_FAIL || status == VTMH__STATUS__STATUS_ERROR;
}

void schedule_ended(struct schedule *schedule, const struct assignment *taken,
                    const struct test_result *result)
{
    struct round *round = round_of(schedule, taken);

    struct lane *lane = &schedule->lanes[lane_of(schedule, taken->tuple)];

    dependencies_note(round->dependencies, result);
    end_test(schedule, lane, round, taken->test);
    lane->n_skipped += result->status == VTMH__STATUS__STATUS_SKIP;
    if (!is_failure(result->status))
        return;
    schedule->n_failed++;
    bool is_enough = schedule->n_failed == schedule->plan.failures;
    bool ends_job = schedule->plan.tests[taken->test].ends_job;
    if (schedule->last_failed == 0 && (is_enough || ends_job)) {
        schedule->last_failed = taken->number;
        schedule->is_ended_by_test = !is_enough;
    }
    schedule->is_stopped |= schedule->last_failed != 0;
}

void schedule_stop(struct schedule *schedule)
{
    schedule->is_stopped = true;
}

void schedule_lose(struct schedule *schedule, unsigned tuple)
{
    schedule->is_lost[tuple] = true;
}

bool schedule_has_failed(const struct schedule *schedule, unsigned *last)
{
    *last = schedule->last_failed;
    return schedule->last_failed != 0;
}

bool schedule_was_ended_by_test(const struct schedule *schedule)
{
    return schedule->is_ended_by_test;
}

/* Whether nobody has taken the test, be it that its round has not begun. */
static bool is_left(const struct lane *lane, unsigned round, unsigned test)
{
    if (round >= lane->n_begun)
        return true;
    for (GList *at = lane->rounds.head; at != NULL; at = at->next) {
        const struct round *begun = at->data;

        if (begun->number == round)
            return begun->states[test] == PENDING;
    }
    return false;
}

bool schedule_rest(struct schedule *schedule, struct assignment *left)
{
    unsigned n_tests = schedule->plan.n_tests, n_lanes = schedule->n_lanes;
    unsigned rounds = schedule->plan.rounds == 0 ? 1 : schedule->plan.rounds;
    unsigned end = rounds * n_tests * n_lanes;

    while (schedule->n_rest < end) {
        unsigned at = schedule->n_rest++;
        unsigned lane = at % n_lanes, place = at / n_lanes;

        *left = (struct assignment){place / n_tests, place % n_tests, lane, at + 1};
        if (is_left(&schedule->lanes[lane], left->round, left->test))
            return true;
    }
    return false;
}
