#include "migration/move/memory_check.h"

#include <criterion/criterion.h>

/* What memory_check() itself needs of guests and fibers is tried with real ones; here only the
 * rule. */
int guest_verify(struct guest *guest, int64_t deadline, uint64_t *pages_out, uint64_t *bad_out,
                 GError **err)
{
    const uint64_t *answer = (const uint64_t *)guest;
    (void)deadline;
    (void)err;
    *pages_out = answer[0];
    *bad_out = answer[1];
    return 0;
}

static void ignore_context(void *node, const char *text)
{
    (void)node;
    (void)text;
}

struct checked {
    struct seat *seat;
    Vtmh__Migration *leg;
    int64_t syncs;
};

static int run_check(void *arg, GError **err)
{
    const struct checked *checked = arg;
    return memory_check(checked->seat, checked->leg, checked->syncs, err);
}

/* Runs the check over a guest that answers with these numbers. Returns its error, transfer full. */
static GError *check(uint64_t pages, uint64_t bad, int64_t syncs, int64_t wanted, struct test *test,
                     Vtmh__Migration *leg)
{
    static const struct host_ops ops = {.context = ignore_context};
    static const struct host host = {.ops = &ops};
    uint64_t answer[] = {pages, bad};
    struct seat seat = {.test = test, .name = (char *)"vm1", .guest = (struct guest *)answer};
    struct checked checked = {&seat, leg, syncs};
    GError *error = NULL;
    test->host = &host;
    seat.request.min_dirty_syncs = wanted;
    vtmh__migration__init(leg);
    fiber_run(run_check, &checked, &error);
    return error;
}

Test(memory_check, three_syncs_and_no_bad_page_are_clean)
{
    cr_assert_eq(memory_check_judge(4096, 0, 3), VTMH__MEMORY_CHECK__MEMORY_CLEAN);
}

Test(memory_check, two_syncs_prove_nothing)
{
    cr_assert_eq(memory_check_judge(4096, 0, 2), VTMH__MEMORY_CHECK__MEMORY_NOT_CHECKED);
    cr_assert_eq(memory_check_judge(4096, 0, -1), VTMH__MEMORY_CHECK__MEMORY_NOT_CHECKED);
}

Test(memory_check, no_pages_read_prove_nothing)
{
    cr_assert_eq(memory_check_judge(0, 0, 9), VTMH__MEMORY_CHECK__MEMORY_NOT_CHECKED);
}

Test(memory_check, a_bad_page_is_corrupt_however_few_the_syncs)
{
    cr_assert_eq(memory_check_judge(4096, 1, 0), VTMH__MEMORY_CHECK__MEMORY_CORRUPT);
}

Test(memory_check, a_bad_page_fails_the_leg_and_is_counted)
{
    struct test test = {0};
    Vtmh__Migration leg;
    g_autoptr(GError) error = check(4096, 17, 5, 0, &test, &leg);
    cr_assert(g_error_matches(error, VM_ERROR, VM_ERROR_GUEST));
    cr_assert_eq(leg.memory_check, VTMH__MEMORY_CHECK__MEMORY_CORRUPT);
    cr_assert_eq(leg.bad_pages, 17);
}

Test(memory_check, too_few_syncs_warn_where_proof_is_asked_for)
{
    struct test test = {0};
    Vtmh__Migration leg;
    g_autoptr(GError) error = check(4096, 0, 2, 3, &test, &leg);
    cr_assert_null(error);
    cr_assert_not_null(test.warning);
    cr_assert_eq(leg.memory_check, VTMH__MEMORY_CHECK__MEMORY_NOT_CHECKED);
    g_free(test.warning);
}

Test(memory_check, too_few_syncs_are_no_warning_where_nobody_asks)
{
    struct test test = {0};
    Vtmh__Migration leg;
    g_autoptr(GError) error = check(4096, 0, 2, 0, &test, &leg);
    cr_assert_null(error);
    cr_assert_null(test.warning);
}
