#include "migration/move/settle.h"
#include "migration/move/disks.h"
#include "migration/move/managed.h"
#include "migration/move/own_end.h"
#include "migration/move/postcopy.h"

#include <string.h>

#define SETTLE_MS 15000 /* for the other end to end its copy and say so */
#define ANSWER_MS 3000  /* of a hypervisor whose stream flows */
#define ALIVE_MS 15000

struct test_meeting settle_meeting(const struct handover *h, const char *what, int64_t timeout_ms,
                                   char tag[80])
{
    struct test_meeting meeting = handover_meeting(h, what, tag);
    meeting.settle = true;
    meeting.timeout_ms = timeout_ms;
    return meeting;
}

static struct test_meeting copy_meeting(const struct handover *h, char tag[80])
{
    int64_t timeout_ms = managed_is(h) ? MANAGED_SETTLE_MS : SETTLE_MS;
    return settle_meeting(
        h, "settle", timeout_ms + (postcopy_is_asked_for(h) ? postcopy_patience_ms(h) : 0), tag);
}

/* Asks the destination what became of its copy. Transfer full; COPY_UNKNOWN when it does not
 * answer. */
static char *ask_destination(struct handover *h)
{
    char tag[80];
    const struct test_meeting meeting = copy_meeting(h, tag);
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
        cancelled =
            vm_migrate_cancel(h->seat->vm, &completed, deadline_in(SETTLE_COMMAND_MS), &error);
    }
    if (cancelled < 0)
        host_log(h->seat->test->host, VTMH__LOG_LEVEL__LOG_WARNING, "source", h->seat->name,
                 "cancelling: %s", error->message);
    if (!completed)
        return;
    h->was_called_off = false;
    handover_step(h, HANDOVER_COMPLETED);
}

bool settle_is_running(struct handover *h)
{
    g_autofree char *state = NULL;
    return vm_run_state(h->seat->vm, &state, deadline_in(SETTLE_COMMAND_MS), NULL) == 0 &&
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
Vtmh__Survivor settle_continue(struct handover *h)
{
    struct seat *seat = h->seat;
    const struct host *host = seat->test->host;
    g_autoptr(GError) error = NULL;
    if (vm_act(seat->vm) != VM_ACT_NONE)
        return VTMH__SURVIVOR__SURVIVOR_NONE; /* by its own doing: one that resets begins anew */
    int goes_on =
        settle_is_running(h) ? 0 : vm_cont(seat->vm, deadline_in(SETTLE_COMMAND_MS), &error);
    /* A manager may be gone that has left the guest running. */
    if (goes_on < 0 && g_error_matches(error, VM_ERROR, VM_ERROR_UNREACHABLE)) {
        g_clear_error(&error);
        goes_on = 0;
    }
    if (goes_on < 0 || await_life(seat, &error) < 0) {
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
Vtmh__Survivor settle_take_back(struct handover *h)
{
    struct seat *seat = h->seat;
    bool completed = false;
    g_autoptr(GError) error = NULL;
    if (vm_migrate_cancel(seat->vm, &completed, deadline_in(SETTLE_COMMAND_MS), &error) == 0)
        return settle_continue(h);
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
        return settle_take_back(h);
    if (is_dead || (!h->has_switched && settle_is_running(h)))
        return settle_continue(h);
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

void settle_keep(struct handover *h)
{
    struct seat *seat = h->seat;
    seat->is_uncertain = true;
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
    if (managed_is(h))
        managed_stop_call(h);
    else
        stop_stream(h);
    disks_give_up(h);
    own_end_look(h, cause);
    g_autofree char *copy = ask_destination(h);
    h->record->survivor = managed_is(h) ? managed_decide(h, copy) : decide(h, copy);
    if (h->record->survivor == VTMH__SURVIVOR__SURVIVOR_UNCERTAIN &&
        !event_is_set(vm_exited(seat->vm)) && !vm_has_left(seat->vm))
        settle_keep(h);
    fiber_unshield();
}

const char *settle_look_at_running(const struct handover *h)
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
        is_told = vm_run_state(vm, &state, deadline_in(SETTLE_COMMAND_MS), NULL) == 0;
    }
    bool has_exited = event_is_set(vm_exited(vm));
    if (vm_resumed_at_us(vm) > 0)
        return has_exited ? COPY_RAN : settle_look_at_running(h);
    return is_told || has_exited ? COPY_DEAD : COPY_UNKNOWN;
}

/* Ends the copy here. Returns what there is to say of it then. */
const char *settle_end_copy(struct handover *h, const char *copy)
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

/* What there is to say of the copy here, which is ended unless it lives, or may. */
static const char *settle_copy(struct handover *h)
{
    const char *copy = look_at_own_copy(h);
    if (strcmp(copy, COPY_WAITS) == 0)
        settle_keep(h);
    else if (strcmp(copy, COPY_RUNNING) != 0)
        copy = settle_end_copy(h, copy);
    return copy;
}

void settle_destination(struct handover *h, GError **cause)
{
    fiber_shield();

    own_end_look(h, cause);
    h->seat->is_uncertain = false;
    const char *copy = managed_is(h) ? managed_settle_copy(h) : settle_copy(h);
    h->record->survivor = h->seat->is_uncertain             ? VTMH__SURVIVOR__SURVIVOR_UNCERTAIN
                          : strcmp(copy, COPY_RUNNING) == 0 ? VTMH__SURVIVOR__SURVIVOR_DESTINATION
                                                            : VTMH__SURVIVOR__SURVIVOR_NONE;

    char tag[80];
    const struct test_meeting meeting = copy_meeting(h, tag);
    test_tell(h->seat->test, &meeting, json_pack("{s:s}", "copy", copy));
    fiber_unshield();
}
