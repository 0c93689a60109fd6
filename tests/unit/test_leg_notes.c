#include "orchestrator/leg_notes.h"

#include <criterion/criterion.h>

static struct leg_result *add(struct test_result *result, const char *vm, const char *status,
                              const char *why)
{
    struct leg_result *leg = leg_result_new();
    leg->vm = g_strdup(vm);
    leg->status = g_strdup(status);
    leg->not_checked = g_strdup(why);
    g_ptr_array_add(result->legs, leg);
    return leg;
}

static void add_notes(struct test_result *result)
{
    g_autoptr(leg_notes) notes = leg_notes_new();
    for (unsigned i = 0; i < result->legs->len; i++)
        leg_notes_take(notes, g_ptr_array_index(result->legs, i));
    leg_notes_add(notes, result);
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
    add_notes(result);
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
    add_notes(result);
    cr_expect_eq(result->notes->len, 0);
}

Test(leg_notes, a_long_setup_is_told_as_what_no_downtime_contains)
{
    g_autoptr(test_result) result = test_result_new(1, "t", "t");
    add(result, "vm1", "completed", NULL)->setup_ms = 999.9;
    add(result, "vm1", "failed", NULL)->setup_ms = 8400;
    add(result, "vm1", "completed", NULL)->setup_ms = 1000;
    add(result, "vm2", "completed", NULL)->setup_ms = 12;
    add_notes(result);
    cr_assert_eq(result->notes->len, 1);
    cr_expect_str_eq(
        result->notes->pdata[0],
        "setup of vm1 took up to 8,400 ms (1 s and more in 2 of 3 legs): the guest may "
        "stand still meanwhile, and no downtime contains it");
}

static void run_on(struct test_result *result, const char *vm, const char *accelerator)
{
    json_object_set_new(result->platform, vm, json_pack("{s:s}", "accelerator", accelerator));
}

Test(leg_notes, hundreds_of_syncs_under_tcg_are_doubted_whether_or_not_a_page_was_lost)
{
    g_autoptr(test_result) result = test_result_new(1, "t", "t");
    run_on(result, "vm1", "tcg");
    run_on(result, "vm2", "kvm");
    run_on(result, "vm3", "tcg");
    add(result, "vm1", "completed", NULL)->dirty_syncs = 95;
    add(result, "vm1", "completed", NULL)->dirty_syncs = 386;
    add(result, "vm1", "completed", NULL)->dirty_syncs = 94;
    add(result, "vm2", "completed", NULL)->dirty_syncs = 400;
    add(result, "vm3", "completed", NULL)->dirty_syncs = 94;
    add(result, "vm4", "completed", NULL)->dirty_syncs = 400;
    add_notes(result);
    cr_assert_eq(result->notes->len, 1, "of vm2, vm3 and vm4 there is nothing to say");
    cr_expect_str_eq(
        result->notes->pdata[0],
        "TCG, 386 syncs: vm1 had 95 dirty syncs and more in 2 of 3 legs; QEMU under TCG "
        "was seen to lose single pages in legs of so many, whatever the options");
}

Test(leg_notes, reasons_that_differ_from_leg_to_leg_are_not_all_told)
{
    g_autoptr(test_result) result = test_result_new(1, "t", "t");
    for (unsigned i = 0; i < 10000; i++) {
        g_autofree char *why = g_strdup_printf("%u pages were sent again", i);
        add(result, "vm1", "completed", why);
    }
    add_notes(result);
    cr_assert_eq(result->notes->len, LEG_NOTES_REASONS + 1);
    cr_expect_str_eq(result->notes->pdata[LEG_NOTES_REASONS],
                     "memory of vm1 not checked in 9980 of 10000 legs: for other reasons");
}
