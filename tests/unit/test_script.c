#include "migration/move/script.h"
#include "migration/move/script_pattern.h"

#include "cfg/params.h"

#include <criterion/criterion.h>

static const struct script_step *step_of(const GArray *steps, unsigned i)
{
    return &g_array_index(steps, struct script_step, i);
}

Test(script, has_steps_of_when_and_what)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GArray) steps =
        script_parse("1s speed 10M;  50% downtime 500ms ; pre-switchover cancel;"
                     "250ms kill destination; 0s freeze source",
                     &error);

    cr_assert_not_null(steps, "%s", error != NULL ? error->message : "");
    cr_assert_eq(steps->len, 5);
    cr_expect(step_of(steps, 0)->when == SCRIPT_AFTER_MS && step_of(steps, 0)->at == 1000);
    cr_expect(step_of(steps, 0)->action == SCRIPT_SPEED && step_of(steps, 0)->value == 10ULL << 20);
    cr_expect(step_of(steps, 1)->when == SCRIPT_AT_PERCENT && step_of(steps, 1)->at == 50);
    cr_expect(step_of(steps, 1)->action == SCRIPT_DOWNTIME && step_of(steps, 1)->value == 500);
    cr_expect(step_of(steps, 2)->when == SCRIPT_AT_STATUS);
    cr_expect_str_eq(step_of(steps, 2)->status, "pre-switchover");
    cr_expect_eq(step_of(steps, 2)->action, SCRIPT_CANCEL);
    cr_expect(step_of(steps, 3)->action == SCRIPT_KILL && step_of(steps, 3)->at_destination);
    cr_expect(step_of(steps, 3)->at == 250);
    cr_expect(step_of(steps, 4)->action == SCRIPT_FREEZE && !step_of(steps, 4)->at_destination);
    cr_expect_str_eq(step_of(steps, 3)->text, "250ms kill destination");
}

Test(script, tells_times_after_something_from_times_since_the_begin)
{
    g_autoptr(GArray) steps =
        script_parse("2syncs postcopy; +200ms cut; postcopy-active+1s kill destination", NULL);

    cr_assert_not_null(steps);
    cr_expect(step_of(steps, 0)->when == SCRIPT_AT_SYNC && step_of(steps, 0)->at == 2);
    cr_expect(step_of(steps, 0)->later_ms == 0);
    cr_expect(step_of(steps, 1)->when == SCRIPT_AT_ONCE && step_of(steps, 1)->later_ms == 200);
    cr_expect(step_of(steps, 2)->when == SCRIPT_AT_STATUS && step_of(steps, 2)->later_ms == 1000);
    cr_expect_str_eq(step_of(steps, 2)->status, "postcopy-active");
    cr_expect(script_does(steps, SCRIPT_CUT) && !script_does(steps, SCRIPT_CANCEL));
}

/* What the parameter's row lets pass and what is parsed must not differ. */
Test(script, is_refused_by_the_parameters_row_and_by_the_parser_alike)
{
    static const struct {
        const char *text;
        bool is_right;
    } cases[] = {
        {"1s cancel", true},
        {"1.5s cancel", true},
        {"active pause; 2s resume", true},
        {"10% speed 0", true},
        {"1s kill source;", true},
        {"1s", false},
        {"cancel", false},
        {"1s explode", false},
        {"1s cancel now", false},
        {"1s kill", false},
        {"1s kill guest", false},
        {"1s speed", false},
        {"1s speed fast", false},
        {"1 cancel", false},
        {"1h cancel", false},
        {"1s downtime soon", false},
        {"2syncs postcopy", true},
        {"1sync cut", true},
        {"postcopy-active+200ms kill destination", true},
        {"+1s cut", true},
        {"50%+1s cut", true},
        {"2syncs cut now", false},
        {"+50% cut", false},
        {"+ cut", false},
        {"1s+ cut", false},
        {"1s+2 cut", false},
        {"actve cancel", false},
        {"completed cancel", false},
        {"wait-unplug freeze source", true},
        {"active+1s freeze destination", true},
        {"+1s thaw destination", true},
        {"50% freeze source", true},
        {"50% freeze destination", false},
        {"2syncs kill destination", false},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(GArray) steps = script_parse(cases[i].text, &error);
        bool is_matched = g_regex_match_simple(SCRIPT_PATTERN, cases[i].text, 0, 0);

        cr_expect_eq(steps != NULL, cases[i].is_right, "parsed: %s", cases[i].text);
        cr_expect_eq(is_matched, cases[i].is_right, "matched: %s", cases[i].text);
        cr_expect(steps != NULL || g_error_matches(error, CFG_ERROR, CFG_ERROR_PARAM_VALUE));
    }
}

Test(script, knows_which_step_of_its_end_is_due)
{
    g_autoptr(GArray) steps = script_parse("1s kill destination; 2s cancel", NULL);
    struct script_run source = {.steps = steps};
    struct script_run destination = {.steps = steps, .at_destination = true};
    struct script_run none = {0};

    cr_expect_str_eq(script_due(&source), "2s cancel");
    cr_expect_str_eq(script_due(&destination), "1s kill destination");
    destination.next++;
    cr_expect_null(script_due(&destination));
    cr_expect_null(script_due(&none));
}
