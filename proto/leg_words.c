#include "proto/leg_words.h"

#include <glib.h>

static const char *const ends[] = {
    [VTMH__LEG_END__LEG_UNKNOWN] = "unknown",     [VTMH__LEG_END__LEG_COMPLETED] = "completed",
    [VTMH__LEG_END__LEG_CANCELLED] = "cancelled", [VTMH__LEG_END__LEG_REFUSED] = "refused",
    [VTMH__LEG_END__LEG_FAILED] = "failed",       [VTMH__LEG_END__LEG_UNCERTAIN] = "uncertain",
};

static const char *const survivors[] = {
    [VTMH__SURVIVOR__SURVIVOR_NONE] = "none",
    [VTMH__SURVIVOR__SURVIVOR_SOURCE] = "source",
    [VTMH__SURVIVOR__SURVIVOR_DESTINATION] = "destination",
    [VTMH__SURVIVOR__SURVIVOR_UNCERTAIN] = "uncertain",
};

static const char *const memory_checks[] = {
    [VTMH__MEMORY_CHECK__MEMORY_NOT_CHECKED] = "not_checked",
    [VTMH__MEMORY_CHECK__MEMORY_CLEAN] = "clean",
    [VTMH__MEMORY_CHECK__MEMORY_CORRUPT] = "corrupt",
};

/* -1: it is none of them. */
static int find(const char *const *words, size_t n, const char *word)
{
    for (size_t i = 0; i < n; i++)
        if (g_strcmp0(words[i], word) == 0)
            return (int)i;
    return -1;
}

const char *leg_end_word(unsigned end)
{
    return end < G_N_ELEMENTS(ends) ? ends[end] : NULL;
}

bool leg_end_of_word(const char *word, Vtmh__LegEnd *end_out)
{
    int found = find(ends, G_N_ELEMENTS(ends), word);

    if (found >= 0)
        *end_out = (Vtmh__LegEnd)found;
    return found >= 0;
}

const char *memory_check_word(unsigned check)
{
    return check < G_N_ELEMENTS(memory_checks) ? memory_checks[check] : NULL;
}

const char *leg_survivor_word(unsigned survivor)
{
    return survivor < G_N_ELEMENTS(survivors) ? survivors[survivor] : NULL;
}

bool leg_survivor_of_word(const char *word, Vtmh__Survivor *survivor_out)
{
    int found = find(survivors, G_N_ELEMENTS(survivors), word);

    if (found >= 0)
        *survivor_out = (Vtmh__Survivor)found;
    return found >= 0;
}

Vtmh__Survivor leg_usual_survivor(Vtmh__LegEnd end)
{
    switch (end) {
    case VTMH__LEG_END__LEG_COMPLETED:
        return VTMH__SURVIVOR__SURVIVOR_DESTINATION;
    case VTMH__LEG_END__LEG_UNCERTAIN:
        return VTMH__SURVIVOR__SURVIVOR_UNCERTAIN;
    default:
        return VTMH__SURVIVOR__SURVIVOR_SOURCE;
    }
}

bool leg_survivor_is_planned(unsigned planned, Vtmh__LegEnd end, Vtmh__Survivor survivor)
{
    return planned != 0 ? (planned & 1U << survivor) != 0 : survivor == leg_usual_survivor(end);
}
