#include "orchestrator/hold.h"

void hold_init(struct hold *hold)
{
    *hold = (struct hold){
        .passed = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
        .at = g_ptr_array_new_with_free_func(g_free),
    };
}

void hold_clear(struct hold *hold)
{
    g_hash_table_unref(hold->passed);
    g_ptr_array_unref(hold->at);
}

void hold_begin_test(struct hold *hold, bool holds)
{
    g_hash_table_remove_all(hold->passed);
    g_ptr_array_set_size(hold->at, 0);
    hold->is_over = !holds;
}

bool hold_is_on(const struct hold *hold)
{
    return hold->at->len > 0;
}

int64_t hold_time_ms(const struct hold *hold, int64_t now_ms)
{
    return (hold_is_on(hold) ? hold->since_ms : now_ms) - hold->stood_still_ms;
}

bool hold_take(struct hold *hold, const char *at, int64_t now_ms)
{
    if (hold->is_over || g_hash_table_contains(hold->passed, at))
        return false;
    if (!hold_is_on(hold))
        hold->since_ms = now_ms;
    if (!g_ptr_array_find_with_equal_func(hold->at, at, g_str_equal, NULL))
        g_ptr_array_add(hold->at, g_strdup(at));
    return true;
}

GPtrArray *hold_go_on(struct hold *hold, bool forever, int64_t now_ms, int64_t *stood_ms)
{
    hold->is_over |= forever;
    if (!hold_is_on(hold))
        return NULL;
    *stood_ms = now_ms - hold->since_ms;
    hold->stood_still_ms += *stood_ms;
    GPtrArray *points = g_steal_pointer(&hold->at);
    hold->at = g_ptr_array_new_with_free_func(g_free);
    for (unsigned i = 0; i < points->len; i++)
        g_hash_table_add(hold->passed, g_strdup(g_ptr_array_index(points, i)));
    return points;
}
