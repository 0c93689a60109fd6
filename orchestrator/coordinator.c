#include "orchestrator/coordinator_private.h"

#include "orchestrator/description.h"
#include "orchestrator/trial_wire.h"
#include "sync/fiber_report.h"

#include <string.h>

#define REPORT_MS 90000 /* for an aborted test to be cleaned up and reported */

int64_t coordinator_book_ms(const struct coordinator *coordinator)
{
    return hold_time_ms(&coordinator->hold, coordinator_now_ms());
}

static void tell_fiber(void *arg, const char *line)
{
    const struct coordinator *coordinator = arg;
    g_autofree char *text = g_strconcat("fiber ", line, NULL);
    Vtmh__LogRecord record = VTMH__LOG_RECORD__INIT;
    record.time_us = g_get_real_time();
    record.level = VTMH__LOG_LEVEL__LOG_DEBUG;
    record.text = text;
    coordinator->listener.log(coordinator->listener.arg, coordinator->trial->result, NULL, &record);
}

/* The first abort that no host asked for: a meeting's time was over, or a member had left. */
static void keep_finding(struct trial *trial, const GPtrArray *actions)
{
    for (unsigned i = 0; i < actions->len && trial->n_failing == 0; i++) {
        const struct meeting_action *action = g_ptr_array_index(actions, i);
        const struct meeting_cause *cause = action->cause;
        if (action->kind == MEETING_ABORT && action->tag == NULL && trial->finding == NULL &&
            !cause->lost && (cause->origin < 0 || cause->timeout))
            trial->finding = cause;
    }
}

void coordinator_act(struct coordinator *coordinator, const GPtrArray *actions)
{
    g_autoptr(GError) error = NULL;
    if (trial_wire_act(coordinator->peers, actions, &error) < 0)
        coordinator_interrupt(coordinator, VTMH__STATUS__STATUS_ERROR, error->message);
    struct trial *trial = coordinator->trial;
    if (trial != NULL) {
        bool had_finding = trial->finding != NULL;
        keep_finding(trial, actions);
        if (!had_finding && trial->finding != NULL)
            fibers_tell_all(tell_fiber, coordinator);
    }
    if (trial != NULL && !trial->is_aborted &&
        meeting_cause(coordinator->book, trial->id, MEETING_TEST_SCOPE) != NULL) {
        trial->is_aborted = true;
        trial->report_by = deadline_in(REPORT_MS);
    }
    event_set(&coordinator->changed);
}

/* Has all that came written down, and says so to those who keep it until then. -1: it cannot be. */
static int flush(struct coordinator *coordinator, GError **err)
{
    struct trial *trial = coordinator->trial;
    const struct coordinator_listener *listener = &coordinator->listener;
    trial->n_unwritten = 0;
    trial->flush_at = DEADLINE_NEVER;
    if (listener->flush(listener->arg, err) < 0)
        return -1;
    for (unsigned i = 0; i < coordinator->n_peers; i++)
        trial_wire_written(coordinator->peers[i], trial->id,
                           trial_records_passed_on(trial->records, i));
    return 0;
}

void coordinator_go_on(struct coordinator *coordinator, bool forever)
{
    struct trial *trial = coordinator->trial;
    if (trial == NULL)
        return;
    int64_t stood_ms;
    g_autoptr(GPtrArray) points =
        hold_go_on(&coordinator->hold, forever, coordinator_now_ms(), &stood_ms);
    if (points == NULL)
        return;
    int64_t *const deadlines[] = {&trial->end_by, &trial->report_by, &trial->ends_soon};
    for (unsigned i = 0; i < G_N_ELEMENTS(deadlines); i++)
        if (*deadlines[i] != DEADLINE_NEVER)
            *deadlines[i] += stood_ms;
    for (unsigned i = 0; i < points->len; i++)
        trial_wire_go_on(coordinator->peers, coordinator->n_peers, trial->id,
                         g_ptr_array_index(points, i));
    event_set(&coordinator->changed);
}

/* Whether nobody is left to wait for. */
static bool is_over(const struct coordinator *coordinator)
{
    const struct trial *trial = coordinator->trial;
    for (unsigned i = 0; i < coordinator->n_peers; i++)
        if (trial->reports[i].done == NULL && !trial->reports[i].lost)
            return false;
    return true;
}

/* The test's time is over: who has not finished, and what it was doing. */
static void end_late_test(struct coordinator *coordinator)
{
    const struct trial *trial = coordinator->trial;
    g_autoptr(GString) message = g_string_new(NULL);
    const char *separator = "";
    g_string_printf(message, "the test took longer than test_timeout = %g s%s; still busy: ",
                    (double)trial->limit_ms / 1000.0,
                    trial->has_budget ? " to end after the job's time (--for) was over" : "");
    for (unsigned i = 0; i < coordinator->n_peers; i++) {
        const char *doing = coordinator->hearings[i].doing;
        if (trial->reports[i].done != NULL)
            continue;
        g_string_append_printf(message, "%s%s", separator, trial->reports[i].name);
        if (doing != NULL)
            g_string_append_printf(message, " (%s)", doing);
        separator = ", ";
    }
    fibers_tell_all(tell_fiber, coordinator);
    coordinator_interrupt(coordinator, VTMH__STATUS__STATUS_ERROR, message->str);
}

static void flush_if_due(struct coordinator *coordinator)
{
    const struct trial *trial = coordinator->trial;
    g_autoptr(GError) error = NULL;
    if (trial->n_unwritten < FLUSH_RECORDS && deadline_left(trial->flush_at) > 0)
        return;
    if (flush(coordinator, &error) < 0)
        coordinator_interrupt(coordinator, VTMH__STATUS__STATUS_ERROR, error->message);
}

/* Hosts that have fallen silent, meetings whose time is over, reports that do not come. */
static void look_around(struct coordinator *coordinator)
{
    struct trial *trial = coordinator->trial;
    for (unsigned i = 0; i < coordinator->n_peers; i++) {
        if (trial->reports[i].done != NULL || trial->reports[i].lost ||
            !link_is_lost(coordinator->peers[i]->link))
            continue;
        g_autofree char *message =
            g_strdup_printf("lost: not heard from for %.1f s",
                            (double)link_silence_ms(coordinator->peers[i]->link) / 1000.0);
        coordinator_lose_host(coordinator, i, message);
    }
    flush_if_due(coordinator);
    if (hold_is_on(&coordinator->hold))
        return;
    g_autoptr(GPtrArray) actions = meeting_actions_new();
    meeting_expire(coordinator->book, coordinator_book_ms(coordinator), actions);
    if (actions->len > 0)
        coordinator_act(coordinator, actions);
    if (!trial->is_aborted && deadline_left(trial->end_by) == 0)
        end_late_test(coordinator);
    if (!trial->is_aborted || deadline_left(trial->report_by) > 0)
        return;
    for (unsigned i = 0; i < coordinator->n_peers; i++)
        if (trial->reports[i].done == NULL)
            trial->reports[i].lost = true;
}

/* No host is past the leg behind the one that is known to have begun: it would have met in it. */
static void end_soon(struct coordinator *coordinator)
{
    struct trial *trial = coordinator->trial;
    trial->ends_soon = DEADLINE_NEVER;
    trial_wire_end_soon(coordinator->peers, coordinator->n_peers, trial->id, trial->leg + 1);
}

/* Waits for the next thing that look_around() or the caller must see. */
static void await_change(struct coordinator *coordinator)
{
    const struct trial *trial = coordinator->trial;
    if (hold_is_on(&coordinator->hold)) {
        await_event(&coordinator->changed, trial->flush_at, NULL);
        return;
    }
    int64_t expire = meeting_next_timeout(coordinator->book);
    int64_t deadline = expire == INT64_MAX
                           ? DEADLINE_NEVER
                           : deadline_in(MAX(expire - coordinator_book_ms(coordinator), 0) + 1);
    deadline = deadline_min(deadline, trial->flush_at);
    deadline = deadline_min(deadline, trial->is_aborted ? trial->report_by : trial->end_by);
    if (!trial->is_aborted)
        deadline = deadline_min(deadline, trial->ends_soon);
    await_event(&coordinator->changed, deadline, NULL);
}

static void tell_host(const struct hearing *hearing, bool is_up)
{
    const struct coordinator_listener *listener = &hearing->coordinator->listener;
    listener->host(listener->arg, peer_name(hearing->coordinator->peers[hearing->host]), is_up);
}

/* A fiber per host: wakes the one that waits in await_change() each time the host is lost. */
static int watch_loss(void *arg, GError **err)
{
    const struct hearing *hearing = arg;
    struct link *link = hearing->coordinator->peers[hearing->host]->link;
    for (;;) {
        if (!link_is_lost(link))
            tell_host(hearing, true);
        if (await_event(link_lost_event(link), DEADLINE_NEVER, err) < 0)
            return -1;
        tell_host(hearing, false);
        event_set(&hearing->coordinator->changed);
        if (await_event(link_alive_event(link), DEADLINE_NEVER, err) < 0)
            return -1;
    }
}

static void start_on_hosts(struct coordinator *coordinator, const struct params *params,
                           const struct trial_wishes *wishes)
{
    const struct trial *trial = coordinator->trial;
    for (unsigned i = 0; i < coordinator->n_peers; i++) {
        g_autoptr(GError) error = NULL;
        if (trial_wire_start(coordinator->peers, coordinator->n_peers, i, trial->id,
                             trial->result->name, params, wishes, &error) == 0)
            continue;
        /* It knows nothing of the test and so says nothing of it: we do in its place. */
        Vtmh__TestDone done = VTMH__TEST_DONE__INIT;
        done.test = trial->id;
        done.status = VTMH__STATUS__STATUS_ERROR;
        done.message = error->message;
        coordinator_hear_done(coordinator, i, &done);
    }
    /* Of one that is lost before it says, nobody knows. */
    for (unsigned i = 0; i < coordinator->n_peers; i++)
        coordinator->peers[i]->keeps_vms = true;
}

/* What the book holds against the test though no host failed: a meeting that timed out. */
static void take_own_cause(const struct coordinator *coordinator, struct own_cause *own)
{
    const struct trial *trial = coordinator->trial;
    *own = trial->own;
    const struct meeting_cause *cause = trial->finding;
    if (own->status != VTMH__STATUS__STATUS_NONE || cause == NULL)
        return;
    own->status = VTMH__STATUS__STATUS_ERROR;
    own->message = cause->message;
    own->host = cause->origin >= 0 ? trial->reports[cause->origin].name : NULL;
}

static void finish(struct coordinator *coordinator)
{
    struct trial *trial = coordinator->trial;
    struct own_cause own;
    g_autoptr(GError) unwritten = NULL;
    trial_records_close(trial->records);
    flush(coordinator, &unwritten);
    take_own_cause(coordinator, &own);
    trial_records_judge(trial->records, trial->reports, &own);
    if (unwritten != NULL)
        verdict_add(trial->result, VTMH__STATUS__STATUS_ERROR, NULL, unwritten->message);
    if (trial->wants_failed &&
        verdict_came_late(trial->result, trial->reports, coordinator->n_peers))
        test_result_note(trial->result, "no VM is held or kept (--hold, --keep): the test had "
                                        "passed on each host when it was found to fail");
    meeting_close_test(coordinator->book, trial->id);
    for (unsigned i = 0; i < coordinator->n_peers; i++) {
        if (trial->reports[i].done != NULL)
            vtmh__test_done__free_unpacked(trial->reports[i].done, NULL);
        g_free(trial->reports[i].nonsense);
    }
    trial_records_free(trial->records);
    g_free(trial->own_message);
    coordinator->trial = NULL;
}

/* A leg is done: all is told of it that will be. */
static void on_leg(void *arg, const struct leg_result *leg)
{
    const struct coordinator *coordinator = arg;
    const struct coordinator_listener *listener = &coordinator->listener;
    listener->leg(listener->arg, coordinator->trial->result, leg);
}

GStrv coordinator_hosts(const struct coordinator *coordinator)
{
    g_autoptr(GStrvBuilder) names = g_strv_builder_new();
    for (unsigned i = 0; i < coordinator->n_peers; i++)
        g_strv_builder_add(names, peer_name(coordinator->peers[i]));
    return g_strv_builder_end(names);
}

/* For the next test of each host, which does not go on with VMs of one that has failed. */
static void tell_failed(const struct coordinator *coordinator, Vtmh__Status status)
{
    bool failed = status != VTMH__STATUS__STATUS_PASS && status != VTMH__STATUS__STATUS_WARN &&
                  status != VTMH__STATUS__STATUS_SKIP;
    for (unsigned i = 0; i < coordinator->n_peers; i++)
        coordinator->peers[i]->failed_before = failed;
}

void coordinator_run_test(struct coordinator *coordinator, const struct params *params,
                          const struct trial_options *options, struct test_result *result)
{
    g_autofree struct host_report *reports = g_new0(struct host_report, coordinator->n_peers);
    struct trial trial = {.id = result->number, .result = result, .reports = reports};
    for (unsigned i = 0; i < coordinator->n_peers; i++) {
        reports[i].name = peer_name(coordinator->peers[i]);
        reports[i].kernel = coordinator->peers[i]->boot_id;
        g_clear_pointer(&coordinator->hearings[i].doing, g_free);
    }
    result->only_agree = options->wishes.only_agree;
    result->legs_max = (unsigned)description_number(params, "legs_in_results");
    trial.client = options->client;
    trial.records = trial_records_new(result, params, on_leg, coordinator);
    trial.flush_at = DEADLINE_NEVER;
    trial.limit_ms = description_duration_ms(params, "test_timeout");
    trial.wants_failed =
        options->wishes.keep ||
        (options->wishes.holds != NULL && g_strv_contains(options->wishes.holds, "on-failure"));
    trial.ends_soon = options->ends_soon;
    trial.has_budget = trial.ends_soon != DEADLINE_NEVER;
    trial.end_by =
        deadline_in(trial.limit_ms + (trial.has_budget ? deadline_left(trial.ends_soon) : 0));
    int64_t began_us = g_get_monotonic_time();
    result->start_us = g_get_real_time();

    /* A host that waits without having been told to would make time stand still for ever. */
    bool holds = options->wishes.holds != NULL && options->wishes.holds[0] != NULL;
    hold_begin_test(&coordinator->hold, holds);
    coordinator->trial = &trial;
    meeting_open_test(coordinator->book, trial.id, coordinator->n_peers,
                      (const char *const *)result->hosts);
    start_on_hosts(coordinator, params, &options->wishes);
    fiber_shield();
    struct scope *watchers = scope_open("hosts that may be lost");
    for (unsigned i = 0; i < coordinator->n_peers; i++)
        scope_spawn_detached(watchers, reports[i].name, watch_loss, &coordinator->hearings[i]);
    while (!is_over(coordinator)) {
        event_reset(&coordinator->changed);
        look_around(coordinator);
        if (!trial.is_aborted && deadline_left(trial.ends_soon) == 0)
            end_soon(coordinator);
        if (!is_over(coordinator))
            await_change(coordinator);
    }
    scope_abandon(watchers);
    fiber_unshield();
    finish(coordinator);
    tell_failed(coordinator, result->status);
    for (unsigned i = 0; trial.client != NULL && i < coordinator->n_peers; i++)
        client_end(trial.client, coordinator->peers[i]);
    int64_t elapsed_us = g_get_monotonic_time() - began_us;
    result->end_us = result->start_us + elapsed_us;
    result->elapsed_s = (double)elapsed_us / 1e6;
}

void coordinator_interrupt(struct coordinator *coordinator, Vtmh__Status status,
                           const char *message)
{
    struct trial *trial = coordinator->trial;
    g_autofree char *own_message = g_strdup(message);
    coordinator_go_on(coordinator, true);
    if (trial == NULL ||
        !own_cause_claim(&trial->own,
                         trial->finding != NULL || meeting_cause(coordinator->book, trial->id,
                                                                 MEETING_TEST_SCOPE) != NULL,
                         status, own_message))
        return;
    trial->own_message = g_steal_pointer(&own_message);
    g_autoptr(GPtrArray) actions = meeting_actions_new();
    meeting_abort(coordinator->book, trial->id, message, coordinator_book_ms(coordinator), actions);
    coordinator_act(coordinator, actions);
}

struct peer *coordinator_await_hosts(struct coordinator *coordinator, int64_t grace_ms)
{
    int64_t deadline = deadline_in(grace_ms);
    for (unsigned i = 0; i < coordinator->n_peers; i++) {
        struct peer *peer = coordinator->peers[i];
        if (!event_is_set(&peer->goodbye) &&
            await_event(link_alive_event(peer->link), deadline, NULL) == 0)
            continue;
        if (fiber_is_cancelled())
            return NULL;
        peer->is_gone = true;
        return peer;
    }
    return NULL;
}

struct coordinator *coordinator_new(struct peer *const *peers, unsigned n_peers,
                                    const struct coordinator_listener *listener)
{
    struct coordinator *coordinator = g_new0(struct coordinator, 1);
    coordinator->peers = g_memdup2(peers, n_peers * sizeof(struct peer *));
    coordinator->n_peers = n_peers;
    coordinator->listener = *listener;
    coordinator->book = meeting_book_new();
    hold_init(&coordinator->hold);
    coordinator->hearings = g_new(struct hearing, n_peers);
    for (unsigned i = 0; i < n_peers; i++) {
        coordinator->hearings[i] = (struct hearing){.coordinator = coordinator, .host = i};
        peers[i]->on_message = coordinator_hear;
        peers[i]->arg = coordinator;
        link_on_heartbeat(peers[i]->link, coordinator_hear_heartbeat, &coordinator->hearings[i]);
    }
    return coordinator;
}

void coordinator_free(struct coordinator *coordinator)
{
    if (coordinator == NULL)
        return;
    for (unsigned i = 0; i < coordinator->n_peers; i++) {
        coordinator->peers[i]->on_message = NULL;
        link_on_heartbeat(coordinator->peers[i]->link, NULL, NULL);
        g_free(coordinator->hearings[i].doing);
    }
    g_free(coordinator->hearings);
    meeting_book_free(coordinator->book);
    hold_clear(&coordinator->hold);
    g_free(coordinator->peers);
    g_free(coordinator);
}
