/* What an error means for a test: its status, by its kind or by what it was made under. */
#include "migration/test.h"
#include "migration/evidence.h"

#include "tests/unit/fiber_checks.h"

#include <criterion/criterion.h>
#include <string.h>

static const char *const names[] = {"host1", "host2"};
static const struct test two_hosts = {.n_hosts = 2, .names = names};

/* A status that an error has when it is made while a leg runs, and when it is made before. */
static void expect(GQuark domain, int code, Vtmh__Status in_a_leg, Vtmh__Status before)
{
    for (unsigned moves = 0; moves < 2; moves++) {
        DOING(moves ? BLAME_PRODUCT : BLAME_TESTBED, "something");
        g_autoptr(GError) error = g_error_new_literal(domain, code, "it failed");
        check(test_status_of(error) == (moves ? in_a_leg : before));
    }
}

static int statuses(void *arg, GError **err)
{
    (void)arg, (void)err;
    expect(VM_ERROR, VM_ERROR_COMMAND, VTMH__STATUS__STATUS_FAIL, VTMH__STATUS__STATUS_ERROR);
    expect(SYNC_ERROR, SYNC_ERROR_TIMEOUT, VTMH__STATUS__STATUS_FAIL, VTMH__STATUS__STATUS_ERROR);
    expect(VM_ERROR, VM_ERROR_UNREACHABLE, VTMH__STATUS__STATUS_ERROR, VTMH__STATUS__STATUS_ERROR);
    expect(CFG_ERROR, CFG_ERROR_PARAM_VALUE, VTMH__STATUS__STATUS_ERROR,
           VTMH__STATUS__STATUS_ERROR);
    expect(VM_ERROR, VM_ERROR_UNSUPPORTED, VTMH__STATUS__STATUS_SKIP, VTMH__STATUS__STATUS_SKIP);
    expect(SYNC_ERROR, SYNC_ERROR_CANCELLED, VTMH__STATUS__STATUS_ABORTED,
           VTMH__STATUS__STATUS_ABORTED);
    return 0;
}

Test(test, a_failure_is_the_products_under_a_leg_and_the_testbeds_elsewhere_unless_its_kind_decides)
{
    expect_run(statuses, NULL);
}

static int unwinding(void *arg, GError **err)
{
    g_autoptr(GError) error = NULL;
    (void)arg, (void)err;
    {
        DOING_PART(BLAME_PRODUCT, "leg 1");
        DOING_WITH("vm1");
        {
            DOING(BLAME_TESTBED, "booting");
            g_set_error_literal(&error, VM_ERROR, VM_ERROR_START, "no QEMU");
        }
        {
            DOING(BLAME_PRODUCT, "cleaning up");
        }
    }
    g_auto(test_cause_t) cause = {0};
    test_cause_of(&two_hosts, error, &cause);
    check(cause.status == VTMH__STATUS__STATUS_ERROR);
    check(g_strcmp0(cause.doing, "leg 1 / vm1 on host1 / booting") == 0);
    check(strcmp(cause.message, "no QEMU") == 0);
    return 0;
}

Test(test, an_error_keeps_what_was_being_done_when_it_was_made)
{
    expect_run(unwinding, NULL);
}

Test(test, a_cause_says_on_what_it_rests_when_it_was_and_whose_it_is)
{
    g_autoptr(GError) error = g_error_new_literal(VM_ERROR, VM_ERROR_GUEST, "panicked");
    evidence_set(error, VTMH__EVIDENCE__EVIDENCE_GUEST, 77);
    evidence_set_about(error, 1);
    g_autoptr(GError) copy = g_error_copy(error);
    g_auto(test_cause_t) cause = {0};
    test_cause_of(&two_hosts, copy, &cause);
    cr_expect_eq(cause.evidence, VTMH__EVIDENCE__EVIDENCE_GUEST);
    cr_expect_eq(cause.at_us, 77);
    cr_expect_str_eq(cause.about, "host2");
}

Test(test, a_silent_host_is_a_symptom_by_itself_and_all_else_is_not)
{
    g_autoptr(GError) silent = g_error_new_literal(VM_ERROR, VM_ERROR_UNREACHABLE, "silent");
    g_autoptr(GError) refused = g_error_new_literal(VM_ERROR, VM_ERROR_COMMAND, "refused");
    g_autoptr(GError) full = g_error_new_literal(SYNC_ERROR, SYNC_ERROR_SYSTEM, "full");
    cr_expect_eq(evidence_of(silent), VTMH__EVIDENCE__EVIDENCE_PEER);
    cr_expect_eq(evidence_of(refused), VTMH__EVIDENCE__EVIDENCE_SELF);
    cr_expect_eq(evidence_of(full), VTMH__EVIDENCE__EVIDENCE_SELF);
}
