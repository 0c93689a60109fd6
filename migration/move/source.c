#include "migration/evidence.h"
#include "migration/guest/rounds.h"
#include "migration/move/handover.h"
#include "migration/move/leg_record.h"
#include "migration/move/options.h"
#include "migration/move/script.h"
#include "migration/move/series.h"
#include "migration/move/watch.h"

#include <string.h>

/* Until the first of the guest's pages go. */
static int await_active(struct vm *vm, GError **err)
{
    while (*vm_move_status(vm) == '\0' || strcmp(vm_move_status(vm), "setup") == 0) {
        event_reset(vm_move_changed(vm));
        if (await_event(vm_move_changed(vm), DEADLINE_NEVER, err) < 0)
            return -1;
    }
    return 0;
}

static int work_during(void *arg, GError **err)
{
    struct handover *h = arg;
    if (h->work->during == NULL)
        return 0;
    return await_active(h->seat->vm, err) < 0 ? -1 : h->work->during(h->seat, err);
}

/* Waits for the end of the stream, and does meanwhile what is planned. */
static int watch(struct handover *h, GError **err)
{
    const char *peer = h->seat->test->names[h->leg->destination];
    struct scope *meanwhile = scope_open("meanwhile");
    struct script_run script = {
        .steps = h->leg->script,
        .vm = h->seat->vm,
        .host = h->seat->test->host,
        .called_off = &h->was_called_off,
    };
    struct fiber *scripted = script.steps != NULL
                                 ? scope_spawn_detached(meanwhile, "script", script_run, &script)
                                 : NULL;
    struct fiber *during = scope_spawn_detached(meanwhile, "during", work_during, h);
    int result = watch_migration(h->seat, h->record, h->channel, peer, h->deadline, &script, err);
    if (result == 0 && scripted != NULL && fiber_has_ended(scripted))
        result = fiber_join(scripted, DEADLINE_NEVER, err);
    if (result == 0 && fiber_has_ended(during))
        result = fiber_join(during, DEADLINE_NEVER, err);
    scope_abandon(meanwhile);
    h->has_moved = h->record->transferred_bytes != 0;
    return result;
}

static void warn_of_option(const char *text, void *arg)
{
    const struct handover *h = arg;
    test_warn(h->seat->test, "leg %u of %s: %s", h->leg->number, h->seat->name, text);
}

/* Streams the guest over, watching progress, until QEMU says completed. */
static int move(struct handover *h, const json_t *ticket, GError **err)
{
    struct seat *seat = h->seat;
    const struct transport *transport = seat->request.transport;

    if (seat->request.offline && vm_stop(seat->vm, h->deadline, err) < 0)
        return -1;
    handover_step(h, HANDOVER_MOVING);
    guest_watch_gaps(seat->guest);
    h->channel =
        transport->connect(seat, ticket, seat->test->names[h->leg->destination], h->deadline, err);
    if (h->channel == NULL || transport->send(h->channel, h->deadline, err) < 0 ||
        watch(h, err) < 0)
        return -1;
    handover_step(h, HANDOVER_COMPLETED);
    if (transport->finish != NULL && transport->finish(h->channel, h->deadline, err) < 0)
        return -1;
    if ((seat->request.traits & TRANSPORT_OFFLINE) && handover_written(h, err) < 0)
        return -1;

    struct vm_move_stats stats;
    if (vm_move_stats(seat->vm, &stats, h->deadline, err) < 0)
        return -1;
    leg_record_stats(h->record, &stats, seat->request.offline);
    series_add(seat, h->record, &stats);
    move_options_judge(seat->request.options, h->record, warn_of_option, h);
    seat_progress(seat, h->record, "switchover", &stats);
    h->stopped_at_us = vm_stopped_at_us(seat->vm);
    h->last_beat = guest_last_beat(seat->guest);
    if (!seat->request.offline)
        h->record->guest_gap_ms = guest_longest_gap_ms(seat->guest);
    return 0;
}

/* How long before its stop the guest had been silent, ms; -1: not known. */
static int64_t silence_before_stop_ms(const struct handover *h)
{
    if (h->stopped_at_us <= 0 || h->last_beat.at_us <= 0)
        return -1;
    int64_t clocks_apart_us = g_get_real_time() - g_get_monotonic_time();
    return MAX(h->stopped_at_us - clocks_apart_us - h->last_beat.at_us, 0) / 1000;
}

static json_t *moved_to_json(const struct handover *h)
{
    g_autofree char *state = guest_state(h->seat->guest);
    g_autofree char *said = guest_serial_tail(h->seat->guest);
    return json_pack("{s:b, s:I, s:I, s:I, s:I, s:I, s:I, s:s, s:I, s:s, s:I}", "boots",
                     (int)h->seat->boots, "stopped_at_us", (json_int_t)h->stopped_at_us,
                     "completed_at_us", (json_int_t)vm_completed_at_us(h->seat->vm), "last_beat_us",
                     (json_int_t)h->last_beat.at_us, "last_beat", (json_int_t)h->last_beat.counter,
                     "dirty_syncs", (json_int_t)h->record->dirty_syncs, "pages_sent_again",
                     (json_int_t)h->record->pages_sent_again, "guest", state, "silent_ms",
                     (json_int_t)silence_before_stop_ms(h), "said", said, "stream_bytes",
                     (json_int_t)channel_carried(h->channel));
}

/* "ready": learns how the destination is reached. Transfer full. */
static json_t *meet_ready(struct handover *h, GError **err)
{
    struct seat *seat = h->seat;
    if (handover_prepare(h, MOVE_SOURCE, h->deadline, err) < 0)
        return NULL;
    SEAT_DOING(seat, BLAME_TESTBED, "waiting for the destination of %s", seat->name);
    json_auto_t *theirs = handover_ready(h, json_object(), err);
    return theirs != NULL ? json_incref(json_object_get(theirs, "ticket")) : NULL;
}

/* It goes on from its start, and moves while it boots: its work begins when it has come. */
static int let_boot(struct handover *h, GError **err)
{
    struct seat *seat = h->seat;
    SEAT_DOING(seat, BLAME_TESTBED, "letting %s go on from its start", seat->name);
    host_log(seat->test->host, VTMH__LOG_LEVEL__LOG_INFO, "source", seat->name,
             "%s goes on from its start, and moves while it boots", seat->name);
    return vm_cont(seat->vm, h->deadline, err);
}

/* The guest's work begins, or goes on for a while; the leg's time does not count that. */
static int start_work(struct handover *h, GError **err)
{
    struct seat *seat = h->seat;
    if (seat->boots)
        return let_boot(h, err);
    int64_t began_us = g_get_monotonic_time();
    int64_t deadline = deadline_in(seat->request.work_ms);
    int started = 0;

    seat_progress(seat, h->record, "working", NULL);
    SEAT_DOING(seat, BLAME_TESTBED, "starting work in %s", seat->name);
    if (!seat->works)
        started = guest_start_work(seat->guest, deadline, err);
    seat->works = started == 0;
    if (started == 0)
        started = guest_await_rounds(seat->guest, seat->params,
                                     seat->request.offline ? 0 : seat->request.dirty_rounds,
                                     deadline, err);
    if (started == 0)
        started = HANDOVER_WORK(h, start, err);
    h->started_us += g_get_monotonic_time() - began_us;
    return started;
}

/* Before anything has moved, and before the guest has work to lose. */
static int check_migratable(struct handover *h, GError **err)
{
    SEAT_DOING(h->seat, BLAME_PRODUCT, "asking whether %s can be migrated", h->seat->name);
    return vm_check_migratable(h->seat->vm, h->deadline, err);
}

int source_run(struct handover *h, GError **err)
{
    struct seat *seat = h->seat;
    struct test *test = seat->test;
    char tag[80];

    seat_progress(seat, h->record, "preparing", NULL);
    json_auto_t *ticket = meet_ready(h, err);
    if (ticket == NULL || check_migratable(h, err) < 0 || start_work(h, err) < 0 ||
        handover_start(h, err) < 0)
        return -1;
    SEAT_DOING(seat, BLAME_PRODUCT, "migrating %s", seat->name);
    if (move(h, ticket, err) < 0)
        return -1;

    /* From the arrival on, the guest is the destination's. */
    g_autoptr(GPtrArray) answers = NULL;
    json_t *moved = moved_to_json(h);
    handover_step(h, HANDOVER_GIVEN);
    struct test_meeting meeting = handover_meeting(h, "moved", tag);
    /* A destination that has not completed in time says so itself, and why. */
    meeting.timeout_ms += 2 * HANDOVER_LATE_MS;
    if (test_exchange(test, &meeting, moved, &answers, err) < 0)
        return -1;
    const struct test_meeting running = handover_meeting(h, "running", tag);
    if (test_barrier(test, &running, err) < 0)
        return -1;
    handover_step(h, HANDOVER_DONE);
    host_disown(test->host, OWNED_GUEST, seat->name);
    leg_usage_record(&h->usage, seat, h->record);
    if (seat_end(seat, err) < 0)
        return -1;
    h->record->cycle_ms = (double)(g_get_monotonic_time() - h->started_us) / 1000.0;
    leg_record_end(h->record, NULL);
    h->record->survivor = VTMH__SURVIVOR__SURVIVOR_DESTINATION;
    if (HANDOVER_WORK(h, after, err) < 0)
        return -1;

    struct test_meeting checked = handover_meeting(h, "checked", tag);
    checked.timeout_ms = HANDOVER_CHECK_MS + 3 * seat_patience_ms(seat, 0);
    return test_barrier(test, &checked, err);
}
