/* What an error means for a test: its status, and how near to the root it is. */
#include "migration/test.h"

#include "migration/vm/platform.h"

#include <criterion/criterion.h>

static void expect(GQuark domain, int code, const char *message, enum test_phase phase,
                   Vtmh__Status status, unsigned rank)
{
    const struct test test = {.phase = phase};
    g_autoptr(GError) error = g_error_new_literal(domain, code, message);
    cr_expect_eq(test_status_of(&test, error), status, "%s: status %d", message,
                 (int)test_status_of(&test, error));
    cr_expect_eq(test_cause_rank(error), rank, "%s: rank %u", message, test_cause_rank(error));
}

Test(test, a_failure_before_the_first_leg_is_the_beds_and_after_it_the_products)
{
    expect(VM_ERROR, VM_ERROR_COMMAND, "refused", TEST_SETTING_UP, VTMH__STATUS__STATUS_ERROR, 0);
    expect(VM_ERROR, VM_ERROR_COMMAND, "refused", TEST_MOVING, VTMH__STATUS__STATUS_FAIL, 0);
}

Test(test, a_host_that_is_silent_is_the_beds_fault_at_any_time_and_may_be_a_symptom)
{
    expect(VM_ERROR, VM_ERROR_UNREACHABLE, "cut", TEST_MOVING, VTMH__STATUS__STATUS_ERROR, 1);
    expect(VM_ERROR, VM_ERROR_UNREACHABLE, "cut", TEST_SETTING_UP, VTMH__STATUS__STATUS_ERROR, 1);
}

Test(test, a_wrong_parameter_is_the_beds_fault_at_any_time)
{
    expect(CFG_ERROR, CFG_ERROR_PARAM_VALUE, "mem = x", TEST_MOVING, VTMH__STATUS__STATUS_ERROR, 0);
}

Test(test, what_cannot_be_done_is_skipped_and_an_abort_never_counts)
{
    expect(VM_ERROR, VM_ERROR_UNSUPPORTED, "no KVM", TEST_MOVING, VTMH__STATUS__STATUS_SKIP, 0);
    expect(SYNC_ERROR, SYNC_ERROR_CANCELLED, "host2: died", TEST_MOVING,
           VTMH__STATUS__STATUS_ABORTED, 0);
}

Test(test, a_broken_stream_is_a_symptom_and_a_hypervisor_that_was_killed_is_not)
{
    expect(VM_ERROR, VM_ERROR_MIGRATION, "failed", TEST_MOVING, VTMH__STATUS__STATUS_FAIL, 2);
    expect(VM_ERROR, VM_ERROR_DIED, "exit status 1", TEST_MOVING, VTMH__STATUS__STATUS_FAIL, 1);
    expect(VM_ERROR, VM_ERROR_DIED, "killed by SIGKILL", TEST_MOVING, VTMH__STATUS__STATUS_FAIL, 0);
}
