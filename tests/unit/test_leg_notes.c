#include "orchestrator/leg_notes.h"

#include <criterion/criterion.h>

static void add(struct test_result *result, const char *vm, const char *status, const char *why)
{
    struct leg_result *leg = leg_result_new();
    leg->vm = g_strdup(vm);
    leg->status = g_strdup(status);
    leg->not_checked = g_strdup(why);
    g_ptr_array_add(result->legs, leg);
}

Test(leg_notes, one_note_a_vm_and_reason_says_how_many_legs)
{
    g_autoptr(test_result) result = test_result_new(1, "t", "t");
    add(result, "vm1", "completed", "too few");
    add(result, "vm1", "completed", NULL);
    add(result, "vm1", "completed", "too few");
    add(result, "vm1", "completed", "not written");
    add(result, "vm2", "completed", "too few");
    add(result, "vm1", "failed", "too few");
    leg_notes_unchecked(result);
    cr_assert_eq(result->notes->len, 3);
    cr_expect_str_eq(result->notes->pdata[0], "memory of vm1 not checked in 2 of 4 legs: too few");
    cr_expect_str_eq(result->notes->pdata[1],
                     "memory of vm1 not checked in 1 of 4 legs: not written");
    cr_expect_str_eq(result->notes->pdata[2], "memory of vm2 not checked in 1 of 1 leg: too few");
}

Test(leg_notes, what_was_checked_needs_no_note)
{
    g_autoptr(test_result) result = test_result_new(1, "t", "t");
    add(result, "vm1", "completed", NULL);
    ((struct leg_result *)result->legs->pdata[0])->memory_check = VTMH__MEMORY_CHECK__MEMORY_CLEAN;
    leg_notes_unchecked(result);
    cr_expect_eq(result->notes->len, 0);
}
