/* Records as they come: numbers, gaps, repeats, and what cannot be true. */
#include "tests/unit/verdict_help.h"

static unsigned n_legs;
static unsigned last_leg;

static void on_leg(void *arg, const struct leg_result *leg)
{
    (void)arg;
    n_legs++;
    last_leg = leg->leg;
    cr_expect(leg->is_as_planned);
}

/* A book for the scenario's hosts that counts the legs that are done. */
static struct trial_records *open_book(struct scenario *s)
{
    n_legs = last_leg = 0;
    return trial_records_new(s->result, s->params, on_leg, NULL);
}

static int take(struct trial_records *records, unsigned host, uint64_t number, Vtmh__Migration *leg,
                GError **err)
{
    Vtmh__Record record = VTMH__RECORD__INIT;
    record.number = number;
    record.body_case = VTMH__RECORD__BODY_LEG;
    record.leg = leg;
    return trial_records_is_repeated(records, host, &record)
               ? 0
               : trial_records_take(records, host, &record, err);
}

Test(trial_records, a_leg_is_done_and_told_when_both_ends_have_told)
{
    g_autoptr(scenario) s = scenario_new();
    g_autoptr(trial_records) records = open_book(s);
    cr_assert_eq(take(records, HOST2, 1, leg_of(s, HOST2), NULL), 0);
    cr_expect_eq(n_legs, 0);
    cr_assert_eq(take(records, HOST1, 1, leg_of(s, HOST1), NULL), 0);
    cr_expect_eq(n_legs, 1);
    cr_expect_eq(s->result->totals.legs, 1);
}

Test(trial_records, a_leg_that_waits_for_its_other_end_is_not_passed_on)
{
    g_autoptr(scenario) s = scenario_new();
    g_autoptr(trial_records) records = open_book(s);
    Vtmh__Record note = VTMH__RECORD__INIT;
    note.number = 1;
    note.body_case = VTMH__RECORD__BODY_NOTE;
    note.note = (char *)"TCG";
    cr_expect_eq(trial_records_passed_on(records, HOST1), 0);
    cr_assert_eq(trial_records_take(records, HOST1, &note, NULL), 0);
    cr_expect_eq(trial_records_passed_on(records, HOST1), 1);
    cr_assert_eq(take(records, HOST1, 2, leg_of(s, HOST1), NULL), 0);
    note.number = 3;
    cr_assert_eq(trial_records_take(records, HOST1, &note, NULL), 0);
    cr_expect_eq(trial_records_passed_on(records, HOST1), 1);
    cr_assert_eq(take(records, HOST2, 1, leg_of(s, HOST2), NULL), 0);
    cr_expect_eq(trial_records_passed_on(records, HOST1), 3);
    cr_expect_eq(trial_records_passed_on(records, HOST2), 1);
}

Test(trial_records, what_is_sent_again_is_taken_once)
{
    g_autoptr(scenario) s = scenario_new();
    g_autoptr(trial_records) records = open_book(s);
    for (unsigned times = 0; times < 3; times++)
        for (unsigned host = 0; host < N_HOSTS; host++)
            cr_assert_eq(take(records, host, 1, leg_of(s, host), NULL), 0);
    cr_expect_eq(n_legs, 1);
    cr_expect_eq(trial_records_count(records, HOST1), 1);
}

Test(trial_records, a_gap_is_told_with_the_number_that_came)
{
    g_autoptr(scenario) s = scenario_new();
    g_autoptr(trial_records) records = open_book(s);
    g_autoptr(GError) error = NULL;
    cr_assert_lt(take(records, HOST1, 2, leg_of(s, HOST1), &error), 0);
    cr_expect_str_eq(error->message, "record 2 of the host makes no sense: the last was number 0");
    cr_expect_eq(trial_records_count(records, HOST1), 0);
}

Test(trial_records, what_cannot_be_true_is_refused)
{
    static const struct {
        unsigned source, destination;
        const char *vm, *why;
    } legs[] = {
        {0, 2, "vm1", "from host 1 to host 3 of 2"},
        {7, 0, "vm1", "from host 8 to host 1 of 2"},
        {1, 1, "vm1", "this is neither"},
        {0, 1, "", "is of no VM"},
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(legs); i++) {
        g_autoptr(scenario) s = scenario_new();
        g_autoptr(trial_records) records = open_book(s);
        g_autoptr(GError) error = NULL;
        Vtmh__Migration *leg = leg_of(s, HOST1);
        leg->source = legs[i].source;
        leg->destination = legs[i].destination;
        leg->vm = replace(leg->vm, legs[i].vm);
        cr_assert_lt(take(records, HOST1, 1, leg, &error), 0);
        cr_expect_not_null(strstr(error->message, legs[i].why), "%s", error->message);
    }
}

Test(trial_records, one_without_a_body_is_refused)
{
    g_autoptr(scenario) s = scenario_new();
    g_autoptr(trial_records) records = open_book(s);
    g_autoptr(GError) error = NULL;
    Vtmh__Record record = VTMH__RECORD__INIT;
    record.number = 1;
    cr_assert_lt(trial_records_take(records, HOST1, &record, &error), 0);
    cr_expect_not_null(strstr(error->message, "says nothing that is known"), "%s", error->message);
}

Test(trial_records, an_end_that_never_tells_does_not_fill_the_memory)
{
    g_autoptr(scenario) s = scenario_new();
    g_autoptr(trial_records) records = open_book(s);
    g_autoptr(GError) error = NULL;
    Vtmh__Migration *leg = leg_of(s, HOST1);
    unsigned number = 1;
    while (number < 3 * LEG_BOOK_MAX && take(records, HOST1, number, leg, &error) == 0)
        leg->leg = ++number;
    cr_assert_not_null(error);
    cr_expect_eq(number, LEG_BOOK_MAX + 1);
}

Test(trial_records, legs_that_one_end_alone_has_told_are_told_at_the_end_in_their_order)
{
    g_autoptr(scenario) s = scenario_new();
    g_autoptr(trial_records) records = trial_records_new(s->result, s->params, NULL, NULL);
    Vtmh__Migration *leg = leg_of(s, HOST1);
    for (unsigned i = 1; i <= 3; i++) {
        leg->leg = 4 - i;
        cr_assert_eq(take(records, HOST1, i, leg, NULL), 0);
    }
    cr_expect_eq(s->result->legs->len, 0);
    trial_records_close(records);
    cr_assert_eq(s->result->legs->len, 3);
    for (unsigned i = 0; i < 3; i++)
        cr_expect_eq(((struct leg_result *)s->result->legs->pdata[i])->leg, i + 1);
}
