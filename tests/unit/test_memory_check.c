#include "migration/move/memory_check.h"

#include "migration/guest/rounds.h"

#include <criterion/criterion.h>
#include <string.h>

/* What memory_check() itself needs of guests and fibers is tried with real ones; here only the
 * rule. */
struct answer {
    uint64_t pages, bad;
    uint32_t rounds;
    const char *left_alone;
};

int guest_verify(struct guest *guest, int64_t deadline, uint64_t *pages_out, uint64_t *bad_out,
                 GError **err)
{
    const struct answer *answer = (const struct answer *)guest;
    (void)deadline;
    (void)err;
    *pages_out = answer->pages;
    *bad_out = answer->bad;
    return 0;
}

const char *guest_why_alone(const struct guest *guest)
{
    return ((const struct answer *)guest)->left_alone;
}

uint32_t guest_rounds(const struct guest *guest)
{
    return ((const struct answer *)guest)->rounds;
}

int guest_set_pages(const struct params *params, int64_t *pages_out, GError **err)
{
    (void)params;
    (void)err;
    *pages_out = 4096;
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
    return memory_check(checked->seat, checked->leg, checked->syncs, 1000, err);
}

static bool is_kvm;

/* Runs the check over a guest that answers so. Returns its error, transfer full. */
static GError *check(struct answer answer, int64_t syncs, int64_t wanted, struct test *test,
                     Vtmh__Migration *leg)
{
    static const struct host_ops ops = {.context = ignore_context};
    static const struct host host = {.ops = &ops};
    struct seat seat = {.test = test, .name = (char *)"vm1", .guest = (struct guest *)&answer};
    struct checked checked = {&seat, leg, syncs};
    struct vm_platform platform = {.kvm = is_kvm};
    GError *error = NULL;
    seat.platform = &platform;
    test->host = &host;
    seat.request.min_dirty_syncs = wanted;
    vtmh__migration__init(leg);
    fiber_run(run_check, &checked, &error);
    return error;
}

/* A leg that proves something; what a test makes of it proves nothing. */
static const struct memory_evidence proof = {
    .pages = 4096, .set_pages = 4096, .rounds = 1, .sent_again = 205};

static void expect_unchecked(struct memory_evidence evidence, const char *why)
{
    const char *why_not;
    cr_expect_eq(memory_check_judge(&evidence, &why_not), VTMH__MEMORY_CHECK__MEMORY_NOT_CHECKED,
                 "%s", why);
    cr_assert_not_null(why_not);
    cr_expect(strstr(why_not, why) != NULL, "'%s' does not speak of '%s'", why_not, why);
}

Test(memory_check, pages_sent_again_and_no_bad_one_are_clean)
{
    const char *why_not;
    cr_expect_eq(memory_check_judge(&proof, &why_not), VTMH__MEMORY_CHECK__MEMORY_CLEAN);
    cr_expect_null(why_not);
}

Test(memory_check, five_percent_of_the_set_are_needed)
{
    struct memory_evidence evidence = proof;
    evidence.sent_again = 204;
    expect_unchecked(evidence, "too few pages");
    cr_expect_eq(memory_check_needed(4096), 205);
}

Test(memory_check, sixty_four_pages_are_needed_of_the_smallest_set)
{
    struct memory_evidence evidence = proof;
    const char *why_not;
    evidence.pages = evidence.set_pages = 64;
    evidence.sent_again = 63;
    expect_unchecked(evidence, "too few pages");
    evidence.sent_again = 64;
    cr_expect_eq(memory_check_judge(&evidence, &why_not), VTMH__MEMORY_CHECK__MEMORY_CLEAN);
}

Test(memory_check, a_count_that_is_not_known_proves_nothing)
{
    struct memory_evidence evidence = proof;
    evidence.sent_again = -1;
    expect_unchecked(evidence, "does not say");
}

Test(memory_check, a_set_that_was_not_written_before_the_leg_proves_nothing)
{
    struct memory_evidence evidence = proof;
    evidence.rounds = 0;
    expect_unchecked(evidence, "dirty_rounds");
}

Test(memory_check, a_guest_that_was_stopped_proves_nothing_whatever_was_sent)
{
    struct memory_evidence evidence = proof;
    evidence.offline = true;
    expect_unchecked(evidence, "mig_offline");
}

Test(memory_check, no_pages_read_prove_nothing)
{
    struct memory_evidence evidence = proof;
    evidence.pages = 0;
    expect_unchecked(evidence, "dirty_mem");
}

Test(memory_check, a_bad_page_is_corrupt_whatever_else)
{
    const struct memory_evidence evidence = {.pages = 4096, .bad = 1, .sent_again = -1};
    const char *why_not;
    cr_expect_eq(memory_check_judge(&evidence, &why_not), VTMH__MEMORY_CHECK__MEMORY_CORRUPT);
    cr_expect_null(why_not);
}

Test(memory_check, a_bad_page_fails_the_leg_and_is_counted)
{
    struct test test = {0};
    Vtmh__Migration leg;
    g_autoptr(GError) error = check((struct answer){4096, 17, 1, NULL}, 5, 0, &test, &leg);
    cr_assert(g_error_matches(error, VM_ERROR, VM_ERROR_GUEST));
    cr_assert_eq(leg.memory_check, VTMH__MEMORY_CHECK__MEMORY_CORRUPT);
    cr_assert_eq(leg.bad_pages, 17);
}

Test(memory_check, the_record_says_why_nothing_was_proven_and_of_what_set)
{
    struct test test = {0};
    Vtmh__Migration leg;
    g_autoptr(GError) error = check((struct answer){4096, 0, 0, NULL}, 5, 0, &test, &leg);
    cr_assert_null(error);
    cr_expect_eq(leg.memory_check, VTMH__MEMORY_CHECK__MEMORY_NOT_CHECKED);
    cr_expect_neq(*leg.not_checked, '\0');
    cr_expect_eq(leg.set_pages, 4096);
    g_free(leg.not_checked);
}

Test(memory_check, a_guest_that_nobody_may_ask_is_not_asked_and_the_record_says_so)
{
    struct test test = {0};
    Vtmh__Migration leg;
    g_autoptr(GError) error =
        check((struct answer){4096, 17, 1, "not_login_after_mig"}, 5, 0, &test, &leg);
    cr_assert_null(error);
    cr_expect_eq(leg.memory_check, VTMH__MEMORY_CHECK__MEMORY_NOT_CHECKED);
    cr_expect(strstr(leg.not_checked, "not_login_after_mig") != NULL, "%s", leg.not_checked);
    g_free(leg.not_checked);
}

Test(memory_check, too_few_syncs_warn_where_proof_is_asked_for)
{
    struct test test = {0};
    Vtmh__Migration leg;
    g_autoptr(GError) error = check((struct answer){4096, 0, 1, NULL}, 2, 3, &test, &leg);
    cr_assert_null(error);
    cr_assert_not_null(test.warning);
    g_free(test.warning);
}

Test(memory_check, too_few_syncs_are_no_warning_where_nobody_asks)
{
    struct test test = {0};
    Vtmh__Migration leg;
    g_autoptr(GError) error = check((struct answer){4096, 0, 1, NULL}, 2, 0, &test, &leg);
    cr_assert_null(error);
    cr_assert_null(test.warning);
}

Test(memory_check, a_page_lost_under_tcg_after_many_syncs_fails_and_its_cause_says_so)
{
    static const struct {
        bool is_kvm;
        int64_t syncs;
        bool is_doubted;
    } cases[] = {{false, 95, true}, {false, 94, false}, {true, 400, false}};
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        Vtmh__Migration leg;
        struct test test = {0};
        is_kvm = cases[i].is_kvm;
        g_autoptr(GError) error =
            check((struct answer){4096, 1, 1, NULL}, cases[i].syncs, 0, &test, &leg);
        cr_assert(g_error_matches(error, VM_ERROR, VM_ERROR_GUEST));
        cr_expect_eq(leg.memory_check, VTMH__MEMORY_CHECK__MEMORY_CORRUPT);
        cr_expect_eq(strstr(error->message, "was seen to lose single pages") != NULL,
                     cases[i].is_doubted, "%s", error->message);
        cr_expect_eq(strstr(error->message, "(TCG, ") != NULL, !is_kvm, "%s", error->message);
    }
}
