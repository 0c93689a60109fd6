#include "migration/move/watch.h"

#include "migration/move/leg_record.h"
#include "migration/move/reach.h"

/* Looks are close to each other at first, so that a leg that fails at once has figures, too. */
#define FIRST_SAMPLE_MS 10
#define SAMPLE_MS 250
#define ASK_MS 2500 /* a connection's packets are sent again after 1 s */

struct watched {
    struct seat *seat;
    Vtmh__Migration *leg;
    const struct watch_peer *peer;
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
        " dirty syncs",
        (double)watched->seat->request.timeout_ms / 1000.0, left, rate, watched->last.dirty_syncs);
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

/*
 * What it means that no byte moves: whether the way to the other host is cut, or the hypervisors
 * have stopped, is seen by asking that host for a new connection. answers: of the hypervisor here.
 */
static int stalled(const struct watched *watched, bool answers, GError **err)
{
    const struct vm_move_stats *last = &watched->last;
    const struct watch_peer *peer = watched->peer;
    double stalled_s = (double)watched->seat->request.stall_ms / 1000.0;
    g_autoptr(GError) no_connection = NULL;
    int reached = reach_try(peer->address, peer->port, deadline_in(ASK_MS), &no_connection);
    if (reached < 0 && g_error_matches(no_connection, SYNC_ERROR, SYNC_ERROR_CANCELLED)) {
        g_propagate_error(err, g_steal_pointer(&no_connection));
        return -1;
    }
    if (event_is_set(&watched->completed)) /* meanwhile */
        return 0;
    if (reached < 0 && reach_is_silence(no_connection)) {
        g_set_error(err, VM_ERROR, VM_ERROR_UNREACHABLE,
                    "%s does not reach %s any more: no byte has moved for %.1f s "
                    "(mig_stall_timeout), and %s",
                    watched->seat->test->host->name, peer->name, stalled_s, no_connection->message);
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
    return -1;
}

/* Samples until the end; statistics are looked at, never waited for. */
static int sample(void *arg, GError **err)
{
    struct watched *watched = arg;
    int64_t stall_at = deadline_in(watched->seat->request.stall_ms);
    struct event *const ended[] = {&watched->completed};

    for (int64_t pause_ms = FIRST_SAMPLE_MS;; pause_ms = MIN(2 * pause_ms, SAMPLE_MS)) {
        g_autoptr(GError) waited = NULL;
        if (await_any(ended, 1, deadline_in(pause_ms), &waited) >= 0)
            return 0;
        if (!g_error_matches(waited, SYNC_ERROR, SYNC_ERROR_TIMEOUT)) {
            g_propagate_error(err, g_steal_pointer(&waited));
            return -1;
        }
        struct vm_move_stats stats;
        g_autoptr(GError) unanswered = NULL;
        if (vm_move_stats(watched->seat->vm, &stats, deadline_min(watched->deadline, stall_at),
                          &unanswered) < 0) {
            if (g_error_matches(unanswered, SYNC_ERROR, SYNC_ERROR_TIMEOUT))
                return deadline_left(watched->deadline) == 0 ? not_converged(watched, err)
                                                             : stalled(watched, false, err);
            g_propagate_error(err, g_steal_pointer(&unanswered));
            return -1;
        }
        seat_progress(watched->seat, watched->leg, "migrating", &stats);
        leg_record_stats(watched->leg, &stats, watched->seat->request.offline);
        if (stats.transferred_bytes != watched->last.transferred_bytes)
            stall_at = deadline_in(watched->seat->request.stall_ms);
        else if (deadline_left(stall_at) == 0 && !event_is_set(&watched->completed))
            return stalled(watched, true, err);
        watched->last = stats;
    }
}

int watch_migration(struct seat *seat, Vtmh__Migration *leg, const struct watch_peer *peer,
                    int64_t deadline, GError **err)
{
    struct watched watched = {
        .seat = seat,
        .leg = leg,
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
