#include "migration/evidence.h"
#include "migration/move/disks.h"
#include "migration/move/downtime_parts.h"
#include "migration/move/handover.h"
#include "migration/move/leg_record.h"
#include "migration/move/machine_sync.h"
#include "migration/move/managed.h"
#include "migration/move/memory_check.h"
#include "migration/move/network_gap.h"
#include "migration/move/postcopy.h"
#include "migration/move/said.h"
#include "migration/move/transport/table.h"

#include <string.h>

#define CONT_MS 10000  /* one command to a hypervisor that waits */
#define ALIVE_MS 30000 /* the first sign of life after RESUME */
#define SILENT_MS 1000 /* many heartbeats: a guest that lives has none of such gaps */

/* What the source says at "moved". */
struct moved {
    int64_t stopped_at_us, completed_at_us, last_beat_us, dirty_syncs, sent_again, silent_ms;
    int64_t stream_bytes;
    int64_t last_probe; /* network_gap.h */
    uint32_t last_beat;
    char *said;
};

static void moved_clear(struct moved *moved)
{
    g_free(moved->said);
}

typedef struct moved moved_t;
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(moved_t, moved_clear)

/* For "ready"; a hypervisor answers one question while the next is on its way. */
static int ask_facts(void *arg, GError **err)
{
    struct handover *h = arg;
    return seat_facts(h->seat, h->deadline, err) != NULL ? 0 : -1;
}

static int listen_for_source(struct handover *h, int64_t deadline, GError **err)
{
    struct seat *seat = h->seat;
    if (handover_prepare(h, MOVE_DESTINATION, deadline, err) < 0)
        return -1;
    h->channel = seat->request.transport->listen(seat, h->agreement->addresses[seat->test->self],
                                                 deadline, err);
    return h->channel != NULL ? disks_offer(h, deadline, err) : -1;
}

/* For "ready". Transfer full. */
static json_t *what_to_say(const struct handover *h)
{
    json_t *mine = json_pack("{s:o}", "ticket", h->seat->request.transport->ticket(h->channel));
    json_t *disks = disks_ticket(h);

    if (disks != NULL)
        json_object_set_new(mine, "disks", disks);
    return mine;
}

/* qemu_force_use_static_incoming_expression: the address is on the command line. */
static void choose_address(struct handover *h)
{
    struct seat *seat = h->seat;

    g_clear_pointer(&seat->incoming_uri, g_free);
    if (seat->request.listens_from_start)
        seat->incoming_uri = tcp_uri(h->agreement->addresses[seat->test->self],
                                     seat->request.port_low, seat->request.port_high);
}

static int prepare(struct handover *h, GError **err)
{
    struct seat *seat = h->seat;

    SEAT_DOING(seat, BLAME_TESTBED, "preparing the destination");
    seat_progress(seat, h->record, "preparing", NULL);
    int64_t deadline =
        deadline_min(h->deadline, deadline_in(seat_patience_ms(seat, HANDOVER_START_MS)));
    choose_address(h);
    if (machine_sync(h, err) < 0 || seat_start(seat, true, deadline, err) < 0)
        return -1;
    h->record->driver = g_strdup(vm_driver_name(seat->vm));
    h->record->prepared = seat->was_ahead;
    struct scope *asking = scope_open("facts");
    if (!managed_is(h))
        scope_spawn(asking, "facts", ask_facts, h);
    int listening = listen_for_source(h, deadline, err);
    if (listening < 0)
        scope_abandon(asking);
    else
        listening = scope_close(asking, err);
    if (listening < 0)
        return -1;

    json_auto_t *theirs = handover_ready(h, what_to_say(h), err);
    return theirs != NULL ? network_gap_begin(h, err) : -1;
}

static int receive(struct handover *h, GError **err)
{
    const struct transport *transport = h->seat->request.transport;
    SEAT_DOING(h->seat, BLAME_PRODUCT, "receiving");
    if (handover_start(h, err) < 0 || managed_own(h, err) < 0)
        return -1;
    if (h->step != HANDOVER_OWNED)
        handover_step(h, HANDOVER_MOVING);
    if ((h->seat->request.traits & TRANSPORT_OFFLINE) && handover_written(h, err) < 0)
        return -1;
    if (transport->receive(h->channel, h->deadline + HANDOVER_LATE_MS, err) < 0)
        return -1;
    /* The source keeps the leg's time, and says why it was not enough. */
    struct script_run script = {
        .steps = h->leg->script,
        .vm = h->seat->vm,
        .host = h->seat->test->host,
        .at_destination = true,
        .leg = h,
    };
    struct scope *meanwhile = scope_open("meanwhile");
    if (script.steps != NULL)
        scope_spawn_detached(meanwhile, "script", handover_script, &script);
    int migrated = postcopy_is_asked_for(h)
                       ? postcopy_receive(h, h->deadline + HANDOVER_LATE_MS, err)
                       : vm_await_migrated(h->seat->vm, h->deadline + HANDOVER_LATE_MS, err);
    scope_abandon(meanwhile);
    if (migrated < 0)
        return -1;
    handover_warn_undone(h, &script);
    if (h->step != HANDOVER_OWNED)
        handover_step(h, HANDOVER_COMPLETED);
    return transport->finish != NULL
               ? transport->finish(h->channel, h->deadline + HANDOVER_LATE_MS, err)
               : 0;
}

/* "moved": both ends have completed, the token is ours. */
static int meet_moved(struct handover *h, struct moved *moved, GError **err)
{
    char tag[80];
    const struct test_meeting meeting = handover_meeting(h, "moved", tag);
    g_autoptr(GPtrArray) answers = NULL;
    if (test_exchange(h->seat->test, &meeting, json_object(), &answers, err) < 0)
        return -1;
    const json_t *theirs = g_ptr_array_index(answers, h->leg->source);
    moved->stopped_at_us = json_integer_value(json_object_get(theirs, "stopped_at_us"));
    moved->completed_at_us = json_integer_value(json_object_get(theirs, "completed_at_us"));
    moved->last_beat_us = json_integer_value(json_object_get(theirs, "last_beat_us"));
    moved->last_beat = (uint32_t)json_integer_value(json_object_get(theirs, "last_beat"));
    moved->dirty_syncs = json_integer_value(json_object_get(theirs, "dirty_syncs"));
    moved->sent_again = json_integer_value(json_object_get(theirs, "pages_sent_again"));
    moved->silent_ms = json_integer_value(json_object_get(theirs, "silent_ms"));
    moved->stream_bytes = json_integer_value(json_object_get(theirs, "stream_bytes"));
    moved->last_probe = json_integer_value(json_object_get(theirs, "last_probe"));
    moved->said = g_strdup(json_string_value(json_object_get(theirs, "said")));
    h->is_moved = true;
    h->boots = json_is_true(json_object_get(theirs, "boots"));
    g_free(h->guest);
    h->guest = g_strdup(json_string_value(json_object_get(theirs, "guest")));
    vm_take_addresses(h->seat->vm, json_object_get(theirs, "addresses"));
    return 0;
}

/* What carried the stream may have lost some of it without a word, and a hypervisor need not
 * notice.
 */
static int check_stream(struct handover *h, const struct moved *moved, GError **err)
{
    const struct test *test = h->seat->test;
    int64_t bytes = channel_carried(h->channel);
    if (bytes == moved->stream_bytes)
        return 0;
    SEAT_DOING(h->seat, BLAME_PRODUCT, "receiving");
    g_set_error(err, VM_ERROR, VM_ERROR_MIGRATION,
                "the stream of %s has not come as it was sent: %" G_GINT64_FORMAT
                " bytes on %s, %" G_GINT64_FORMAT " bytes on %s",
                h->seat->name, moved->stream_bytes, test->names[h->leg->source], bytes,
                test->names[test->self]);
    return -1;
}

int handover_own(struct handover *h, const char *guest, bool boots, GError **err)
{
    struct seat *seat = h->seat;
    if (guest_adopt_state(seat->guest, guest, err) < 0)
        return -1;
    g_free(seat->guest_state);
    seat->guest_state = g_strdup(guest);
    seat->boots = boots;
    seat->works = !boots;
    if (h->step == HANDOVER_OWNED)
        return 0;
    int64_t began_us = g_get_monotonic_time();
    if (host_own(seat->test->host, OWNED_GUEST, seat->name, err) < 0)
        return -1;
    h->ledger_us = g_get_monotonic_time() - began_us;
    handover_step(h, HANDOVER_OWNED);
    return 0;
}

/* Writes down that the one copy is here, then starts it; in post-copy, or where its manager starts
 * it, that is done. */
static int take_over(struct handover *h, GError **err)
{
    struct seat *seat = h->seat;
    SEAT_DOING(seat, BLAME_PRODUCT, "starting the guest after the move");
    if (vm_is_postcopy(seat->vm) || (managed_is(h) && !managed_is_held(h)))
        return 0;
    if (disks_withdraw(h, err) < 0 || handover_own(h, h->guest, h->boots, err) < 0)
        return -1;
    /* An abort that comes now comes too late: whether the guest has been started must be known. */
    fiber_shield();
    h->cont_at_us = g_get_monotonic_time();
    int started = vm_cont(seat->vm, deadline_in(seat_patience_ms(seat, CONT_MS)), err);
    fiber_unshield();
    return started;
}

/* The figures that need both ends; only where both clocks are one. */
static void measure(struct handover *h, const struct moved *moved)
{
    const struct downtime_stamps stamps = {
        .stopped_us = moved->stopped_at_us,
        .source_completed_us = moved->completed_at_us,
        .destination_completed_us = vm_completed_at_us(h->seat->vm),
        .cont_us = h->cont_at_us,
        .resumed_us = vm_resumed_at_us(h->seat->vm),
        .ledger_us = h->ledger_us,
    };
    if (!h->agreement->one_kernel || h->seat->request.offline)
        return;
    if (stamps.stopped_us > 0 && stamps.resumed_us > 0)
        h->record->stop_to_resume_ms =
            ((double)stamps.resumed_us - (double)stamps.stopped_us) / 1000.0;
    downtime_parts_record(&stamps, h->record);
    struct guest_beat first = guest_first_beat(h->seat->guest);
    if (moved->last_beat_us <= 0 || first.at_us <= 0)
        return;
    h->record->switchover_gap_ms =
        MAX(((double)first.at_us - (double)moved->last_beat_us) / 1000.0 -
                guest_beat_period_ms(h->seat->guest),
            0);
    h->record->guest_gap_ms =
        MAX(h->record->switchover_gap_ms, guest_longest_gap_ms(h->seat->guest));
}

/*
 * A guest that was silent before it was moved did not fall silent by the move: then that, on the
 * source, is what is told.
 */
static int await_alive(struct handover *h, const struct moved *moved, GError **err)
{
    struct seat *seat = h->seat;
    g_autoptr(GError) error = NULL;
    if (guest_await_alive(seat->guest, deadline_in(seat_patience_ms(seat, ALIVE_MS)), &error) == 0)
        return 0;
    if (!g_error_matches(error, VM_ERROR, VM_ERROR_GUEST) || h->seat->request.offline ||
        evidence_of(error) == VTMH__EVIDENCE__EVIDENCE_GUEST || moved->silent_ms < SILENT_MS) {
        g_propagate_error(err, g_steal_pointer(&error));
        return -1;
    }
    GError *silent = g_error_new(
        VM_ERROR, VM_ERROR_GUEST,
        "guest of %s was silent on %s already: its last heartbeat came %.1f s before it was "
        "stopped there; last serial output there: %s",
        seat->name, seat->test->names[h->leg->source], (double)moved->silent_ms / 1000.0,
        moved->said != NULL ? moved->said : "nothing");
    evidence_set(silent, VTMH__EVIDENCE__EVIDENCE_GUEST, 0);
    evidence_set_about(silent, h->leg->source);
    g_propagate_error(err, silent);
    return -1;
}

/* A guest that moved while it booted comes up here, and begins its work. */
static int await_booted(struct handover *h, GError **err)
{
    struct seat *seat = h->seat;
    int64_t deadline = deadline_in(seat->request.login_ms + seat_patience_ms(seat, ALIVE_MS));
    if (guest_await_booted(seat->guest, deadline, err) < 0)
        return -1;
    seat->boots = false;
    test_note(seat->test, "%s moved while it booted (%s)", seat->name,
              seat->request.pauses ? "paused_after_start_vm" : "start_migration_timeout");
    SEAT_DOING(seat, BLAME_TESTBED, "starting work in the guest");
    if (guest_start_work(seat->guest, deadline_in(seat->request.work_ms), err) < 0)
        return -1;
    seat->works = true;
    return 0;
}

static int check(struct handover *h, const struct moved *moved, GError **err)
{
    struct seat *seat = h->seat;
    seat_progress(seat, h->record, "checking", NULL);
    SEAT_DOING(seat, BLAME_PRODUCT, "checking the guest after the move");
    if ((h->boots ? await_booted(h, err) : await_alive(h, moved, err)) < 0)
        return -1;
    measure(h, moved);
    /* Before anybody here talks to the guest, and so tells the network where it is. */
    if (network_gap_end(h, moved->stopped_at_us, (uint64_t)moved->last_probe, err) < 0)
        return -1;
    if (HANDOVER_WORK(h, after, err) < 0 ||
        guest_check_work(seat->guest, deadline_in(seat_patience_ms(seat, ALIVE_MS)), err) < 0 ||
        HANDOVER_WORK(h, check, err) < 0 ||
        memory_check(h->seat, h->record, moved->dirty_syncs, moved->sent_again, err) < 0)
        return -1;
    handover_read_clock(h);
    if (said_check(seat, h->leg->number, err) < 0)
        return -1;
    return HANDOVER_WORK(h, verify, err);
}

int destination_run(struct handover *h, GError **err)
{
    struct test *test = h->seat->test;
    char tag[80];
    g_auto(moved_t) moved = {0};

    if (prepare(h, err) < 0 || receive(h, err) < 0 || meet_moved(h, &moved, err) < 0 ||
        check_stream(h, &moved, err) < 0 || take_over(h, err) < 0)
        return -1;
    const struct test_meeting running = handover_meeting(h, "running", tag);
    if (test_barrier(test, &running, err) < 0)
        return -1;
    handover_step(h, HANDOVER_DONE);
    leg_usage_record(&h->usage, h->seat, h->channel, h->record);
    leg_record_end(h->record, NULL);
    h->record->survivor = VTMH__SURVIVOR__SURVIVOR_DESTINATION;

    if (check(h, &moved, err) < 0)
        return -1;
    struct test_meeting checked = handover_meeting(h, "checked", tag);
    checked.timeout_ms = HANDOVER_CHECK_MS + 3 * seat_patience_ms(h->seat, 0);
    return test_barrier(test, &checked, err);
}
