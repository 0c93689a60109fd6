#include "migration/scenario/process/keep_judge.h"

#include <glib.h>

/* Why it cannot be what the test wants; NULL: it can. Transfer full. */
static char *why_not(const struct keep_facts *facts)
{
    if (facts->is_unwanted)
        return g_strdup("the test wants a new one (kill_vm_before_test, force_remove_vm)");
    if (!facts->is_of_env)
        return g_strdup("it belongs to another environment (env)");
    if (facts->pauses)
        return g_strdup("it is to move while it boots (paused_after_start_vm)");
    if (facts->is_checked && facts->machine != NULL)
        return g_strdup_printf("its machine would be another: %s", facts->machine);
    if (facts->works != NULL)
        return g_strdup_printf("something else would work in its guest: %s", facts->works);
    return NULL;
}

enum keep_deed keep_judge(const struct keep_facts *facts, char **why_out)
{
    *why_out = NULL;
    if (facts->ended != NULL)
        *why_out = g_strdup_printf("it has ended by itself: %s", facts->ended);
    else if (facts->is_spoiled)
        *why_out = g_strdup("the test that kept it has failed");
    else if (facts->in_use != NULL)
        *why_out =
            g_strdup_printf("it has %s open, which this test makes or writes to", facts->in_use);
    else if (facts->is_listed)
        *why_out = why_not(facts);
    else if (facts->is_of_env && !facts->keeps_others)
        *why_out = g_strdup("the test does not name it in vms");
    if (*why_out != NULL)
        return KEEP_END;
    return facts->is_listed ? KEEP_REUSE : KEEP_LEAVE;
}

unsigned keep_choose(const bool *can, unsigned n)
{
    unsigned i = 0;
    while (i < n && !can[i])
        i++;
    return i;
}
