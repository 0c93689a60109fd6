#include "orchestrator/schedule.h"

#include <criterion/criterion.h>

/* ---- one case after the other */

/* The words of "a,b"; one list for all that ask. */
static GStrv wanted_of(const char *text)
{
    static GHashTable *known;
    GStrv words;

    if (known == NULL)
        known = g_hash_table_new(g_str_hash, g_str_equal);
    words = g_hash_table_lookup(known, text);
    if (words == NULL) {
        words = g_strsplit(text, ",", -1);
        g_hash_table_insert(known, g_strdup(text), words);
    }
    return words;
}

/* The list a, b, c … in which "b:a" depends on a, and "c!" is left out. */
static struct schedule *make(const char *list, struct schedule_plan plan,
                             struct schedule_test *tests)
{
    g_auto(GStrv) words = g_strsplit(list, " ", -1);

    for (char **word = words; *word != NULL; word++) {
        g_auto(GStrv) parts = g_strsplit(*word, ":", -1);
        struct schedule_test *test = &tests[plan.n_tests++];

        test->is_left_out = g_str_has_suffix(parts[0], "!");
        test->name = g_intern_string(g_strdelimit(parts[0], "!", '\0'));
        test->wanted = parts[1] != NULL ? wanted_of(parts[1]) : NULL;
    }
    plan.tests = tests;
    return schedule_new(&plan);
}

static void end(struct schedule *schedule, const struct schedule_test *tests,
                const struct assignment *taken, Vtmh__Status status)
{
    g_autoptr(test_result) result =
        test_result_new(taken->number, tests[taken->test].name, tests[taken->test].name);

    result->status = status;
    schedule_ended(schedule, taken, result);
}

/* What the tuple takes next: "3-b", "wait", "over". */
static const char *take(struct schedule *schedule, const struct schedule_test *tests,
                        unsigned tuple, struct assignment *next)
{
    static char text[64];

    switch (schedule_look(schedule, tuple, next)) {
    case SCHEDULE_OVER:
        return "over";
    case SCHEDULE_WAIT:
        return "wait";
    default:
        schedule_take(schedule, next);
        g_snprintf(text, sizeof text, "%u-%s", next->number, tests[next->test].name);
        return text;
    }
}

/* All that is left, "1-a 2-b". Transfer full. */
static char *rest(struct schedule *schedule, const struct schedule_test *tests)
{
    GString *text = g_string_new(NULL);
    struct assignment left;

    while (schedule_rest(schedule, &left))
        g_string_append_printf(text, "%s%u-%s", text->len > 0 ? " " : "", left.number,
                               tests[left.test].name);
    return g_string_free(text, FALSE);
}

#define PASS VTMH__STATUS__STATUS_PASS
#define FAIL VTMH__STATUS__STATUS_FAIL
#define SKIP VTMH__STATUS__STATUS_SKIP

Test(schedule, gives_one_tuple_the_list_in_its_order_round_by_round)
{
    static const char *const order[] = {"1-a", "2-b", "3-c", "4-a", "5-b", "6-c", "over"};
    struct schedule_test tests[3] = {0};
    g_autoptr(schedule) schedule =
        make("a b:a c", (struct schedule_plan){.n_tuples = 1, .rounds = 2}, tests);
    struct assignment next;

    cr_expect_eq(schedule_total(schedule), 6);
    for (unsigned i = 0; i < G_N_ELEMENTS(order); i++) {
        cr_assert_str_eq(take(schedule, tests, 0, &next), order[i]);
        if (i < 6)
            end(schedule, tests, &next, PASS);
    }
    g_autofree char *left = rest(schedule, tests);
    cr_expect_str_eq(left, "");
}

Test(schedule, gives_the_next_test_to_the_tuple_that_is_free)
{
    struct schedule_test tests[3] = {0};
    g_autoptr(schedule) schedule =
        make("a b c", (struct schedule_plan){.n_tuples = 2, .rounds = 1}, tests);
    struct assignment first, second;

    cr_expect_str_eq(take(schedule, tests, 1, &first), "1-a");
    cr_expect_str_eq(take(schedule, tests, 0, &second), "2-b");
    end(schedule, tests, &second, PASS);
    cr_expect_str_eq(take(schedule, tests, 0, &second), "3-c");
    end(schedule, tests, &first, PASS);
    cr_expect_str_eq(take(schedule, tests, 1, &first), "over");
}

Test(schedule, lets_a_test_wait_for_what_it_depends_on_and_takes_others_meanwhile)
{
    struct schedule_test tests[4] = {0};
    g_autoptr(schedule) schedule =
        make("a b:a c d:a", (struct schedule_plan){.n_tuples = 2, .rounds = 1}, tests);
    struct assignment a, other;

    cr_expect_str_eq(take(schedule, tests, 0, &a), "1-a");
    cr_expect_str_eq(take(schedule, tests, 1, &other), "3-c");
    end(schedule, tests, &other, PASS);
    cr_expect_str_eq(take(schedule, tests, 1, &other), "wait");
    end(schedule, tests, &a, FAIL);
    cr_expect_str_eq(take(schedule, tests, 1, &other), "2-b");
    g_autofree char *unmet = schedule_unmet(schedule, &other);
    cr_expect_str_eq(unmet, "its dependency 1-a failed");
}

Test(schedule, waits_for_nothing_of_another_round)
{
    struct schedule_test tests[2] = {0};
    g_autoptr(schedule) schedule =
        make("a b:a", (struct schedule_plan){.n_tuples = 2, .rounds = 2}, tests);
    struct assignment one, other;

    take(schedule, tests, 0, &one);
    end(schedule, tests, &one, FAIL);
    cr_expect_str_eq(take(schedule, tests, 0, &one), "2-b");
    cr_expect_str_eq(take(schedule, tests, 1, &other), "3-a");
    end(schedule, tests, &other, PASS);
    cr_expect_str_eq(take(schedule, tests, 1, &other), "4-b");
    g_autofree char *unmet = schedule_unmet(schedule, &other);
    cr_expect_null(unmet, "%s", unmet);
}

Test(schedule, goes_on_with_the_next_round_while_the_last_test_of_one_runs)
{
    struct schedule_test tests[1] = {0};
    g_autoptr(schedule) schedule = make("a", (struct schedule_plan){.n_tuples = 2}, tests);
    struct assignment one, other;

    cr_expect_eq(schedule_total(schedule), 0);
    cr_expect_str_eq(take(schedule, tests, 0, &one), "1-a");
    for (unsigned i = 0; i < 1000; i++) {
        take(schedule, tests, 1, &other);
        cr_assert_eq(other.number, i + 2);
        end(schedule, tests, &other, PASS);
    }
    schedule_stop(schedule);
    cr_expect_str_eq(take(schedule, tests, 1, &other), "over");
    end(schedule, tests, &one, PASS);
    g_autofree char *left = rest(schedule, tests);
    cr_expect_str_eq(left, "", "what is not run in a later round of so many is not missed");
}

Test(schedule, with_each_has_the_list_for_every_tuple)
{
    struct schedule_test tests[2] = {0};
    g_autoptr(schedule) schedule =
        make("a b:a", (struct schedule_plan){.n_tuples = 2, .rounds = 1, .each = true}, tests);
    struct assignment one, other;

    cr_expect_eq(schedule_total(schedule), 4);
    cr_expect_str_eq(take(schedule, tests, 0, &one), "1-a");
    end(schedule, tests, &one, FAIL);
    cr_expect_str_eq(take(schedule, tests, 0, &one), "3-b");
    cr_expect_str_eq(take(schedule, tests, 1, &other), "2-a");
    end(schedule, tests, &other, PASS);
    cr_expect_str_eq(take(schedule, tests, 1, &other), "4-b");
    g_autofree char *unmet = schedule_unmet(schedule, &other);
    cr_expect_null(unmet, "%s", unmet);
}

Test(schedule, with_each_keeps_the_tests_of_a_lost_tuple_for_the_rest)
{
    struct schedule_test tests[2] = {0};
    g_autoptr(schedule) schedule =
        make("a b", (struct schedule_plan){.n_tuples = 2, .rounds = 1, .each = true}, tests);
    struct assignment one;

    schedule_lose(schedule, 1);
    cr_expect_str_eq(take(schedule, tests, 1, &one), "over");
    take(schedule, tests, 0, &one);
    end(schedule, tests, &one, PASS);
    take(schedule, tests, 0, &one);
    end(schedule, tests, &one, PASS);
    cr_expect_str_eq(take(schedule, tests, 0, &one), "over");
    g_autofree char *left = rest(schedule, tests);
    cr_expect_str_eq(left, "2-a 4-b");
}

Test(schedule, gives_the_tests_of_a_lost_tuple_to_others)
{
    struct schedule_test tests[3] = {0};
    g_autoptr(schedule) schedule =
        make("a b c", (struct schedule_plan){.n_tuples = 2, .rounds = 1}, tests);
    struct assignment one, other;

    take(schedule, tests, 0, &one);
    take(schedule, tests, 1, &other);
    schedule_lose(schedule, 0);
    end(schedule, tests, &one, VTMH__STATUS__STATUS_ERROR);
    cr_expect_str_eq(take(schedule, tests, 0, &one), "over");
    end(schedule, tests, &other, PASS);
    cr_expect_str_eq(take(schedule, tests, 1, &other), "3-c");
    end(schedule, tests, &other, PASS);
    cr_expect_str_eq(take(schedule, tests, 1, &other), "over");
}

Test(schedule, stops_when_enough_tests_have_failed)
{
    struct schedule_test tests[4] = {0};
    g_autoptr(schedule) schedule =
        make("a b c d", (struct schedule_plan){.n_tuples = 1, .rounds = 1, .failures = 2}, tests);
    struct assignment next;
    unsigned last;

    take(schedule, tests, 0, &next);
    end(schedule, tests, &next, FAIL);
    take(schedule, tests, 0, &next);
    end(schedule, tests, &next, VTMH__STATUS__STATUS_WARN);
    cr_expect_not(schedule_has_failed(schedule, &last));
    take(schedule, tests, 0, &next);
    end(schedule, tests, &next, VTMH__STATUS__STATUS_ERROR);
    cr_expect(schedule_has_failed(schedule, &last));
    cr_expect_eq(last, 3);
    cr_expect_str_eq(take(schedule, tests, 0, &next), "over");
    g_autofree char *left = rest(schedule, tests);
    cr_expect_str_eq(left, "4-d");
}

Test(schedule, stops_when_a_test_has_failed_that_ends_the_job)
{
    struct schedule_test tests[3] = {0};
    g_autoptr(schedule) schedule =
        make("a b c", (struct schedule_plan){.n_tuples = 1, .rounds = 2}, tests);
    struct assignment next;
    unsigned last;

    tests[1].ends_job = true;
    take(schedule, tests, 0, &next);
    end(schedule, tests, &next, FAIL);
    cr_expect_not(schedule_has_failed(schedule, &last), "a does not end it");
    take(schedule, tests, 0, &next);
    end(schedule, tests, &next, PASS);
    cr_expect_not(schedule_has_failed(schedule, &last), "b has passed");
    for (unsigned i = 0; i < 3; i++) {
        take(schedule, tests, 0, &next);
        end(schedule, tests, &next, i < 2 ? PASS : VTMH__STATUS__STATUS_ERROR);
    }
    cr_expect(schedule_has_failed(schedule, &last));
    cr_expect(schedule_was_ended_by_test(schedule));
    cr_expect_eq(last, 5);
    cr_expect_str_eq(take(schedule, tests, 0, &next), "over");
}

Test(schedule, tells_of_what_is_left_out_once_however_often_the_list_is_run)
{
    static const char *const order[] = {"1-a", "2-b", "3-a", "5-a"};
    struct schedule_test tests[2] = {0};
    g_autoptr(schedule) schedule = make("a b!", (struct schedule_plan){.n_tuples = 1}, tests);
    struct assignment next;

    for (unsigned i = 0; i < G_N_ELEMENTS(order); i++) {
        cr_assert_str_eq(take(schedule, tests, 0, &next), order[i]);
        end(schedule, tests, &next, i == 1 ? VTMH__STATUS__STATUS_SKIP : PASS);
    }
}

Test(schedule, ends_where_all_is_left_out)
{
    struct schedule_test tests[1] = {0};
    g_autoptr(schedule) schedule = make("a!", (struct schedule_plan){.n_tuples = 1}, tests);
    struct assignment next;

    take(schedule, tests, 0, &next);
    end(schedule, tests, &next, VTMH__STATUS__STATUS_SKIP);
    cr_expect_str_eq(take(schedule, tests, 0, &next), "over");
}

Test(schedule, does_not_begin_again_where_all_were_skipped)
{
    struct schedule_test tests[2] = {0};
    g_autoptr(schedule) schedule = make("a b", (struct schedule_plan){.n_tuples = 1}, tests);
    struct assignment next;

    cr_assert_str_eq(take(schedule, tests, 0, &next), "1-a");
    end(schedule, tests, &next, SKIP);
    cr_assert_str_eq(take(schedule, tests, 0, &next), "2-b");
    cr_expect_not(schedule_is_vain(schedule));
    end(schedule, tests, &next, SKIP);
    cr_expect(schedule_is_vain(schedule));
    cr_expect_str_eq(take(schedule, tests, 0, &next), "over");
}

Test(schedule, begins_again_while_a_test_may_yet_run)
{
    struct schedule_test tests[2] = {0};
    g_autoptr(schedule) schedule = make("a b", (struct schedule_plan){.n_tuples = 2}, tests);
    struct assignment next, other;

    cr_assert_str_eq(take(schedule, tests, 0, &next), "1-a");
    end(schedule, tests, &next, SKIP);
    cr_assert_str_eq(take(schedule, tests, 0, &next), "2-b");
    cr_assert_str_eq(take(schedule, tests, 1, &other), "3-a");
    end(schedule, tests, &other, SKIP);
    cr_expect_str_eq(take(schedule, tests, 1, &other), "4-b");
    end(schedule, tests, &next, PASS);
    end(schedule, tests, &other, SKIP);
    cr_expect_str_eq(take(schedule, tests, 0, &next), "5-a");
    cr_expect_not(schedule_is_vain(schedule));
}

Test(schedule, leaves_all_tests_where_there_is_no_tuple)
{
    struct schedule_test tests[2] = {0};
    g_autoptr(schedule) schedule =
        make("a b", (struct schedule_plan){.n_tuples = 0, .rounds = 2, .each = true}, tests);

    g_autofree char *left = rest(schedule, tests);
    cr_expect_str_eq(left, "1-a 2-b 3-a 4-b");
}

/* ---- every order of events of small cases */

#define MAX_CHOICES 64
#define MAX_RESULTS 16
#define MAX_TUPLES 2

/* What has been chosen at each fork, and out of how many. */
struct tape {
    unsigned chosen[MAX_CHOICES], of[MAX_CHOICES];
    unsigned length, at;
};

static unsigned choose(struct tape *tape, unsigned of)
{
    cr_assert_lt(tape->at, MAX_CHOICES);
    if (tape->at == tape->length) {
        tape->chosen[tape->length] = 0;
        tape->of[tape->length++] = of;
    }
    cr_assert_eq(tape->of[tape->at], of, "the schedule is not the same for the same events");
    return tape->chosen[tape->at++];
}

static bool next_tape(struct tape *tape)
{
    while (tape->length > 0 && tape->chosen[tape->length - 1] + 1 == tape->of[tape->length - 1])
        tape->length--;
    if (tape->length > 0)
        tape->chosen[tape->length - 1]++;
    tape->at = 0;
    return tape->length > 0;
}

struct run {
    const struct schedule_plan *plan;
    struct schedule *schedule;
    const struct schedule_test *tests;
    struct assignment running[MAX_TUPLES];
    bool runs[MAX_TUPLES], is_lost[MAX_TUPLES];
    unsigned seen[MAX_RESULTS]; /* by number - 1: how often it was handed out */
    bool has_ended[MAX_RESULTS];
    unsigned n_running;
};

/* Those before it in its round (and lane) that it depends on have ended. */
static void expect_dependencies_ended(const struct run *run, const struct assignment *next)
{
    const GStrv wanted = run->tests[next->test].wanted;
    unsigned lanes = run->plan->each ? run->plan->n_tuples : 1;

    for (unsigned i = 0; i < next->test; i++)
        for (unsigned k = 0; wanted != NULL && wanted[k] != NULL; k++)
            if (strcmp(run->tests[i].name, wanted[k]) == 0)
                cr_assert(run->has_ended[next->number - 1 - (next->test - i) * lanes],
                          "%u began before what it depends on had ended", next->number);
}

/* One tuple that is free looks; returns whether it has nothing to do. */
static bool step_free(struct run *run, unsigned tuple)
{
    struct assignment *next = &run->running[tuple];

    switch (schedule_look(run->schedule, tuple, next)) {
    case SCHEDULE_OVER:
        return true;
    case SCHEDULE_WAIT:
        cr_assert_gt(run->n_running, 0, "it waits for nobody");
        return true;
    default:
        cr_assert_eq(next->tuple, tuple);
        cr_assert(next->number >= 1 && next->number <= MAX_RESULTS);
        cr_assert_eq(run->seen[next->number - 1]++, 0, "%u was handed out twice", next->number);
        expect_dependencies_ended(run, next);
        schedule_take(run->schedule, next);
        run->runs[tuple] = true;
        run->n_running++;
        return false;
    }
}

static void step_end(struct run *run, struct tape *tape, unsigned tuple)
{
    static const Vtmh__Status statuses[] = {PASS, FAIL};
    struct assignment taken = run->running[tuple];

    run->runs[tuple] = false;
    run->n_running--;
    run->has_ended[taken.number - 1] = true;
    if (choose(tape, 3) == 2) {
        run->is_lost[tuple] = true;
        schedule_lose(run->schedule, tuple);
    }
    end(run->schedule, run->tests, &taken, statuses[tape->chosen[tape->at - 1] != 0]);
}

/* Until no tuple has anything to do and none is running. */
static void play(struct run *run, struct tape *tape)
{
    for (;;) {
        bool idle[MAX_TUPLES] = {false};
        unsigned can[MAX_TUPLES], n = 0;

        /* Which of the tuples is next: one that is free, or one whose test ends. */
        for (unsigned i = 0; i < run->plan->n_tuples; i++) {
            struct assignment next;

            if (!run->runs[i])
                idle[i] = schedule_look(run->schedule, i, &next) != SCHEDULE_TEST;
            if (run->runs[i] || !idle[i])
                can[n++] = i;
            else
                step_free(run, i);
        }
        if (n == 0)
            return;
        unsigned tuple = can[n > 1 ? choose(tape, n) : 0];
        if (run->runs[tuple])
            step_end(run, tape, tuple);
        else
            step_free(run, tuple);
    }
}

static void expect_all_once(struct run *run)
{
    struct assignment left;
    unsigned before = 0, total = schedule_total(run->schedule);
    bool is_stopped = schedule_has_failed(run->schedule, &(unsigned){0});
    bool all_live = true;

    while (schedule_rest(run->schedule, &left)) {
        cr_assert_gt(left.number, before, "the rest is not in order");
        before = left.number;
        cr_assert_eq(run->seen[left.number - 1]++, 0, "%u was run and left", left.number);
    }
    for (unsigned i = 0; i < run->plan->n_tuples; i++)
        all_live = all_live && !run->is_lost[i];
    cr_assert(before == 0 || is_stopped || !all_live, "tests were left though hosts were free");
    for (unsigned i = 0; i < total; i++)
        cr_assert_eq(run->seen[i], 1, "%u is missing", i + 1);
}

/* Returns how many orders there are. */
static unsigned play_all(const char *list, struct schedule_plan plan)
{
    struct tape tape = {.length = 0};
    unsigned n = 0;

    do {
        struct schedule_test tests[8] = {0};
        g_autoptr(schedule) schedule = make(list, plan, tests);
        struct schedule_plan whole = plan;
        struct run run = {.plan = &whole, .schedule = schedule, .tests = tests};

        play(&run, &tape);
        expect_all_once(&run);
        n++;
    } while (next_tape(&tape));
    return n;
}

Test(schedule, hands_out_each_test_once_whatever_happens_in_whatever_order)
{
    static const struct {
        const char *list;
        struct schedule_plan plan;
    } cases[] = {
        {"a b", {.n_tuples = 1, .rounds = 2, .failures = 2}},
        {"a b:a c", {.n_tuples = 1, .rounds = 2}},
        {"a b", {.n_tuples = 2, .rounds = 1, .each = true}},
        {"a b:a", {.n_tuples = 2, .rounds = 1, .failures = 1, .each = true}},
        {"a", {.n_tuples = 2, .rounds = 3}},
        {"a b:a", {.n_tuples = 2, .rounds = 2, .failures = 1}},
        {"a b c", {.n_tuples = 2, .rounds = 1}},
        {"a b:a c:b", {.n_tuples = 2, .rounds = 1, .failures = 2}},
        {"a b c:a,b", {.n_tuples = 2, .rounds = 1}},
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        unsigned n = play_all(cases[i].list, cases[i].plan);

        cr_log_info("%s: %u orders", cases[i].list, n);
        cr_expect_gt(n, 10, "%s", cases[i].list);
    }
}
