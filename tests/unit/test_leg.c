#include "migration/move/leg.h"

#include <criterion/criterion.h>

#define COMPLETED VTMH__LEG_END__LEG_COMPLETED
#define CANCELLED VTMH__LEG_END__LEG_CANCELLED
#define REFUSED VTMH__LEG_END__LEG_REFUSED
#define FAILED VTMH__LEG_END__LEG_FAILED
#define UNCERTAIN VTMH__LEG_END__LEG_UNCERTAIN
#define NOBODY VTMH__SURVIVOR__SURVIVOR_NONE
#define SOURCE VTMH__SURVIVOR__SURVIVOR_SOURCE
#define DESTINATION VTMH__SURVIVOR__SURVIVOR_DESTINATION
#define UNKNOWN VTMH__SURVIVOR__SURVIVOR_UNCERTAIN

static void expect(struct leg_view source, struct leg_view destination, Vtmh__LegEnd end,
                   Vtmh__Survivor survivor)
{
    struct leg_outcome outcome = leg_outcome_of(&source, &destination);

    cr_expect_eq(outcome.end, end, "%s, not %s", leg_end_word(outcome.end), leg_end_word(end));
    cr_expect_eq(outcome.survivor, survivor, "%s, not %s", leg_survivor_word(outcome.survivor),
                 leg_survivor_word(survivor));
}

Test(leg, has_completed_only_where_both_ends_say_so)
{
    expect((struct leg_view){COMPLETED, true, DESTINATION},
           (struct leg_view){COMPLETED, true, DESTINATION}, COMPLETED, DESTINATION);
    expect((struct leg_view){COMPLETED, true, DESTINATION}, (struct leg_view){FAILED, true, NOBODY},
           FAILED, NOBODY);
    expect((struct leg_view){FAILED, true, DESTINATION},
           (struct leg_view){COMPLETED, true, DESTINATION}, FAILED, DESTINATION);
}

Test(leg, is_called_off_by_its_source_alone)
{
    expect((struct leg_view){CANCELLED, true, SOURCE}, (struct leg_view){FAILED, true, NOBODY},
           CANCELLED, SOURCE);
    expect((struct leg_view){FAILED, true, SOURCE}, (struct leg_view){CANCELLED, true, NOBODY},
           FAILED, SOURCE);
}

Test(leg, was_refused_if_no_byte_has_moved)
{
    expect((struct leg_view){FAILED, false, SOURCE}, (struct leg_view){FAILED, false, NOBODY},
           REFUSED, SOURCE);
    expect((struct leg_view){FAILED, true, SOURCE}, (struct leg_view){FAILED, false, NOBODY},
           FAILED, SOURCE);
    expect((struct leg_view){FAILED, false, SOURCE}, (struct leg_view){FAILED, true, NOBODY},
           FAILED, SOURCE);
}

Test(leg, is_uncertain_if_an_end_is_and_if_there_are_two_copies)
{
    expect((struct leg_view){CANCELLED, true, UNKNOWN}, (struct leg_view){FAILED, true, NOBODY},
           UNCERTAIN, UNKNOWN);
    expect((struct leg_view){FAILED, true, SOURCE}, (struct leg_view){FAILED, true, UNKNOWN},
           UNCERTAIN, UNKNOWN);
    expect((struct leg_view){FAILED, true, SOURCE}, (struct leg_view){FAILED, true, DESTINATION},
           UNCERTAIN, UNKNOWN);
}

Test(leg, is_as_planned_only_with_its_end_and_its_survivor)
{
    const struct leg_plan plan = {.expected_ends = LEG_BIT(CANCELLED) | LEG_BIT(FAILED),
                                  .expected_survivors = LEG_BIT(SOURCE)};

    cr_expect(leg_is_as_planned(&plan, &(struct leg_outcome){CANCELLED, SOURCE}));
    cr_expect(leg_is_as_planned(&plan, &(struct leg_outcome){FAILED, SOURCE}));
    cr_expect(!leg_is_as_planned(&plan, &(struct leg_outcome){FAILED, NOBODY}));
    cr_expect(!leg_is_as_planned(&plan, &(struct leg_outcome){COMPLETED, DESTINATION}));
    cr_expect(leg_may_fail(&plan));
    cr_expect(!leg_may_fail(&(struct leg_plan){.expected_ends = LEG_BIT(COMPLETED)}));
}

Test(leg, leaves_the_guest_where_its_own_end_usually_does_if_nothing_else_is_planned)
{
    const struct leg_plan plan = {.expected_ends = LEG_BIT(COMPLETED) | LEG_BIT(FAILED)};
    g_autofree char *text = leg_text(&plan, &(struct leg_outcome){FAILED, DESTINATION});

    cr_expect(leg_is_as_planned(&plan, &(struct leg_outcome){COMPLETED, DESTINATION}));
    cr_expect(leg_is_as_planned(&plan, &(struct leg_outcome){FAILED, SOURCE}));
    cr_expect(!leg_is_as_planned(&plan, &(struct leg_outcome){FAILED, DESTINATION}));
    cr_expect(!leg_is_as_planned(&plan, &(struct leg_outcome){COMPLETED, SOURCE}));
    cr_expect_str_eq(text, "failed (survivor: destination); planned was: completed or failed "
                           "(survivor: source or destination)");
}

Test(leg, says_what_it_was_and_what_was_planned)
{
    const struct leg_plan plan = {.expected_ends = LEG_BIT(CANCELLED) | LEG_BIT(FAILED),
                                  .expected_survivors = LEG_BIT(SOURCE)};
    g_autofree char *text = leg_text(&plan, &(struct leg_outcome){COMPLETED, DESTINATION});

    cr_expect_str_eq(text, "completed (survivor: destination); planned was: cancelled or failed "
                           "(survivor: source)");
}

Test(leg, has_a_scope_of_its_own_for_each_attempt_and_vm_which_is_never_the_tests)
{
    g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);

    for (unsigned number = 1; number < 4; number++)
        for (unsigned attempt = 1; attempt <= LEG_MAX_ATTEMPTS; attempt++)
            for (unsigned vm = 0; vm < 3; vm++) {
                const struct leg_plan plan = {.number = number, .attempt = attempt, .vm = vm};

                cr_assert_neq(leg_scope(&plan), 0);
                cr_assert(g_hash_table_add(seen, GSIZE_TO_POINTER(leg_scope(&plan))));
            }
}

Test(leg, view_travels)
{
    const struct leg_view view = {CANCELLED, true, SOURCE};
    struct leg_view back = {0};
    json_t *json = leg_view_to_json(&view);

    cr_assert(leg_view_from_json(json, &back));
    cr_expect(back.end == CANCELLED && back.has_moved && back.survivor == SOURCE);
    json_object_set_new(json, "end", json_string("perhaps"));
    cr_expect(!leg_view_from_json(json, &back));
    json_object_clear(json);
    cr_expect(!leg_view_from_json(json, &back));
    cr_expect(!leg_view_from_json(NULL, &back));
    json_decref(json);
}
