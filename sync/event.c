/*
 * Events, and the awaits on them. An event's waits hang in a circular list, the longest waiting
 * first. What ends a wait is decided at the moment it happens, not when the fiber runs: an event
 * that is reset, or a fiber that is cancelled, between the two does not undo it.
 */
#include "sync/fiber_private.h"

#define AWAIT_MAX 16

static void event_link(struct event_wait *wait)
{
    struct event_wait *first = wait->event->waits;

    if (!first) {
        wait->next = wait->prev = wait;
        wait->event->waits = wait;
        return;
    }
    wait->next = first;
    wait->prev = first->prev;
    first->prev->next = wait;
    first->prev = wait;
}

void event_unlink(struct event_wait *waits, unsigned n_waits)
{
    for (unsigned i = 0; i < n_waits; i++) {
        struct event_wait *wait = &waits[i];

        if (wait->next == wait) {
            wait->event->waits = NULL;
            continue;
        }
        wait->prev->next = wait->next;
        wait->next->prev = wait->prev;
        if (wait->event->waits == wait)
            wait->event->waits = wait->next;
    }
}

void event_set(struct event *event)
{
    event->is_set = true;
    while (event->waits)
        fiber_wake(event->waits->fiber, event->waits->index);
}

void event_reset(struct event *event)
{
    event->is_set = false;
}

/* Made anew where it is met: who cancelled was doing something else. */
static void set_cancelled(const struct fiber *fiber, GError **err)
{
    g_set_error_literal(err, SYNC_ERROR, SYNC_ERROR_CANCELLED, fiber->cancelled->message);
}

bool fiber_check_cancelled(struct fiber *fiber, GError **err)
{
    if (!fiber->cancelled || fiber->shields > 0)
        return false;
    set_cancelled(fiber, err);
    return true;
}

int await_any_at(struct await_place place, struct event *const events[], unsigned n,
                 int64_t deadline, GError **err)
{
    struct fiber *fiber = fiber_self();
    struct event_wait waits[AWAIT_MAX];
    int reason;

    g_assert(n <= AWAIT_MAX);
    if (fiber_check_cancelled(fiber, err))
        return -1;
    for (unsigned i = 0; i < n; i++) {
        if (event_is_set(events[i]))
            return (int)i;
    }
    for (unsigned i = 0; i < n; i++) {
        waits[i] = (struct event_wait){.event = events[i], .fiber = fiber, .index = (int)i};
        event_link(&waits[i]);
    }
    fiber->place = place;
    reason = fiber_wait(waits, n, deadline);
    if (reason >= 0)
        return reason;
    if (reason == FIBER_WOKEN_BY_CANCEL)
        set_cancelled(fiber, err);
    else
        g_set_error_literal(err, SYNC_ERROR, SYNC_ERROR_TIMEOUT, "timed out");
    return -1;
}

int await_event_at(struct await_place place, struct event *event, int64_t deadline, GError **err)
{
    return await_any_at(place, &event, 1, deadline, err);
}

int await_deadline_at(struct await_place place, int64_t deadline, GError **err)
{
    g_autoptr(GError) error = NULL;

    await_any_at(place, NULL, 0, deadline, &error);
    if (g_error_matches(error, SYNC_ERROR, SYNC_ERROR_TIMEOUT))
        return 0;
    g_propagate_error(err, g_steal_pointer(&error));
    return -1;
}
