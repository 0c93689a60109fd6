#include "migration/move/own_end.h"

#include "migration/evidence.h"

#define WORD_MS 2000 /* for a hypervisor whose stream has broken to say why and end */

/* How the guest or its hypervisor ended here; NULL if it has not. Transfer full. */
static GError *end_here(const struct seat *seat)
{
    bool guest_ended = vm_act(seat->vm) != VM_ACT_NONE;
    return guest_ended || event_is_set(vm_exited(seat->vm)) ? guest_end(seat->guest) : NULL;
}

/* Why the destination does not receive; NULL if it has nothing to say, as before it has begun to.
 * Transfer full. */
static GError *refusal_here(const struct handover *h)
{
    g_autoptr(GError) error = NULL;
    if ((h->step != HANDOVER_MOVING && !vm_is_postcopy(h->seat->vm)) ||
        *vm_move_status(h->seat->vm) == '\0' ||
        vm_await_migrated(h->seat->vm, deadline_in(WORD_MS), &error) == 0)
        return NULL;
    if (!g_error_matches(error, SYNC_ERROR, SYNC_ERROR_TIMEOUT))
        return g_steal_pointer(&error);
    g_clear_error(&error);
    if (vm_check_not_stopped(h->seat->vm, &error) < 0)
        return g_steal_pointer(&error);
    /* One that refuses the other's credentials says so only there, and waits on. */
    g_autofree char *words = vm_own_words(h->seat->vm);
    return words == NULL ? NULL
                         : g_error_new(VM_ERROR, VM_ERROR_MIGRATION, "QEMU of %s on %s: %s",
                                       h->seat->name, h->seat->test->host->name, words);
}

void own_end_look(struct handover *h, GError **cause)
{
    const struct seat *seat = h->seat;
    bool was_told = g_error_matches(*cause, SYNC_ERROR, SYNC_ERROR_CANCELLED);
    if (seat->vm == NULL || seat->guest == NULL ||
        (!was_told && evidence_of(*cause) >= VTMH__EVIDENCE__EVIDENCE_SELF))
        return;

    DOING_AGAIN(evidence_doing(*cause));
    GError *own = end_here(seat);
    if (own == NULL && seat->test->self == h->leg->destination)
        own = refusal_here(h);
    if (own == NULL)
        return;
    Vtmh__Evidence evidence = evidence_of(own);
    if (was_told && evidence == VTMH__EVIDENCE__EVIDENCE_SELF && own->domain == VM_ERROR)
        evidence_set(own, VTMH__EVIDENCE__EVIDENCE_AFTERWARDS, 0);
    if (evidence <= VTMH__EVIDENCE__EVIDENCE_PEER) {
        g_error_free(own);
        return;
    }
    host_log(seat->test->host, VTMH__LOG_LEVEL__LOG_INFO, NULL, seat->name, "why: %s",
             own->message);
    g_error_free(*cause);
    *cause = own;
}
