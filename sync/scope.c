/* Scopes: who started which fiber, how failure spreads among siblings, and cancelling. */
#include "sync/fiber_private.h"

struct scope {
    char *name;
    struct fiber *owner;
    GQueue fibers;     /* that have not ended */
    struct event idle; /* there are none; looked at only after the first spawn */
    GError *first_error;
    GError *cancelled; /* later fibers begin cancelled */
};

const char *scope_name(const struct scope *scope)
{
    return scope->name;
}

static GError *cancelled_error(const GError *cause)
{
    return g_error_new_literal(SYNC_ERROR, SYNC_ERROR_CANCELLED,
                               cause ? cause->message : "cancelled");
}

struct scope *scope_open(const char *name)
{
    struct scope *scope = g_new0(struct scope, 1);

    scope->owner = fiber_self();
    scope->owner->open_scopes++;
    scope->name = g_strdup(name);
    return scope;
}

static struct fiber *spawn(struct scope *scope, const char *name, fiber_fn fn, void *arg,
                           bool is_detached)
{
    struct fiber *fiber = fiber_new(scope, name, fn, arg);

    fiber->is_detached = is_detached;
    if (scope->cancelled)
        fiber->cancelled = g_error_copy(scope->cancelled);
    g_queue_push_tail_link(&scope->fibers, &fiber->scope_link);
    event_reset(&scope->idle);
    return fiber;
}

struct fiber *scope_spawn(struct scope *scope, const char *name, fiber_fn fn, void *arg)
{
    return spawn(scope, name, fn, arg, false);
}

struct fiber *scope_spawn_detached(struct scope *scope, const char *name, fiber_fn fn, void *arg)
{
    return spawn(scope, name, fn, arg, true);
}

void scope_on_fiber_ended(struct scope *scope, struct fiber *fiber)
{
    bool only_cancelled =
        fiber->cancelled && g_error_matches(fiber->error, SYNC_ERROR, SYNC_ERROR_CANCELLED);

    if (fiber->result < 0 && !fiber->is_detached && !only_cancelled && !scope->first_error) {
        scope->first_error = g_error_copy(fiber->error);
        scope_cancel(scope, fiber->error);
    }
    g_queue_unlink(&scope->fibers, &fiber->scope_link);
    if (g_queue_is_empty(&scope->fibers))
        event_set(&scope->idle);
}

void scope_cancel(struct scope *scope, const GError *cause)
{
    if (!scope->cancelled)
        scope->cancelled = cancelled_error(cause);
    for (GList *link = scope->fibers.head; link; link = link->next)
        fiber_cancel(link->data, scope->cancelled);
}

int scope_close(struct scope *scope, GError **err)
{
    g_autoptr(GError) error = NULL;
    struct fiber *owner = fiber_self();

    if (owner != scope->owner)
        g_error("scope \"%s\" is closed by fiber \"%s\", which has not opened it", scope->name,
                owner->name);
    while (!g_queue_is_empty(&scope->fibers) && !error) {
        if (await_event_at(AWAIT_PLACE(scope->name), &scope->idle, DEADLINE_NEVER, &error) < 0)
            scope_cancel(scope, error);
    }
    fiber_shield();
    while (!g_queue_is_empty(&scope->fibers))
        await_event_at(AWAIT_PLACE(scope->name), &scope->idle, DEADLINE_NEVER, NULL);
    fiber_unshield();
    if (scope->first_error) {
        g_clear_error(&error);
        error = g_steal_pointer(&scope->first_error);
    }
    g_clear_error(&scope->cancelled);
    g_free(scope->name);
    g_free(scope);
    owner->open_scopes--;
    if (!error)
        return 0;
    g_propagate_error(err, g_steal_pointer(&error));
    return -1;
}

void scope_abandon(struct scope *scope)
{
    if (!scope)
        return;
    scope_cancel(scope, NULL);
    scope_close(scope, NULL);
}

int fiber_join(struct fiber *fiber, int64_t deadline, GError **err)
{
    g_autoptr(fiber) held = fiber_ref(fiber);

    if (await_event_at(AWAIT_PLACE(held->name), &held->ended, deadline, err) < 0)
        return -1;
    if (held->result < 0)
        g_propagate_error(err, g_error_copy(held->error));
    return held->result;
}

bool fiber_has_ended(const struct fiber *fiber)
{
    return fiber->state == FIBER_ENDED;
}

void fiber_cancel(struct fiber *fiber, const GError *cause)
{
    if (fiber->state == FIBER_ENDED || fiber->cancelled)
        return;
    fiber->cancelled = cancelled_error(cause);
    if (fiber->shields == 0)
        fiber_wake(fiber, FIBER_WOKEN_BY_CANCEL);
}

void fiber_shield(void)
{
    fiber_self()->shields++;
}

void fiber_unshield(void)
{
    struct fiber *fiber = fiber_self();

    g_assert(fiber->shields > 0);
    fiber->shields--;
}

bool fiber_is_cancelled(void)
{
    return fiber_self()->cancelled != NULL;
}
