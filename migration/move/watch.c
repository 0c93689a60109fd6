#include "migration/move/watch.h"

#include "migration/evidence.h"
#include "migration/move/leg_record.h"
#include "migration/move/reach.h"
#include "migration/move/series.h"
#include "migration/move/stall.h"

#include <stdlib.h>
#include <unistd.h>

/* Looks are close to each other at first, so that a leg that fails at once has figures, too. */
#define FIRST_SAMPLE_MS 10
#define SAMPLE_MS 250
#define SOONEST_MS 20 /* after a look, the next one for another pass over the memory */
#define SLOW_STALLS 3 /* of mig_stall_timeout, and what the guest's memory adds: see stall.h */
#define ASK_MS 2500   /* a connection's packets are sent again after 1 s */

struct watched {
    struct seat *seat;
    Vtmh__Migration *leg;
    struct channel *channel;
    struct script_looks *looks; /* it is told of each look */
    const char *peer;           /* the other end's host */
    int64_t deadline;
    struct event completed;
    struct vm_move_stats last; /* the last look */
};

static int not_converged(const struct watched *watched, GError **err)
{
    g_autofree char *left =
        g_format_size_full((guint64)MAX(watched->last.remaining_bytes, 0), G_FORMAT_SIZE_IEC_UNITS);
    g_autofree char *rate =
        g_format_size_full((guint64)MAX(watched->last.bytes_per_s, 0), G_FORMAT_SIZE_IEC_UNITS);
    g_set_error(
        err, VM_ERROR, VM_ERROR_MIGRATION,
        "not converged within mig_timeout (%.0f s): %s left, at %s/s, after %" G_GINT64_FORMAT
        " dirty sync%s",
        (double)watched->seat->request.timeout_ms / 1000.0, left, rate, watched->last.dirty_syncs,
        watched->last.dirty_syncs == 1 ? "" : "s");
    return -1;
}

static int wait_for_end(void *arg, GError **err)
{
    struct watched *watched = arg;
    g_autoptr(GError) error = NULL;
    if (vm_await_migrated(watched->seat->vm, watched->deadline, &error) < 0) {
        if (g_error_matches(error, SYNC_ERROR, SYNC_ERROR_TIMEOUT))
            return not_converged(watched, err);
        g_propagate_error(err, g_steal_pointer(&error));
        return -1;
    }
    event_set(&watched->completed);
    return 0;
}

static int ask_other_host(const struct watched *watched, GError **err)
{
    const struct transport *transport = watched->channel->transport;
    return transport->probe == NULL ? 0
                                    : transport->probe(watched->channel, deadline_in(ASK_MS), err);
}

/*
 * What it means that no byte moves: whether the way to the other host is cut, or the hypervisors
 * have stopped, is seen by asking that host for a new connection. answers: of the hypervisor here.
 */
static int stalled(const struct watched *watched, bool answers, GError **err)
{
    const struct vm_move_stats *last = &watched->last;
    double stalled_s = (double)watched->seat->request.stall_ms / 1000.0;
    g_autoptr(GError) no_connection = NULL;
    if (!answers && vm_check_not_stopped(watched->seat->vm, err) < 0)
        return -1;
    int reached = ask_other_host(watched, &no_connection);
    if (reached < 0 && g_error_matches(no_connection, SYNC_ERROR, SYNC_ERROR_CANCELLED)) {
        g_propagate_error(err, g_steal_pointer(&no_connection));
        return -1;
    }
    if (event_is_set(&watched->completed)) /* meanwhile */
        return 0;
    if (reached < 0 && reach_is_silence(no_connection)) {
        g_set_error(err, VM_ERROR, VM_ERROR_UNREACHABLE,
                    "%s no longer reaches %s: no byte has moved for %.1f s "
                    "(mig_stall_timeout), and %s",
                    watched->seat->test->host->name, watched->peer, stalled_s,
                    no_connection->message);
        return -1;
    }
    g_autofree char *done =
        g_format_size_full((guint64)MAX(last->transferred_bytes, 0), G_FORMAT_SIZE_IEC_UNITS);
    g_autofree char *left =
        g_format_size_full((guint64)MAX(last->remaining_bytes, 0), G_FORMAT_SIZE_IEC_UNITS);
    g_set_error(err, VM_ERROR, VM_ERROR_MIGRATION,
                "no byte has moved for %.1f s (mig_stall_timeout): status %s, %s sent, %s left%s",
                stalled_s, last->status, done, left,
                answers ? "" : "; the hypervisor does not answer");
    /* Its own hypervisor's silence is told by this end alone; a stream has two. */
    if (answers && err != NULL)
        evidence_set(*err, VTMH__EVIDENCE__EVIDENCE_PEER, 0);
    return -1;
}

static int64_t now_ms(void)
{
    return g_get_monotonic_time() / 1000;
}

/* More that wants to run than CPUs there are, over the last minute. */
static bool host_is_overloaded(void)
{
    double load;
    return getloadavg(&load, 1) == 1 && load > (double)sysconf(_SC_NPROCESSORS_ONLN);
}

/* A hypervisor that works and does not answer: the host's fault where that is too busy. */
static int too_slow(const struct watched *watched, const struct stall *stall, GError **err)
{
    bool is_overloaded = host_is_overloaded();
    g_set_error(err, VM_ERROR, is_overloaded ? VM_ERROR_SLOW : VM_ERROR_MIGRATION,
                "the hypervisor of %s on %s has not answered for %.0f s, though it uses CPU%s",
                watched->seat->name, watched->seat->test->host->name,
                (double)(now_ms() - stall->answered_ms) / 1000.0,
                is_overloaded ? ": the host is overloaded" : "");
    return -1;
}

static int in_setup(const struct watched *watched, const struct stall *stall, GError **err)
{
    g_set_error(err, VM_ERROR, VM_ERROR_MIGRATION,
                "the migration of %s has not begun to flow within %.0f s: status %s",
                watched->seat->name, (double)(now_ms() - stall->began_ms) / 1000.0,
                watched->last.status);
    return -1;
}

static int judge(const struct watched *watched, const struct stall *stall,
                 enum stall_finding finding, GError **err)
{
    if (finding == STALL_NONE || event_is_set(&watched->completed))
        return 0;
    if (finding == STALL_SLOW)
        return too_slow(watched, stall, err);
    if (finding == STALL_SETUP)
        return in_setup(watched, stall, err);
    return stalled(watched, finding == STALL_BYTES, err);
}

/* One look at the statistics; an answer that does not come is judged as well. */
static int look(struct watched *watched, struct stall *stall, GError **err)
{
    struct seat *seat = watched->seat;
    struct vm_move_stats stats;
    g_autoptr(GError) unanswered = NULL;
    stall_ask(stall, now_ms(), vm_cpu_ms(seat->vm));
    if (vm_move_stats(seat->vm, &stats,
                      deadline_min(watched->deadline, deadline_in(seat->request.stall_ms)),
                      &unanswered) < 0) {
        if (!g_error_matches(unanswered, SYNC_ERROR, SYNC_ERROR_TIMEOUT)) {
            g_propagate_error(err, g_steal_pointer(&unanswered));
            return -1;
        }
        if (deadline_left(watched->deadline) == 0)
            return not_converged(watched, err);
        return judge(watched, stall, stall_unanswered(stall, now_ms(), vm_cpu_ms(seat->vm)), err);
    }
    seat_progress(seat, watched->leg, "migrating", &stats);
    leg_record_stats(watched->leg, &stats, seat->request.offline);
    series_add(seat, watched->leg, &stats);
    watched->last = watched->looks->last = stats;
    event_set(&watched->looks->changed);
    return judge(watched, stall,
                 stall_answered(stall, now_ms(), stats.status, stats.transferred_bytes), err);
}

/*
 * Waits until it is time for the next look: another pass has begun, or pause_ms have gone by. 1:
 * the migration has ended, 0: not yet, -1: cancelled.
 */
static int await_next(struct watched *watched, int64_t pause_ms, GError **err)
{
    struct event *const events[] = {&watched->completed, vm_move_passed(watched->seat->vm)};
    int64_t soonest = deadline_in(MIN(pause_ms, SOONEST_MS)), latest = deadline_in(pause_ms);
    g_autoptr(GError) waited = NULL;
    int which = await_any(events, 1, soonest, &waited);
    if (g_error_matches(waited, SYNC_ERROR, SYNC_ERROR_TIMEOUT)) {
        g_clear_error(&waited);
        which = await_any(events, G_N_ELEMENTS(events), latest, &waited);
    }
    event_reset(events[1]);
    if (waited == NULL)
        return which == 0;
    if (g_error_matches(waited, SYNC_ERROR, SYNC_ERROR_TIMEOUT))
        return 0;
    g_propagate_error(err, g_steal_pointer(&waited));
    return -1;
}

/* Samples until the end; statistics are looked at, never waited for. */
static int sample(void *arg, GError **err)
{
    struct watched *watched = arg;
    struct stall stall;
    stall_init(&stall, watched->seat->request.stall_ms,
               seat_patience_ms(watched->seat, SLOW_STALLS * watched->seat->request.stall_ms),
               now_ms());

    for (int64_t pause_ms = FIRST_SAMPLE_MS;; pause_ms = MIN(2 * pause_ms, SAMPLE_MS)) {
        int ended = await_next(watched, pause_ms, err);
        if (ended != 0)
            return ended > 0 ? 0 : -1;
        if (look(watched, &stall, err) < 0)
            return -1;
        if (event_is_set(&watched->completed))
            return 0;
    }
}

int watch_migration(struct seat *seat, Vtmh__Migration *leg, struct channel *channel,
                    const char *peer, int64_t deadline, struct script_looks *looks, GError **err)
{
    struct watched watched = {
        .seat = seat,
        .leg = leg,
        .channel = channel,
        .looks = looks,
        .peer = peer,
        .deadline = deadline,
        .completed = EVENT_INIT,
        .last = {.status = "unknown", .transferred_bytes = -1},
    };
    seat_progress(seat, leg, "migrating", NULL);
    struct scope *both = scope_open("migration");
    scope_spawn(both, "end", wait_for_end, &watched);
    scope_spawn(both, "sample", sample, &watched);
    return scope_close(both, err);
}
