#include "migration/evidence.h"
#include "migration/guest/rounds.h"
#include "migration/move/disks.h"
#include "migration/move/leg_record.h"
#include "migration/move/machine_sync.h"
#include "migration/move/managed.h"
#include "migration/move/network_gap.h"
#include "migration/move/options.h"
#include "migration/move/postcopy.h"
#include "migration/move/said.h"
#include "migration/move/series.h"
#include "migration/move/watch.h"

#include <string.h>

#define CUT_MS 10000 /* for a hypervisor to take the command */

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

#define STILL_MS 30000 /* for the test's other VMs to have moved */

static int work_during(void *arg, GError **err)
{
    struct handover *h = arg;
    if (h->work->during == NULL)
        return 0;
    return await_active(h->seat->vm, err) < 0 ? -1 : h->work->during(h->seat, err);
}

/* In post-copy the hypervisor does it, as the stream may be its own. */
static int cut(void *arg, GError **err)
{
    struct handover *h = arg;
    if (vm_is_postcopy(h->seat->vm))
        return vm_pause_postcopy(h->seat->vm, deadline_in(CUT_MS), err);
    if (h->channel->transport->break_off == NULL) {
        g_set_error(err, VM_ERROR, VM_ERROR_COMMAND,
                    "cut comes before post-copy, and the stream of %s is the "
                    "hypervisors' own (mig_protocol = %s)",
                    h->seat->name, h->seat->request.protocol);
        return -1;
    }
    channel_break_off(h->channel);
    return 0;
}

struct watching {
    struct handover *h;
    struct script_looks *looks;
};

static int watch_stream(void *arg, GError **err)
{
    const struct watching *watching = arg;
    const struct handover *h = watching->h;
    return watch_migration(h->seat, h->record, h->channel,
                           h->seat->test->names[h->leg->destination], h->deadline, watching->looks,
                           err);
}

/* Waits for the end of the stream, and does meanwhile what is planned. */
static int watch(struct handover *h, GError **err)
{
    struct scope *meanwhile = scope_open("meanwhile");
    struct script_looks looks = {.changed = EVENT_INIT};
    struct script_run planned = {
        .steps = h->leg->script,
        .vm = h->seat->vm,
        .host = h->seat->test->host,
        .looks = &looks,
        .called_off = &h->was_called_off,
        .has_switched = &h->has_switched,
        .switch_over = postcopy_switch,
        .cut = cut,
        .leg = h,
    };
    struct script_run switching = planned;
    switching.steps = h->seat->request.postcopy;
    struct script_run *const scripts[] = {&planned, &switching};
    struct fiber *fibers[G_N_ELEMENTS(scripts) + 1];
    unsigned n = 0;

    for (unsigned i = 0; i < G_N_ELEMENTS(scripts); i++)
        if (scripts[i]->steps != NULL)
            fibers[n++] =
                fiber_ref(scope_spawn_detached(meanwhile, "script", handover_script, scripts[i]));
    fibers[n++] = fiber_ref(scope_spawn_detached(meanwhile, "during", work_during, h));
    struct watching watching = {h, &looks};
    int result = postcopy_is_asked_for(h)
                     ? postcopy_await_streams(h, watch_stream, &watching, h->deadline, err)
                     : watch_stream(&watching, err);
    /* The other end waits for a switch that has been announced. */
    if (result == 0 && h->is_switching)
        result = await_event(&h->switch_over, DEADLINE_NEVER, err);
    for (unsigned i = 0; i < n && result == 0; i++)
        if (fiber_has_ended(fibers[i]))
            result = fiber_join(fibers[i], DEADLINE_NEVER, err);
    for (unsigned i = 0; i < n; i++)
        fiber_unref(fibers[i]);
    scope_abandon(meanwhile);
    if (result == 0)
        handover_warn_undone(h, &planned);
    h->has_moved = h->record->transferred_bytes != 0;
    return result;
}

static void warn_of_option(const char *text, void *arg)
{
    const struct handover *h = arg;
    test_warn(h->seat->test, "leg %u of %s: %s", h->leg->number, h->seat->name, text);
}

/* Less the time in which the guest did its work. */
static double ms_since_request(const struct handover *h)
{
    return (double)(g_get_monotonic_time() - h->started_us) / 1000.0;
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
    if (!h->has_switched)
        handover_step(h, HANDOVER_COMPLETED);
    postcopy_decline(h);
    if (transport->finish != NULL && transport->finish(h->channel, h->deadline, err) < 0)
        return -1;
    if ((seat->request.traits & TRANSPORT_OFFLINE) && handover_written(h, err) < 0)
        return -1;

    struct vm_move_stats stats;
    if (vm_move_stats(seat->vm, &stats, h->deadline, err) < 0)
        return -1;
    leg_record_stats(h->record, &stats, seat->request.offline);
    series_add(seat, h->record, &stats);
    disks_record(h);
    move_options_judge(seat->request.options, h->record, warn_of_option, h);
    if (h->record->recoveries > 0 && !script_does(h->leg->script, SCRIPT_CUT))
        test_warn(seat->test, "leg %u of %s: its stream broke in post-copy, %u time%s, unasked",
                  h->leg->number, seat->name, h->record->recoveries,
                  h->record->recoveries == 1 ? "" : "s");
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
    return MAX(h->stopped_at_us - h->last_beat.at_us, 0) / 1000;
}

static json_t *moved_to_json(const struct handover *h)
{
    g_autofree char *state = guest_state(h->seat->guest);
    g_autofree char *said = guest_serial_tail(h->seat->guest);
    return json_pack("{s:b, s:I, s:I, s:I, s:I, s:I, s:I, s:s, s:I, s:s, s:I, s:o, s:I}", "boots",
                     (int)h->seat->boots, "stopped_at_us", (json_int_t)h->stopped_at_us,
                     "completed_at_us", (json_int_t)vm_completed_at_us(h->seat->vm), "last_beat_us",
                     (json_int_t)h->last_beat.at_us, "last_beat", (json_int_t)h->last_beat.counter,
                     "dirty_syncs", (json_int_t)h->record->dirty_syncs, "pages_sent_again",
                     (json_int_t)h->record->pages_sent_again, "guest", state, "silent_ms",
                     (json_int_t)silence_before_stop_ms(h), "said", said, "stream_bytes",
                     (json_int_t)channel_carried(h->channel), "addresses",
                     vm_addresses(h->seat->vm), "last_probe",
                     (json_int_t)network_gap_last_probe(h->seat->vm, h->stopped_at_us));
}

/* "ready": what the destination says, and so how it is reached. Transfer full. */
static json_t *meet_ready(struct handover *h, GError **err)
{
    struct seat *seat = h->seat;
    if (handover_prepare(h, MOVE_SOURCE, h->deadline, err) < 0)
        return NULL;
    SEAT_DOING(seat, BLAME_TESTBED, "waiting for the destination");
    return handover_ready(h, json_object(), err);
}

/* So long the guest boots, or is seen to end. */
static int let_time_pass(struct seat *seat, int64_t ms, GError **err)
{
    struct event *const gone[] = {vm_exited(seat->vm)};
    g_autoptr(GError) why = NULL;

    if (await_any(gone, 1, deadline_in(ms), &why) >= 0) {
        g_propagate_error(err, guest_end(seat->guest));
        return -1;
    }
    if (g_error_matches(why, SYNC_ERROR, SYNC_ERROR_TIMEOUT))
        return 0;
    g_propagate_error(err, g_steal_pointer(&why));
    return -1;
}

/* It goes on from its start, and moves while it boots: its work begins when it has come. */
static int let_boot(struct handover *h, GError **err)
{
    struct seat *seat = h->seat;
    const struct move_request *request = &seat->request;
    int64_t wait_ms = request->start_low_ms;
    if (request->start_high_ms > wait_ms)
        wait_ms += (int64_t)g_random_double_range(0, (double)(request->start_high_ms - wait_ms));
    SEAT_DOING(seat, BLAME_TESTBED, "letting it go on from its start");
    host_log(seat->test->host, VTMH__LOG_LEVEL__LOG_INFO, "source", seat->name,
             "%s goes on from its start, and moves %.3f s later, while it boots", seat->name,
             (double)wait_ms / 1000);
    if (request->pauses && vm_cont(seat->vm, h->deadline, err) < 0)
        return -1;
    return wait_ms > 0 ? let_time_pass(seat, wait_ms, err) : 0;
}

/* The guest's work begins, or goes on for a while; the leg's time does not count that. */
static int start_work(struct handover *h, GError **err)
{
    struct seat *seat = h->seat;
    int64_t began_us = g_get_monotonic_time();
    if (seat->boots) {
        int let = let_boot(h, err);
        h->started_us += g_get_monotonic_time() - began_us;
        return let;
    }
    int64_t deadline = deadline_in(seat->request.work_ms);
    int started = 0;

    seat_progress(seat, h->record, "working", NULL);
    SEAT_DOING(seat, BLAME_TESTBED, "starting work in the guest");
    if (!seat->works)
        started = guest_start_work(seat->guest, deadline, err);
    seat->works = started == 0;
    if (started == 0)
        started = guest_await_rounds(seat->guest, seat->params,
                                     seat->request.offline ? 0 : seat->request.dirty_rounds,
                                     deadline, err);
    if (started == 0)
        started = HANDOVER_WORK(h, start, err);
    if (started == 0)
        handover_read_clock(h);
    if (started == 0)
        started = network_gap_let_ask(h, err);
    h->started_us += g_get_monotonic_time() - began_us;
    return started;
}

/* Before anything has moved, and before the guest has work to lose. */
static int check_migratable(struct handover *h, GError **err)
{
    SEAT_DOING(h->seat, BLAME_PRODUCT, "asking whether it can be migrated");
    return vm_check_migratable(h->seat->vm, h->deadline, err);
}

/*
 * The guest is checked over there, and comes back here with the next leg: its hypervisor starts
 * meanwhile, but not while another VM of the test still moves. One that does not start is of no
 * consequence: the leg itself will try, and say why.
 */
static void prepare_next(const struct handover *h)
{
    struct seat *seat = h->seat;
    g_autoptr(GError) error = NULL;
    if (!h->leg->comes_back || !seat->request.prepare_ahead)
        return;
    SEAT_DOING(seat, BLAME_TESTBED, "starting the next destination");
    if (await_event(&seat->test->still, deadline_in(STILL_MS), &error) == 0 &&
        seat_start_ahead(seat, deadline_in(seat_patience_ms(seat, HANDOVER_START_MS)), &error) == 0)
        return;
    host_log(seat->test->host, VTMH__LOG_LEVEL__LOG_WARNING, "destination", seat->name,
             "the next destination of %s was not started ahead: %s", seat->name, error->message);
}

int source_run(struct handover *h, GError **err)
{
    struct seat *seat = h->seat;
    struct test *test = seat->test;
    char tag[80];

    seat_progress(seat, h->record, "preparing", NULL);
    json_auto_t *theirs = machine_sync(h, err) == 0 ? meet_ready(h, err) : NULL;
    if (theirs == NULL || check_migratable(h, err) < 0 || start_work(h, err) < 0 ||
        handover_start(h, err) < 0 || disks_mirror(h, theirs, err) < 0 || managed_give(h, err) < 0)
        return -1;
    h->record->prepare_ms = ms_since_request(h);
    SEAT_DOING(seat, BLAME_PRODUCT, "migrating");
    if (move(h, json_object_get(theirs, "ticket"), err) < 0 || disks_compare(h, err) < 0)
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
    leg_usage_record(&h->usage, seat, h->channel, h->record);
    g_autoptr(GError) said = NULL;
    said_check_left(seat, h->leg->number, &said);
    if (seat_end(seat, err) < 0)
        return -1;
    if (said != NULL) {
        g_propagate_error(err, g_steal_pointer(&said));
        return -1;
    }
    h->record->cycle_ms = ms_since_request(h);
    leg_record_end(h->record, NULL);
    h->record->survivor = VTMH__SURVIVOR__SURVIVOR_DESTINATION;
    if (HANDOVER_WORK(h, after, err) < 0)
        return -1;
    prepare_next(h);

    struct test_meeting checked = handover_meeting(h, "checked", tag);
    checked.timeout_ms = HANDOVER_CHECK_MS + 3 * seat_patience_ms(seat, 0);
    return test_barrier(test, &checked, err);
}
