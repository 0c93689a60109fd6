#include "migration/move/watch.h"

#define SAMPLE_MS 250

struct watched {
    struct seat *seat;
    const Vtmh__Migration *leg;
    int64_t deadline;
    struct event completed;
};

static int wait_for_end(void *arg, GError **err)
{
    struct watched *watched = arg;
    if (vm_await_migrated(watched->seat->vm, watched->deadline, err) < 0) {
        g_prefix_error(err, "waiting for the migration to complete: ");
        return -1;
    }
    event_set(&watched->completed);
    return 0;
}

/* last: the last look, at which nothing had moved any more. */
static int stalled(const struct watched *watched, const struct vm_move_stats *last, bool answers,
                   GError **err)
{
    g_autofree char *done =
        g_format_size_full((guint64)MAX(last->transferred_bytes, 0), G_FORMAT_SIZE_IEC_UNITS);
    g_autofree char *left =
        g_format_size_full((guint64)MAX(last->remaining_bytes, 0), G_FORMAT_SIZE_IEC_UNITS);
    g_set_error(err, VM_ERROR, VM_ERROR_MIGRATION,
                "no byte has moved for %.1f s (mig_stall_timeout): status %s, %s sent, %s left%s",
                (double)watched->seat->request.stall_ms / 1000.0, last->status, done, left,
                answers ? "" : "; the hypervisor does not answer");
    return -1;
}

/* Samples until the end; statistics are looked at, never waited for. */
static int sample(void *arg, GError **err)
{
    struct watched *watched = arg;
    struct vm_move_stats last = {.status = "unknown", .transferred_bytes = -1};
    int64_t stall_at = deadline_in(watched->seat->request.stall_ms);
    struct event *const ended[] = {&watched->completed};

    for (;;) {
        g_autoptr(GError) waited = NULL;
        if (await_any(ended, 1, deadline_in(SAMPLE_MS), &waited) >= 0)
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
                return stalled(watched, &last, false, err);
            g_propagate_error(err, g_steal_pointer(&unanswered));
            return -1;
        }
        seat_progress(watched->seat, watched->leg, "migrating", &stats);
        if (stats.transferred_bytes != last.transferred_bytes)
            stall_at = deadline_in(watched->seat->request.stall_ms);
        else if (deadline_left(stall_at) == 0 && !event_is_set(&watched->completed))
            return stalled(watched, &stats, true, err);
        last = stats;
    }
}

int watch_migration(struct seat *seat, const Vtmh__Migration *leg, int64_t deadline, GError **err)
{
    struct watched watched = {
        .seat = seat, .leg = leg, .deadline = deadline, .completed = EVENT_INIT};
    seat_progress(seat, leg, "migrating", NULL);
    struct scope *both = scope_open("migration");
    scope_spawn(both, "end", wait_for_end, &watched);
    scope_spawn(both, "sample", sample, &watched);
    return scope_close(both, err);
}
