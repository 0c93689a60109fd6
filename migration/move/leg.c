#include "migration/move/leg.h"

uint64_t leg_scope(const struct leg_plan *plan)
{
    return (uint64_t)plan->number << 32 | (uint64_t)(plan->attempt & 0xff) << 24 |
           (plan->vm & 0xffff);
}

uint64_t leg_stream_scope(const struct leg_plan *plan, unsigned stream)
{
    return leg_scope(plan) | (uint64_t)(stream & 0xff) << 16;
}

bool leg_may_fail(const struct leg_plan *plan)
{
    return (plan->expected_ends & ~LEG_BIT(VTMH__LEG_END__LEG_COMPLETED)) != 0;
}

/* Each end knows its own copy; of the other's it only knows what it was told. */
static Vtmh__Survivor survivor_of(const struct leg_view *source, const struct leg_view *destination)
{
    if (source->survivor == VTMH__SURVIVOR__SURVIVOR_UNCERTAIN ||
        destination->survivor == VTMH__SURVIVOR__SURVIVOR_UNCERTAIN)
        return VTMH__SURVIVOR__SURVIVOR_UNCERTAIN;
    if (source->survivor == VTMH__SURVIVOR__SURVIVOR_SOURCE)
        return destination->survivor == VTMH__SURVIVOR__SURVIVOR_DESTINATION
                   ? VTMH__SURVIVOR__SURVIVOR_UNCERTAIN /* two copies */
                   : VTMH__SURVIVOR__SURVIVOR_SOURCE;
    return destination->survivor;
}

struct leg_outcome leg_outcome_of(const struct leg_view *source, const struct leg_view *destination)
{
    struct leg_outcome outcome = {.survivor = survivor_of(source, destination)};

    if (outcome.survivor == VTMH__SURVIVOR__SURVIVOR_UNCERTAIN)
        outcome.end = VTMH__LEG_END__LEG_UNCERTAIN;
    else if (source->end == VTMH__LEG_END__LEG_COMPLETED &&
             destination->end == VTMH__LEG_END__LEG_COMPLETED)
        outcome.end = VTMH__LEG_END__LEG_COMPLETED;
    else if (source->end == VTMH__LEG_END__LEG_CANCELLED)
        outcome.end = VTMH__LEG_END__LEG_CANCELLED;
    else if (source->has_moved || destination->has_moved)
        outcome.end = VTMH__LEG_END__LEG_FAILED;
    else
        outcome.end = VTMH__LEG_END__LEG_REFUSED;
    return outcome;
}

unsigned leg_survivors(unsigned expected_ends, unsigned expected_survivors)
{
    unsigned survivors = expected_survivors;

    for (unsigned end = 0; expected_survivors == 0 && leg_end_word(end) != NULL; end++)
        if (expected_ends & LEG_BIT(end))
            survivors |= LEG_BIT(leg_usual_survivor(end));
    return survivors;
}

bool leg_is_as_planned(const struct leg_plan *plan, const struct leg_outcome *outcome)
{
    return (plan->expected_ends & LEG_BIT(outcome->end)) != 0 &&
           leg_survivor_is_planned(plan->expected_survivors, outcome->end, outcome->survivor);
}

/* word_of: of a bit's number; NULL ends them. */
static void append_words(GString *text, const char *(*word_of)(unsigned), unsigned set)
{
    const char *separator = "";

    for (unsigned i = 0; word_of(i) != NULL; i++) {
        if ((set & LEG_BIT(i)) == 0)
            continue;
        g_string_append_printf(text, "%s%s", separator, word_of(i));
        separator = " or ";
    }
}

char *leg_text(const struct leg_plan *plan, const struct leg_outcome *outcome)
{
    GString *text = g_string_new(leg_end_word(outcome->end));

    g_string_append_printf(text,
                           " (survivor: %s); planned was: ", leg_survivor_word(outcome->survivor));
    append_words(text, leg_end_word, plan->expected_ends);
    g_string_append(text, " (survivor: ");
    append_words(text, leg_survivor_word,
                 leg_survivors(plan->expected_ends, plan->expected_survivors));
    g_string_append_c(text, ')');
    return g_string_free(text, FALSE);
}

json_t *leg_view_to_json(const struct leg_view *view)
{
    return json_pack("{s:s, s:b, s:s}", "end", leg_end_word(view->end), "has_moved",
                     (int)view->has_moved, "survivor", leg_survivor_word(view->survivor));
}

bool leg_view_from_json(const json_t *json, struct leg_view *view)
{
    const json_t *has_moved = json_object_get(json, "has_moved");

    view->has_moved = json_is_true(has_moved);
    return json_is_boolean(has_moved) &&
           leg_end_of_word(json_string_value(json_object_get(json, "end")), &view->end) &&
           leg_survivor_of_word(json_string_value(json_object_get(json, "survivor")),
                                &view->survivor);
}
