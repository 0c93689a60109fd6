#include "migration/move/memory_check.h"

#include "migration/guest/rounds.h"
#include "proto/leg_words.h"

#include <math.h>

#define VERIFY_MS 120000

int64_t memory_check_needed(int64_t set_pages)
{
    return MAX((int64_t)ceil((double)set_pages * MEMORY_CHECK_MIN_SHARE), MEMORY_CHECK_MIN_PAGES);
}

Vtmh__MemoryCheck memory_check_judge(const struct memory_evidence *evidence, const char **why_not)
{
    *why_not = NULL;
    if (evidence->bad > 0)
        return VTMH__MEMORY_CHECK__MEMORY_CORRUPT;
    if (evidence->left_alone != NULL)
        *why_not = evidence->left_alone;
    else if (evidence->pages == 0 || evidence->set_pages <= 0)
        *why_not = "the guest has no memory that it writes and checks (load, dirty_mem)";
    else if (evidence->offline)
        *why_not = "the guest was stopped during the move (mig_offline) and wrote nothing";
    else if (evidence->rounds == 0)
        *why_not = "the guest had not written all of dirty_mem before the move (dirty_rate, "
                   "dirty_rounds)";
    else if (evidence->sent_again < 0)
        *why_not = "the hypervisor does not say how many pages it sent more than once";
    else if (evidence->sent_again < memory_check_needed(evidence->set_pages))
        *why_not = "too few pages were sent more than once (5 % of dirty_mem and 64 pages at "
                   "least): give the guest more to write, or the move less bandwidth";
    return *why_not == NULL ? VTMH__MEMORY_CHECK__MEMORY_CLEAN
                            : VTMH__MEMORY_CHECK__MEMORY_NOT_CHECKED;
}

static int fail(const struct seat *seat, const struct memory_evidence *evidence,
                int64_t dirty_syncs, GError **err)
{
    bool is_tcg = seat->platform != NULL && !seat->platform->kvm;
    g_set_error(err, VM_ERROR, VM_ERROR_GUEST,
                "memory check: %" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT
                " pages of the guest are not what the guest wrote (%s%" G_GINT64_FORMAT
                " dirty syncs%s)",
                evidence->bad, evidence->pages, is_tcg ? "TCG, " : "", dirty_syncs,
                is_tcg && dirty_syncs >= LEG_TCG_MANY_SYNCS ? ": " LEG_TCG_DOUBT : "");
    return -1;
}

/* The guest reads all that it wrote. */
static int read_all(struct seat *seat, struct memory_evidence *evidence, GError **err)
{
    SEAT_DOING(seat, BLAME_PRODUCT, "checking the memory");
    if (guest_set_pages(seat->params, &evidence->set_pages, err) < 0)
        return -1;
    evidence->left_alone = guest_why_alone(seat->guest);
    if (evidence->left_alone != NULL)
        return 0;
    return guest_verify(seat->guest, deadline_in(seat_patience_ms(seat, VERIFY_MS)),
                        &evidence->pages, &evidence->bad, err);
}

int memory_check_stayed(struct seat *seat, Vtmh__Migration *leg, GError **err)
{
    struct memory_evidence evidence = {0};
    if (read_all(seat, &evidence, err) < 0)
        return -1;
    leg->bad_pages = evidence.bad;
    if (evidence.bad > 0) {
        leg->memory_check = VTMH__MEMORY_CHECK__MEMORY_CORRUPT;
        return fail(seat, &evidence, leg->dirty_syncs, err);
    }
    leg->not_checked = g_strdup("the guest stayed on its source");
    return 0;
}

int memory_check(struct seat *seat, Vtmh__Migration *leg, int64_t dirty_syncs, int64_t sent_again,
                 GError **err)
{
    struct memory_evidence evidence = {
        .rounds = guest_rounds(seat->guest),
        .sent_again = sent_again,
        .offline = seat->request.offline,
    };
    const char *why_not;
    if (read_all(seat, &evidence, err) < 0)
        return -1;
    leg->set_pages = evidence.set_pages;
    leg->bad_pages = evidence.bad;
    leg->memory_check = memory_check_judge(&evidence, &why_not);
    if (leg->memory_check == VTMH__MEMORY_CHECK__MEMORY_CORRUPT)
        return fail(seat, &evidence, dirty_syncs, err);
    if (why_not != NULL)
        leg->not_checked = g_strdup(why_not);
    if (dirty_syncs < seat->request.min_dirty_syncs)
        test_warn(seat->test,
                  "leg %u of %s had %" G_GINT64_FORMAT " dirty sync%s, at least %" G_GINT64_FORMAT
                  " are asked for (min_dirty_syncs): give the guest more to write or the move less"
                  " bandwidth",
                  leg->leg, seat->name, dirty_syncs, dirty_syncs == 1 ? "" : "s",
                  seat->request.min_dirty_syncs);
    return 0;
}
