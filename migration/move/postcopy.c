#include "migration/move/postcopy.h"

#include <string.h>

#define COMMAND_MS 10000 /* for a hypervisor to take a command */
#define SWITCH_MS 20000  /* after an abort, for a switch that is under way */
#define NOTICE_MS 30000  /* for the other end to see that the stream broke */
#define REST_MS 10000    /* for what is left to come, while the leg is settled */
#define RECOVERIES_MAX 16

bool postcopy_is_asked_for(const struct handover *h)
{
    return h->seat->request.postcopy != NULL;
}

bool postcopy_lacks_stream(const struct vm *vm)
{
    return strcmp(vm_move_status(vm), "postcopy-paused") == 0;
}

static bool has_ended(const struct vm *vm)
{
    const char *status = vm_move_status(vm);
    return strcmp(status, "completed") == 0 || strcmp(status, "failed") == 0 ||
           strcmp(status, "cancelled") == 0;
}

/* Waits until the hypervisor here has come to post-copy, or its migration has ended without. */
static int await_switched(struct vm *vm, int64_t deadline, GError **err)
{
    while (!vm_is_postcopy(vm) && !has_ended(vm)) {
        struct event *const events[] = {vm_move_changed(vm), vm_exited(vm)};
        event_reset(events[0]);
        int which = await_any(events, G_N_ELEMENTS(events), deadline, err);
        if (which < 0)
            return -1;
        if (which == 1) {
            g_propagate_error(err, vm_death(vm));
            return -1;
        }
    }
    return 0;
}

/* "switch": the source says whether; the destination has nothing to say. One that does not come to
 * it says why itself. */
static int meet_switch(struct handover *h, json_t *mine, GPtrArray **answers, GError **err)
{
    char tag[80];
    struct test_meeting meeting = handover_meeting(h, "switch", tag);
    meeting.timeout_ms += 2 * HANDOVER_LATE_MS;
    return test_exchange(h->seat->test, &meeting, mine, answers, err);
}

static int meet_owned(struct handover *h, GError **err)
{
    char tag[80];
    const struct test_meeting meeting = handover_meeting(h, "owned", tag);
    return test_barrier(h->seat->test, &meeting, err);
}

/* Whether the hypervisor has taken the command must be known. */
static int start_postcopy(struct handover *h, GError **err)
{
    fiber_shield();
    int started =
        vm_start_postcopy(h->seat->vm, deadline_min(h->deadline, deadline_in(COMMAND_MS)), err);
    fiber_unshield();
    return started;
}

/* The command, from which on the guest is the destination's. Whether the stream flows, so that the
 * hypervisor comes to do it, is the watch's to say. */
static int give(struct handover *h, GError **err)
{
    struct vm *vm = h->seat->vm;
    g_autoptr(GError) error = NULL;

    if (has_ended(vm))
        return 0;
    h->has_switched = true;
    handover_step(h, HANDOVER_GIVEN);
    if (start_postcopy(h, &error) == 0 && await_switched(vm, DEADLINE_NEVER, &error) == 0 &&
        vm_is_postcopy(vm))
        return 0;
    /* It was refused, or came too late. */
    if (error == NULL || g_error_matches(error, VM_ERROR, VM_ERROR_COMMAND)) {
        h->has_switched = false;
        handover_step(h, HANDOVER_MOVING);
    }
    if (error == NULL)
        return 0;
    g_propagate_error(err, g_steal_pointer(&error));
    return -1;
}

static int switch_over(struct handover *h, GError **err)
{
    g_autofree char *state = guest_state(h->seat->guest);
    g_autoptr(GPtrArray) answers = NULL;

    if (meet_switch(
            h,
            json_pack("{s:b, s:s, s:b}", "switch", 1, "guest", state, "boots", (int)h->seat->boots),
            &answers, err) < 0 ||
        meet_owned(h, err) < 0)
        return -1;
    return give(h, err);
}

int postcopy_switch(void *arg, GError **err)
{
    struct handover *h = arg;

    if (h->is_switching)
        return 0;
    h->is_switching = true;
    host_log(h->seat->test->host, VTMH__LOG_LEVEL__LOG_INFO, "source", h->seat->name,
             "leg %u: switching to post-copy", h->leg->number);
    int result = switch_over(h, err);
    event_set(&h->switch_over);
    return result;
}

void postcopy_decline(struct handover *h)
{
    char tag[80];
    const struct test_meeting meeting = handover_meeting(h, "switch", tag);
    if (postcopy_is_asked_for(h) && !h->is_switching)
        test_tell(h->seat->test, &meeting, json_pack("{s:b}", "switch", 0));
}

/* The guest is on its way. An abort that comes now comes too late, unless the switch does not. */
static int await_guest(struct handover *h, GError **err)
{
    struct vm *vm = h->seat->vm;
    g_autoptr(GError) error = NULL;

    if (await_switched(vm, h->deadline + HANDOVER_LATE_MS, &error) == 0)
        return 0;
    if (!g_error_matches(error, SYNC_ERROR, SYNC_ERROR_CANCELLED)) {
        if (g_error_matches(error, SYNC_ERROR, SYNC_ERROR_TIMEOUT))
            g_prefix_error(&error, "the hypervisor has not come to post-copy: ");
        g_propagate_error(err, g_steal_pointer(&error));
        return -1;
    }
    fiber_shield();
    int switched = await_switched(vm, deadline_in(SWITCH_MS), NULL);
    fiber_unshield();
    if (switched < 0)
        g_propagate_error(err, g_steal_pointer(&error));
    return switched;
}

/* It is started as soon as it is here; not if the rest of it is known not to come: the source may
 * still be able to take it back. */
static int take(struct handover *h, GError **err)
{
    struct vm *vm = h->seat->vm;

    if (await_guest(h, err) < 0)
        return -1;
    if (!vm_is_postcopy(vm))
        return 0;
    if (!h->seat->request.recovers && postcopy_lacks_stream(vm))
        return vm_await_migrated(vm, DEADLINE_NEVER, err);
    fiber_shield();
    int started = vm_cont(vm, deadline_in(COMMAND_MS), err);
    fiber_unshield();
    if (started == 0)
        host_log(h->seat->test->host, VTMH__LOG_LEVEL__LOG_INFO, "destination", h->seat->name,
                 "leg %u: the guest goes on in post-copy", h->leg->number);
    return started;
}

static int follow(void *arg, GError **err)
{
    struct handover *h = arg;
    g_autoptr(GPtrArray) answers = NULL;

    if (meet_switch(h, json_object(), &answers, err) < 0)
        return -1;
    const json_t *theirs = g_ptr_array_index(answers, h->leg->source);
    if (!json_is_true(json_object_get(theirs, "switch")))
        return 0;
    if (handover_own(h, json_string_value(json_object_get(theirs, "guest")),
                     json_is_true(json_object_get(theirs, "boots")), err) < 0 ||
        meet_owned(h, err) < 0)
        return -1;
    return take(h, err);
}

/*
 * "recover": the destination says how it is reached now. Transfer full. Who is through says that
 * instead: a stream may break at one end when all of it has come to the other.
 */
static json_t *meet_recover(struct handover *h, json_t *mine, GError **err)
{
    const struct test *test = h->seat->test;
    unsigned other = handover_other(h);
    char tag[80];
    struct test_meeting meeting = handover_meeting(h, "recover", tag);
    g_autoptr(GPtrArray) answers = NULL;

    meeting.timeout_ms = MIN(meeting.timeout_ms, NOTICE_MS);
    if (test_exchange(h->seat->test, &meeting, mine, &answers, err) < 0)
        return NULL;
    if (json_is_true(json_object_get(g_ptr_array_index(answers, other), "through"))) {
        g_set_error(err, VM_ERROR, VM_ERROR_MIGRATION,
                    "the stream of %s broke on %s when %s had completed", h->seat->name,
                    test->host->name, test->names[other]);
        return NULL;
    }
    return json_incref(json_object_get(g_ptr_array_index(answers, h->leg->destination), "ticket"));
}

static void say_through(struct handover *h)
{
    char tag[80];
    struct test_meeting meeting = handover_meeting(h, "recover", tag);
    meeting.timeout_ms += 2 * HANDOVER_LATE_MS;
    if (vm_is_postcopy(h->seat->vm) && h->seat->request.recovers)
        test_tell(h->seat->test, &meeting, json_pack("{s:b}", "through", 1));
}

static int recover_destination(struct handover *h, int64_t deadline, GError **err)
{
    struct seat *seat = h->seat;
    const struct transport *transport = seat->request.transport;

    h->channel = transport->listen(seat, h->agreement->addresses[seat->test->self], deadline, err);
    if (h->channel == NULL)
        return -1;
    json_auto_t *met =
        meet_recover(h, json_pack("{s:o}", "ticket", transport->ticket(h->channel)), err);
    return met == NULL ? -1 : transport->receive(h->channel, deadline, err);
}

static int recover_source(struct handover *h, int64_t deadline, GError **err)
{
    struct seat *seat = h->seat;
    const struct transport *transport = seat->request.transport;
    json_auto_t *ticket = meet_recover(h, json_object(), err);

    if (ticket == NULL)
        return -1;
    h->channel =
        transport->connect(seat, ticket, seat->test->names[h->leg->destination], deadline, err);
    return h->channel == NULL ? -1 : transport->send(h->channel, deadline, err);
}

static int recover(struct handover *h, int64_t deadline, GError **err)
{
    channel_close(g_steal_pointer(&h->channel));
    return handover_is_source(h) ? recover_source(h, deadline, err)
                                 : recover_destination(h, deadline, err);
}

/* The other end has seen the stream break: it is over here, too, when our hypervisor says so. */
static int break_stream(struct handover *h, GError **err)
{
    struct vm *vm = h->seat->vm;
    g_autoptr(GError) refused = NULL;

    channel_break_off(h->channel);
    if (strcmp(vm_move_status(vm), "postcopy-active") == 0)
        vm_pause_postcopy(vm, deadline_in(COMMAND_MS), &refused);
    return vm_await_migrated(vm, deadline_in(COMMAND_MS), err);
}

struct stream_wait {
    struct handover *h;
    fiber_fn wait;
    void *arg;
    int64_t deadline;
    int result;
    GError *error;
};

static int await_in_scope(void *arg, GError **err)
{
    struct stream_wait *stream = arg;

    (void)err;
    stream->result = stream->h->record->recoveries > 0
                         ? recover(stream->h, stream->deadline, &stream->error)
                         : 0;
    if (stream->result == 0)
        stream->result = stream->wait(stream->arg, &stream->error);
    return 0;
}

/*
 * One stream, which ends here, or breaks at the other end. It may do so there before it is whole
 * here, so its scope begins before the ends meet for it.
 */
static int await_stream(struct stream_wait *stream, GError **err)
{
    struct handover *h = stream->h;
    struct test *test = h->seat->test;
    uint64_t id = leg_stream_scope(h->leg, h->record->recoveries + 1);
    struct scope *scope = scope_open("stream");

    test->ops->begin_scope(test->node, id, scope);
    scope_spawn_detached(scope, "stream", await_in_scope, stream);
    scope_close(scope, NULL);
    test->ops->end_scope(test->node, id);
    if (stream->result == 0)
        return 0;
    if (g_error_matches(stream->error, SYNC_ERROR, SYNC_ERROR_CANCELLED) && !fiber_is_cancelled()) {
        g_clear_error(&stream->error);
        return break_stream(h, err);
    }
    /* Where there is no other, a source whose stream still stands may take the guest back. */
    if (g_error_matches(stream->error, VM_ERROR, VM_ERROR_BROKEN) &&
        (h->seat->request.recovers || handover_is_source(h)))
        test_failing(test, id, stream->error);
    g_propagate_error(err, g_steal_pointer(&stream->error));
    return -1;
}

int postcopy_await_streams(struct handover *h, fiber_fn wait, void *arg, int64_t deadline,
                           GError **err)
{
    const struct seat *seat = h->seat;
    struct stream_wait stream = {h, wait, arg, deadline, 0, NULL};

    for (;;) {
        g_autoptr(GError) error = NULL;
        if (await_stream(&stream, &error) == 0) {
            say_through(h);
            return 0;
        }
        if (!g_error_matches(error, VM_ERROR, VM_ERROR_BROKEN) || !seat->request.recovers ||
            h->record->recoveries >= RECOVERIES_MAX) {
            g_propagate_error(err, g_steal_pointer(&error));
            return -1;
        }
        host_log(seat->test->host, VTMH__LOG_LEVEL__LOG_WARNING, NULL, seat->name,
                 "%s; it goes on over another", error->message);
        h->record->recoveries++;
    }
}

struct receiving {
    struct handover *h;
    int64_t deadline;
};

static int await_migrated(void *arg, GError **err)
{
    const struct receiving *receiving = arg;
    return vm_await_migrated(receiving->h->seat->vm, receiving->deadline, err);
}

static int await_end(void *arg, GError **err)
{
    const struct receiving *receiving = arg;
    return postcopy_await_streams(receiving->h, await_migrated, arg, receiving->deadline, err);
}

int postcopy_receive(struct handover *h, int64_t deadline, GError **err)
{
    struct receiving receiving = {h, deadline};
    struct scope *both = scope_open("post-copy");
    scope_spawn(both, "end", await_end, &receiving);
    scope_spawn(both, "switch", follow, h);
    return scope_close(both, err);
}

int64_t postcopy_patience_ms(const struct handover *h)
{
    return seat_patience_ms(h->seat, REST_MS);
}

enum postcopy_rest postcopy_await_rest(const struct handover *h)
{
    struct vm *vm = h->seat->vm;
    g_autoptr(GError) error = NULL;
    if (!vm_is_postcopy(vm) ||
        vm_await_migrated(vm, deadline_in(postcopy_patience_ms(h)), &error) == 0)
        return POSTCOPY_WHOLE;
    return g_error_matches(error, SYNC_ERROR, SYNC_ERROR_TIMEOUT) ? POSTCOPY_WAITS : POSTCOPY_LOST;
}
