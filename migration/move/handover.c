#include "migration/move/handover.h"

#include "migration/guest/clock.h"
#include "migration/move/asked.h"
#include "migration/move/disks.h"
#include "migration/move/leg_record.h"
#include "migration/move/leg_sample.h"
#include "migration/move/machine_facts.h"
#include "migration/move/managed.h"
#include "migration/move/memory_check.h"
#include "migration/move/network_gap.h"
#include "migration/move/options.h"
#include "migration/move/said.h"
#include "migration/net/prober.h"

#define STAYED_MS 30000  /* for a guest that stayed to show that it works */
#define CLOCK_MS 5000    /* for the guest to tell the time */
#define GIVEN_MS 15000   /* for a guest that was given up to be started */
#define OUTCOME_MS 30000 /* for the other end to have settled */

static const char *const step_names[] = {
    [HANDOVER_PREPARING] = "preparing", [HANDOVER_MOVING] = "moving",
    [HANDOVER_COMPLETED] = "completed", [HANDOVER_GIVEN] = "given",
    [HANDOVER_OWNED] = "owned",         [HANDOVER_DONE] = "done",
};

bool handover_is_source(const struct handover *h)
{
    return h->seat->test->self == h->leg->source;
}

unsigned handover_other(const struct handover *h)
{
    return handover_is_source(h) ? h->leg->destination : h->leg->source;
}

static const char *role_of(const struct handover *h)
{
    return handover_is_source(h) ? "source" : "destination";
}

static void begin_moving(struct handover *h)
{
    struct test *test = h->seat->test;
    h->is_moving = true;
    test->n_moving++;
    event_reset(&test->still);
}

static void stop_moving(struct handover *h)
{
    struct test *test = h->seat->test;
    if (h->is_moving && --test->n_moving == 0)
        event_set(&test->still);
    h->is_moving = false;
}

void handover_step(struct handover *h, enum handover_step step)
{
    host_log(h->seat->test->host, VTMH__LOG_LEVEL__LOG_DEBUG, role_of(h), h->seat->name,
             "leg %u: %s -> %s", h->leg->number, step_names[h->step], step_names[step]);
    h->step = step;
    if (step == HANDOVER_MOVING)
        event_set(&h->seat->moving);
    if (step == HANDOVER_DONE)
        stop_moving(h);
}

/* The leg's time is no longer asked for when the guest has been given up: it must be started. */
static int64_t time_to_meet_ms(const struct handover *h)
{
    int64_t least_ms = h->step < HANDOVER_GIVEN ? 1 : seat_patience_ms(h->seat, GIVEN_MS);
    return MAX(deadline_left(h->deadline), least_ms);
}

struct test_meeting handover_meeting(const struct handover *h, const char *what, char tag[80])
{
    g_snprintf(tag, 80, "%s %s", what, h->seat->name);
    return (struct test_meeting){
        .tag = tag,
        .scope = leg_scope(h->leg),
        .who = h->members,
        .n_who = G_N_ELEMENTS(h->members),
        .timeout_ms = time_to_meet_ms(h),
    };
}

/* The source first, so that both ends say the same. */
static int compare_machines(struct handover *h, const GPtrArray *answers, GError **err)
{
    struct test *test = h->seat->test;
    struct machine_facts ends[2];
    if (managed_is(h))
        return 0; /* the managers do that: the destination's is not there yet */
    for (unsigned i = 0; i < G_N_ELEMENTS(ends); i++) {
        const json_t *answer = g_ptr_array_index(answers, h->members[i]);
        ends[i].facts = json_object_get(answer, "machine");
        ends[i].host = test->names[h->members[i]];
    }
    return machine_facts_compare(&ends[0], &ends[1], err);
}

/* A capability that one end lacks makes the other wait for ever. */
static int compare_options(struct handover *h, const GPtrArray *answers, GError **err)
{
    const json_t *ends[MOVE_ENDS];
    const char *hosts[MOVE_ENDS];
    for (enum move_end end = 0; end < MOVE_ENDS; end++) {
        ends[end] = json_object_get(g_ptr_array_index(answers, h->members[end]), "options");
        hosts[end] = h->seat->test->names[h->members[end]];
    }
    return move_options_compare(ends[MOVE_SOURCE], ends[MOVE_DESTINATION], hosts, err);
}

json_t *handover_ready(struct handover *h, json_t *mine, GError **err)
{
    struct test *test = h->seat->test;
    char tag[80];
    const struct test_meeting meeting = handover_meeting(h, "ready", tag);
    json_auto_t *facts = managed_is(h)
                             ? json_object()
                             : json_incref((json_t *)seat_facts(h->seat, h->deadline, err));
    g_autoptr(GPtrArray) answers = NULL;
    if (facts == NULL) {
        json_decref(mine);
        return NULL;
    }
    json_object_set(mine, "machine", facts);
    json_object_set(mine, "options", h->seat->request.options);
    if (test_exchange(test, &meeting, mine, &answers, err) < 0 ||
        compare_machines(h, answers, err) < 0 || compare_options(h, answers, err) < 0 ||
        HANDOVER_WORK(h, before, err) < 0)
        return NULL;
    return json_incref(g_ptr_array_index(answers, handover_other(h)));
}

void handover_read_clock(struct handover *h)
{
    double ahead_ms;

    if (!guest_clock(h->seat->guest, deadline_in(seat_patience_ms(h->seat, CLOCK_MS)), &ahead_ms))
        return;
    h->record->guest_clock_known = true;
    h->record->guest_clock_ahead_ms = ahead_ms;
}

int handover_start(struct handover *h, GError **err)
{
    char tag[80];
    struct test_meeting start = handover_meeting(h, "start", tag);
    start.timeout_ms += h->seat->request.work_ms;
    if (test_barrier(h->seat->test, &start, err) < 0)
        return -1;
    h->deadline = deadline_in(h->seat->request.timeout_ms);
    leg_usage_begin(&h->usage, h->seat);
    return 0;
}

int handover_script(void *arg, GError **err)
{
    struct script_run *script = arg;
    struct handover *h = script->leg;
    struct seat *seat = h->seat;
    g_autoptr(GError) error = NULL;

    if (script_run(script, &error) == 0)
        return 0;
    if (!g_error_matches(error, SYNC_ERROR, SYNC_ERROR_CANCELLED) && seat->end == NULL) {
        h->has_script_failed = true;
        scope_cancel(seat->leg, error);
        seat->end = g_error_copy(error);
    }
    g_propagate_error(err, g_steal_pointer(&error));
    return -1;
}

void handover_warn_undone(struct handover *h, struct script_run *script)
{
    const char *due = script_due(script);

    if (due != NULL && h->seat->request.expected_ends == LEG_BIT(VTMH__LEG_END__LEG_COMPLETED))
        test_warn(h->seat->test,
                  "leg %u of %s: mig_script: '%s' was not done: the stream had ended before",
                  h->leg->number, h->seat->name, due);
}

/* Where the stream is to be encrypted (mig_tls). */
static int set_credentials(struct handover *h, int64_t deadline, GError **err)
{
    const struct seat *seat = h->seat;
    const struct move_request *request = &seat->request;
    const struct test *test = seat->test;
    const struct vm_tls tls = {
        .kind = request->tls,
        .dir = request->tls_dir,
        .is_server = test->self == h->leg->destination,
        .hostname = request->tls_hostname != NULL ? request->tls_hostname
                                                  : test->names[h->leg->destination],
        .user = request->tls_user,
    };
    if (request->tls == NULL)
        return 0;
    if (!tls.is_server)
        host_log(test->host, VTMH__LOG_LEVEL__LOG_DEBUG, "source", seat->name,
                 "the stream is encrypted (%s); the destination must be %s", tls.kind,
                 tls.hostname);
    return vm_set_tls(seat->vm, &tls, deadline, err);
}

int handover_prepare(struct handover *h, enum move_end end, int64_t deadline, GError **err)
{
    struct seat *seat = h->seat;

    SEAT_DOING(seat, BLAME_PRODUCT, "preparing the migration");
    return vm_prepare_move(seat->vm, &seat->request.move[end], deadline, err) < 0
               ? -1
               : set_credentials(h, deadline, err);
}

int handover_written(struct handover *h, GError **err)
{
    char tag[80];
    const struct test_meeting written = handover_meeting(h, "written", tag);
    return test_barrier(h->seat->test, &written, err);
}

static int run_end(void *arg, GError **err)
{
    struct handover *h = arg;
    (void)err;
    if (handover_is_source(h))
        source_run(h, &h->error);
    else
        destination_run(h, &h->error);
    return 0;
}

static void let_channel_complain(struct handover *h)
{
    GError *complaint = h->channel != NULL && h->channel->transport->complaint != NULL
                            ? h->channel->transport->complaint(h->channel)
                            : NULL;
    if (complaint == NULL)
        return;
    g_clear_error(&h->error);
    h->error = complaint;
}

/* Runs this end in a fiber of its own, which an abort of the leg and the end of the VM here cancel.
 * Returns the error if it failed; transfer full. */
static GError *run(struct handover *h)
{
    struct test *test = h->seat->test;
    struct scope *helpers = scope_open("helpers");
    struct scope *fibers = scope_open("leg");

    h->seat->helpers = helpers;
    h->seat->leg = fibers;
    test->ops->begin_scope(test->node, leg_scope(h->leg), fibers);
    scope_spawn(fibers, "end of the leg", run_end, h);
    scope_close(fibers, NULL);
    test->ops->end_scope(test->node, leg_scope(h->leg));
    h->seat->leg = NULL;
    h->seat->helpers = NULL;
    scope_abandon(helpers);
    /* What the VM here did is a better cause than that the fiber was cancelled for it. */
    if (h->seat->end != NULL && h->error != NULL) {
        g_clear_error(&h->error);
        h->error = g_steal_pointer(&h->seat->end);
    }
    if (h->error != NULL)
        let_channel_complain(h);
    return g_steal_pointer(&h->error);
}

/* What this end knows of a leg that did not complete. */
static struct leg_view view_of(const struct handover *h)
{
    return (struct leg_view){
        .end = h->was_called_off ? VTMH__LEG_END__LEG_CANCELLED : VTMH__LEG_END__LEG_FAILED,
        .has_moved = h->has_moved,
        .survivor = h->record->survivor,
    };
}

static struct test_meeting outcome_meeting(const struct handover *h, char tag[80])
{
    struct test_meeting meeting = handover_meeting(h, "outcome", tag);
    meeting.settle = true;
    meeting.timeout_ms = OUTCOME_MS;
    return meeting;
}

/* This end has failed the test: the other need not wait for what it has to say of the leg. */
static void decline_outcome(struct handover *h)
{
    char tag[80];
    const struct test_meeting meeting = outcome_meeting(h, tag);
    if (leg_may_fail(h->leg))
        test_tell(h->seat->test, &meeting, json_object());
}

/* "outcome": both views, joined. -1: the other end does not say. */
static int meet_outcome(struct handover *h, struct leg_outcome *outcome, GError **err)
{
    struct test *test = h->seat->test;
    char tag[80];
    const struct test_meeting meeting = outcome_meeting(h, tag);
    const struct leg_view own = view_of(h);
    struct leg_view views[2];
    g_autoptr(GPtrArray) answers = NULL;

    if (test_exchange(test, &meeting, leg_view_to_json(&own), &answers, err) < 0)
        return -1;
    for (unsigned i = 0; i < G_N_ELEMENTS(views); i++)
        if (!leg_view_from_json(g_ptr_array_index(answers, h->members[i]), &views[i])) {
            g_set_error(err, VM_ERROR, VM_ERROR_MIGRATION,
                        "%s does not say how the leg ended there", test->names[h->members[i]]);
            return -1;
        }
    *outcome = leg_outcome_of(&views[0], &views[1]);
    return 0;
}

/* The guest goes on at the destination, so what is left at the source ends; as with any survivor
 * elsewhere. */
static int end_what_is_left(struct handover *h, const struct leg_outcome *outcome, GError **err)
{
    bool lives_here =
        outcome->survivor == (handover_is_source(h) ? VTMH__SURVIVOR__SURVIVOR_SOURCE
                                                    : VTMH__SURVIVOR__SURVIVOR_DESTINATION);
    if (lives_here || h->seat->is_uncertain)
        return 0;
    host_disown(h->seat->test->host, OWNED_GUEST, h->seat->name);
    return seat_end(h->seat, err);
}

/* A guest that has stayed here does its work, and has lost nothing. */
static int check_what_stayed(struct handover *h, const struct leg_outcome *outcome, GError **err)
{
    struct seat *seat = h->seat;
    if (!handover_is_source(h) || outcome->survivor != VTMH__SURVIVOR__SURVIVOR_SOURCE ||
        !seat->works)
        return 0;
    SEAT_DOING(seat, BLAME_PRODUCT, "checking the guest, which stayed");
    if (guest_check_work(seat->guest, deadline_in(seat_patience_ms(seat, STAYED_MS)), err) < 0)
        return -1;
    return memory_check_stayed(seat, h->record, err) < 0 ? -1
                                                         : said_check(seat, h->leg->number, err);
}

/* After settling a leg that may fail. Takes over the cause if it is the test's as well. */
static int conclude(struct handover *h, struct leg_outcome *outcome, GError **cause, GError **err)
{
    g_autoptr(GError) error = NULL;
    fiber_shield();
    int met = meet_outcome(h, outcome, &error);
    fiber_unshield();
    if (met < 0) {
        host_log(h->seat->test->host, VTMH__LOG_LEVEL__LOG_WARNING, role_of(h), h->seat->name,
                 "the other end does not say how leg %u ended: %s", h->leg->number, error->message);
        g_propagate_error(err, g_steal_pointer(cause));
        return -1;
    }
    g_free(h->record->status);
    h->record->status = g_strdup(leg_end_word(outcome->end));
    g_autofree char *text = leg_text(h->leg, outcome);
    host_log(h->seat->test->host, VTMH__LOG_LEVEL__LOG_INFO, role_of(h), h->seat->name,
             "leg %u, attempt %u: %s", h->leg->number, h->leg->attempt, text);
    if (leg_is_as_planned(h->leg, outcome))
        return end_what_is_left(h, outcome, err) < 0 ? -1 : check_what_stayed(h, outcome, err);
    g_prefix_error(cause, "leg %u of %s: %s: ", h->leg->number, h->seat->name, text);
    g_propagate_error(err, g_steal_pointer(cause));
    return -1;
}

/* A leg that has completed, and was or was not to do so. */
static int conclude_completed(const struct handover *h, struct leg_outcome *outcome, GError **err)
{
    *outcome = (struct leg_outcome){.end = VTMH__LEG_END__LEG_COMPLETED,
                                    .survivor = VTMH__SURVIVOR__SURVIVOR_DESTINATION};
    if (leg_is_as_planned(h->leg, outcome))
        return 0;
    g_autofree char *text = leg_text(h->leg, outcome);
    g_set_error(err, VM_ERROR, VM_ERROR_MIGRATION, "leg %u of %s: %s", h->leg->number,
                h->seat->name, text);
    return -1;
}

static Vtmh__Migration *new_record(const struct seat *seat, const struct agreement *agreement,
                                   const struct leg_plan *leg)
{
    Vtmh__Migration *record =
        test_add_migration(seat->test, seat->name, leg->number, leg->source, leg->destination);
    record->protocol = g_strdup(seat->request.protocol);
    if (seat->request.transport->guard != NULL)
        record->guard = g_strdup(seat->request.transport->guard);
    record->offline = seat->request.offline;
    record->one_clock = agreement->one_kernel;
    record->status = g_strdup("failed");
    record->attempt = leg->attempt;
    record->expected_ends = leg->expected_ends;
    record->expected_survivors = leg->expected_survivors;
    if (seat->vm != NULL) /* else the destination's, which says it when it is there */
        record->driver = g_strdup(vm_driver_name(seat->vm));
    move_options_record(seat->request.options, record);
    asked_record(&seat->request, record);
    return record;
}

/* The leg from first to last, on one of its hosts. */
static int run_and_settle(struct handover *h, struct leg_outcome *outcome, GError **err)
{
    g_autoptr(GError) error = run(h);
    if (error == NULL)
        return conclude_completed(h, outcome, err);
    /* A leg that had completed stays so: what failed then is a check of the guest. Nor was the
     * testbed's failure planned, or that something is not supported, or a script not carried out.
     */
    Vtmh__Status status = test_status_of(error);
    bool fails_test = h->step == HANDOVER_DONE || !leg_may_fail(h->leg) || h->has_script_failed ||
                      status == VTMH__STATUS__STATUS_ERROR || status == VTMH__STATUS__STATUS_SKIP;
    if (h->step != HANDOVER_DONE)
        leg_record_end(h->record, error);

    test_failing(h->seat->test, fails_test ? 0 : leg_scope(h->leg), error);
    if (handover_is_source(h))
        settle_source(h, &error);
    else
        settle_destination(h, &error);
    if (!fails_test)
        return conclude(h, outcome, &error, err);
    decline_outcome(h);
    g_propagate_error(err, g_steal_pointer(&error));
    return -1;
}

/* For what will be told of the leg. */
static int await_room(struct seat *seat, GError **err)
{
    struct test *test = seat->test;
    SEAT_DOING(seat, BLAME_TESTBED, "waiting for the records before to be written down");
    return test->ops->await_room(test->node, err);
}

int handover(struct seat *seat, const struct agreement *agreement, const struct leg_plan *leg,
             const struct work *work, struct leg_outcome *outcome, GError **err)
{
    static const struct work none;
    struct test *test = seat->test;
    *outcome = (struct leg_outcome){.end = VTMH__LEG_END__LEG_UNKNOWN,
                                    .survivor = VTMH__SURVIVOR__SURVIVOR_UNCERTAIN};
    if (test->self != leg->source && test->self != leg->destination)
        return network_gap_observe(seat, leg, err);
    if (fiber_is_cancelled()) /* nothing begins any more */
        return await_turn(err);
    if (await_room(seat, err) < 0)
        return -1;

    struct handover h = {
        .seat = seat,
        .agreement = agreement,
        .leg = leg,
        .work = work != NULL ? work : &none,
        .record = new_record(seat, agreement, leg),
        .step = HANDOVER_PREPARING,
        .members = {leg->source, leg->destination},
        .deadline = deadline_in(seat->request.timeout_ms),
        .started_us = g_get_monotonic_time(),
    };
    SEAT_IN_LEG(seat, leg->number);
    seat->is_in_leg = true;
    begin_moving(&h);
    int result = run_and_settle(&h, outcome, err);
    stop_moving(&h);
    seat->is_in_leg = false;
    channel_close(h.channel);
    disks_end(&h);
    prober_free(h.prober);
    g_free(h.guest);
    g_clear_error(&seat->end);
    test->ops->end_scope(test->node, leg_scope(leg)); /* settling has met in it once more */
    test_end_migration(test, h.record);
    leg_sample(seat, leg->number);
    return result;
}
