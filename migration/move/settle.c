#include "migration/move/disks.h"
#include "migration/move/own_end.h"
#include "migration/move/postcopy.h"

#include <string.h>

#define SETTLE_MS 15000 /* for the other end to end its copy and say so */
#define ANSWER_MS 3000  /* of a hypervisor whose stream flows */
#define CANCEL_MS 10000
#define ALIVE_MS 15000

/* What the destination's copy is, in the settling exchange. */
#define COPY_DEAD "dead" /* destroyed and confirmed; it never ran */
#define COPY_RAN "ran"   /* destroyed or died, but it had been started: the guest went on there */
#define COPY_RUNNING "running" /* the guest lives there */
#define COPY_WAITS                                                                                 \
    "waits" /* the guest went on there, in post-copy; the rest of it may still come */
#define COPY_UNKNOWN                                                                               \
    "unknown" /* it could not be destroyed, or may have been started before it was */

static struct test_meeting settle_meeting(const struct handover *h, char tag[80])
{
    struct test_meeting meeting = handover_meeting(h, "settle", tag);
    meeting.settle = true;
    meeting.timeout_ms = SETTLE_MS + (postcopy_is_asked_for(h) ? postcopy_patience_ms(h) : 0);
    return meeting;
}

/* Asks the destination what became of its copy. Transfer full; COPY_UNKNOWN when it does not
 * answer. */
static char *ask_destination(struct handover *h)
{
    char tag[80];
    const struct test_meeting meeting = settle_meeting(h, tag);
    g_autoptr(GPtrArray) answers = NULL;
    g_autoptr(GError) error = NULL;
    if (test_exchange(h->seat->test, &meeting, json_object(), &answers, &error) < 0) {
        host_log(h->seat->test->host, VTMH__LOG_LEVEL__LOG_WARNING, "source", h->seat->name,
                 "the destination does not say what became of its copy: %s", error->message);
        return g_strdup(COPY_UNKNOWN);
    }
    const json_t *theirs = g_ptr_array_index(answers, h->leg->destination);
    const char *copy = json_string_value(json_object_get(theirs, "copy"));
    return g_strdup(copy != NULL ? copy : COPY_UNKNOWN);
}

/*
 * Stops a stream that still flows. Afterwards the guest runs on, unless the stream had completed.
 * One that was called off may not have stopped yet: the other end sees it break before this
 * hypervisor says so, and until it has it takes no other migration.
 */
static void stop_stream(struct handover *h)
{
    /* The other end does not see that this hypervisor does not have, or never took, the stream
     * while we hold it open. */
    if (event_is_set(vm_exited(h->seat->vm)) || postcopy_lacks_stream(h->seat->vm))
        channel_break_off(h->channel);
    if (h->step != HANDOVER_MOVING || event_is_set(vm_exited(h->seat->vm)))
        return;
    bool completed = false;
    g_autoptr(GError) error = NULL;
    int cancelled = vm_migrate_cancel(h->seat->vm, &completed, deadline_in(ANSWER_MS), &error);
    /* A hypervisor that writes to an end which reads no more hears nothing until the stream ends.
     */
    if (cancelled < 0 && g_error_matches(error, SYNC_ERROR, SYNC_ERROR_TIMEOUT) &&
        h->channel != NULL) {
        g_clear_error(&error);
        channel_break_off(h->channel);
        cancelled = vm_migrate_cancel(h->seat->vm, &completed, deadline_in(CANCEL_MS), &error);
    }
    if (cancelled < 0)
        host_log(h->seat->test->host, VTMH__LOG_LEVEL__LOG_WARNING, "source", h->seat->name,
                 "cancelling: %s", error->message);
    if (!completed)
        return;
    h->was_called_off = false;
    handover_step(h, HANDOVER_COMPLETED);
}

static bool is_running(struct handover *h)
{
    g_autofree char *state = NULL;
    return vm_run_state(h->seat->vm, &state, deadline_in(CANCEL_MS), NULL) == 0 &&
           strcmp(state, "running") == 0;
}

/* One that boots has no heartbeat before it is up. */
static int await_life(const struct seat *seat, GError **err)
{
    int64_t boot_ms = seat->boots ? seat->request.login_ms : 0;
    return guest_await_beat(seat->guest, deadline_in(boot_ms + seat_patience_ms(seat, ALIVE_MS)),
                            err);
}

static void note_unanswered(const struct seat *seat)
{
    test_note(seat->test,
              "uncertain: %s did not go on on %s when it was asked to, and was not seen dead",
              seat->name, seat->test->host->name);
}

/* Continues the source's copy and sees whether the guest lives. Only a copy whose process has ended
 * is dead: one that does not answer may be slow, and may hold the guest. */
static Vtmh__Survivor continue_source(struct handover *h)
{
    struct seat *seat = h->seat;
    const struct host *host = seat->test->host;
    g_autoptr(GError) error = NULL;
    if (vm_act(seat->vm) != VM_ACT_NONE)
        return VTMH__SURVIVOR__SURVIVOR_NONE; /* by its own doing: one that resets begins anew */
    if ((!is_running(h) && vm_cont(seat->vm, deadline_in(CANCEL_MS), &error) < 0) ||
        await_life(seat, &error) < 0) {
        bool is_dead = event_is_set(vm_exited(seat->vm));
        host_log(host, VTMH__LOG_LEVEL__LOG_ERROR, "source", seat->name,
                 "the guest did not continue here: %s", error->message);
        if (is_dead)
            return VTMH__SURVIVOR__SURVIVOR_NONE;
        note_unanswered(seat);
        return VTMH__SURVIVOR__SURVIVOR_UNCERTAIN;
    }
    host_log(host, VTMH__LOG_LEVEL__LOG_INFO, "source", seat->name,
             "the guest goes on running here");
    return VTMH__SURVIVOR__SURVIVOR_SOURCE;
}

/* A guest that was stopped for post-copy and has never run over there: what we hold is all of it,
 * unless the hypervisor no longer lets it go on, since its stream has broken. */
static Vtmh__Survivor take_back(struct handover *h)
{
    struct seat *seat = h->seat;
    bool completed = false;
    g_autoptr(GError) error = NULL;
    if (vm_migrate_cancel(seat->vm, &completed, deadline_in(CANCEL_MS), &error) == 0)
        return continue_source(h);
    host_log(seat->test->host, VTMH__LOG_LEVEL__LOG_ERROR, "source", seat->name,
             "the guest cannot go on here: %s", error->message);
    if (event_is_set(vm_exited(seat->vm)) || postcopy_lacks_stream(seat->vm))
        return VTMH__SURVIVOR__SURVIVOR_NONE;
    note_unanswered(seat);
    return VTMH__SURVIVOR__SURVIVOR_UNCERTAIN;
}

/* Where the guest is, given what the destination says of its copy. */
static Vtmh__Survivor decide(struct handover *h, const char *copy)
{
    bool is_known = strcmp(copy, COPY_UNKNOWN) != 0;
    bool is_dead = strcmp(copy, COPY_DEAD) == 0;
    if (strcmp(copy, COPY_RUNNING) == 0)
        return VTMH__SURVIVOR__SURVIVOR_DESTINATION;
    /* The guest went on over there and is dead: what we hold is its past. */
    if (strcmp(copy, COPY_RAN) == 0)
        return VTMH__SURVIVOR__SURVIVOR_NONE;
    if (event_is_set(vm_exited(h->seat->vm)))
        return is_known || h->step != HANDOVER_GIVEN ? VTMH__SURVIVOR__SURVIVOR_NONE
                                                     : VTMH__SURVIVOR__SURVIVOR_UNCERTAIN;
    if (is_dead && h->has_switched)
        return take_back(h);
    if (is_dead || (!h->has_switched && is_running(h)))
        return continue_source(h);
    test_note(
        h->seat->test,
        strcmp(copy, COPY_WAITS) == 0
            ? "uncertain: %s went on in post-copy and was not continued on %s, though not all of "
              "it has come to %s"
            : "uncertain: %s was stopped on %s and not continued, since %s could not say whether "
              "it runs there",
        h->seat->name, h->seat->test->host->name, h->seat->test->names[h->leg->destination]);
    return VTMH__SURVIVOR__SURVIVOR_UNCERTAIN;
}

static void note_kept(const struct handover *h)
{
    const struct seat *seat = h->seat;
    test_note(seat->test,
              "%s: process %d, which may hold the only copy of %s, is kept until the job ends",
              seat->test->host->name, (int)vm_pid(seat->vm), seat->name);
}

void settle_source(struct handover *h, GError **cause)
{
    struct seat *seat = h->seat;
    host_log(seat->test->host, VTMH__LOG_LEVEL__LOG_INFO, "source", seat->name, "leg %u failed: %s",
             h->leg->number, (*cause)->message);
    if (h->step == HANDOVER_DONE) {
        h->record->survivor = VTMH__SURVIVOR__SURVIVOR_DESTINATION; /* seen running there */
        return;
    }
    fiber_shield();
    stop_stream(h);
    disks_give_up(h);
    own_end_look(h, cause);
    g_autofree char *copy = ask_destination(h);
    h->record->survivor = decide(h, copy);
    seat->is_uncertain = h->record->survivor == VTMH__SURVIVOR__SURVIVOR_UNCERTAIN &&
                         !event_is_set(vm_exited(seat->vm));
    if (seat->is_uncertain)
        note_kept(h);
    fiber_unshield();
}

static const char *look_at_running_copy(const struct handover *h)
{
    switch (postcopy_await_rest(h)) {
    case POSTCOPY_WHOLE:
        return COPY_RUNNING;
    case POSTCOPY_WAITS:
        return COPY_WAITS;
    case POSTCOPY_LOST:
        break;
    }
    return COPY_RAN;
}

/*
 * What the copy here is before it is ended. A cont that was not answered in time may have been done
 * since: the next answer tells, as they come in order.
 */
static const char *look_at_own_copy(struct handover *h)
{
    struct vm *vm = h->seat->vm;
    if (vm == NULL)
        return COPY_DEAD;
    bool is_told = true;
    if (h->step == HANDOVER_OWNED && vm_resumed_at_us(vm) == 0) {
        g_autofree char *state = NULL;
        is_told = vm_run_state(vm, &state, deadline_in(CANCEL_MS), NULL) == 0;
    }
    bool has_exited = event_is_set(vm_exited(vm));
    if (vm_resumed_at_us(vm) > 0)
        return has_exited ? COPY_RAN : look_at_running_copy(h);
    return is_told || has_exited ? COPY_DEAD : COPY_UNKNOWN;
}

/* Ends the copy here. Returns what there is to say of it then. */
static const char *end_own_copy(struct handover *h, const char *copy)
{
    struct seat *seat = h->seat;
    bool owned = h->step == HANDOVER_OWNED || h->step == HANDOVER_DONE;
    const struct host *host = seat->test->host;
    g_autoptr(GError) error = NULL;
    if (seat_end(seat, &error) < 0) {
        host_log(host, VTMH__LOG_LEVEL__LOG_ERROR, "destination", seat->name,
                 "the copy here could not be ended: %s", error->message);
        return COPY_UNKNOWN;
    }
    if (owned)
        host_disown(host, OWNED_GUEST, seat->name);
    return copy;
}

void settle_destination(struct handover *h, GError **cause)
{
    fiber_shield();

    own_end_look(h, cause);
    const char *copy = look_at_own_copy(h);
    bool lives = strcmp(copy, COPY_RUNNING) == 0;
    h->seat->is_uncertain = strcmp(copy, COPY_WAITS) == 0;
    if (h->seat->is_uncertain)
        note_kept(h);
    else if (!lives)
        copy = end_own_copy(h, copy);
    h->record->survivor = h->seat->is_uncertain ? VTMH__SURVIVOR__SURVIVOR_UNCERTAIN
                          : lives               ? VTMH__SURVIVOR__SURVIVOR_DESTINATION
                                                : VTMH__SURVIVOR__SURVIVOR_NONE;

    char tag[80];
    const struct test_meeting meeting = settle_meeting(h, tag);
    test_tell(h->seat->test, &meeting, json_pack("{s:s}", "copy", copy));
    fiber_unshield();
}
