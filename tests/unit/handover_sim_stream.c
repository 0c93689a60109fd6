/*
 * The stream between two copies of a guest: what simulated hypervisors do by themselves while it
 * moves. They behave as QEMU 7.2 does where it matters: events come in order; a cancelled or broken
 * stream lets the source run on; a destination whose stream breaks ends by itself; one that has
 * everything stays paused until it is continued.
 *
 * In post-copy the source stops, then sends what the destination needs to run the guest, which it
 * does when it is continued. A stream that breaks before that was sent has changed nothing; after
 * it each end that sees the break waits for another stream, and can neither be continued nor
 * cancelled. Cancelling before has the source keep the guest, which ends the one over there.
 *
 * An end whose peer has gone does not see that while the peer's node holds the stream open.
 */
#include "tests/unit/handover_world_private.h"

#include <string.h>

#define STEP_MS 15 /* of the stream: somebody can look meanwhile */

#define POSTCOPY "postcopy-active"
#define BROKEN "postcopy-paused"
#define RECOVER "postcopy-recover"

void copy_tell_status(struct copy *copy, const char *status)
{
    g_strlcpy(copy->base.move_status, status, sizeof(copy->base.move_status));
    event_set(&copy->base.move_changed);
}

bool copy_has_status(const struct copy *copy, const char *status)
{
    return strcmp(copy->base.move_status, status) == 0;
}

bool copy_is_moving(const struct copy *copy)
{
    return copy_has_status(copy, "active") || copy_has_status(copy, POSTCOPY) ||
           copy_has_status(copy, RECOVER);
}

bool copy_is_broken(const struct copy *copy)
{
    return copy_has_status(copy, BROKEN);
}

bool copy_is_half(const struct copy *copy)
{
    return copy->base.is_postcopy && !copy->sends && !copy_has_status(copy, "completed");
}

void copy_end_move(struct copy *copy, const char *status)
{
    copy_tell_status(copy, status);
    if (copy_has_status(copy, "completed"))
        copy->base.completed_at_us = g_get_monotonic_time();
    event_set(&copy->move_ended);
}

/* Post-copy waits for another stream. */
static void await_another(struct copy *copy)
{
    copy_end_move(copy, BROKEN);
}

static void end_at_source(struct copy *source, const char *status)
{
    if (source->is_given) {
        await_another(source);
        return;
    }
    bool is_stopped = source->state == COPY_SENT || source->state == COPY_GIVEN;
    copy_end_move(source, status);
    if (is_stopped)
        source->state = source->ran_before_move ? COPY_SENT : COPY_PAUSED;
    if (is_stopped && source->ran_before_move)
        copy_start(source);
}

static void end_at_destination(struct copy *destination)
{
    if (copy_is_half(destination)) {
        await_another(destination);
        return;
    }
    copy_end_move(destination, "failed");
    copy_exit(destination);
}

static struct copy *source_of(struct copy *copy)
{
    return copy->sends ? copy : copy->peer;
}

/* Whether what one end does to the stream comes to the other. */
bool copy_reaches_peer(struct copy *copy)
{
    return event_is_set(&copy->world->way_is_free) && !source_of(copy)->is_severed;
}

/* The stream has ended before all was over, as this end sees. */
static void end_here(struct copy *copy, const char *status)
{
    source_of(copy)->stream++;
    event_reset(&copy->receives);
    if (!copy_is_moving(copy))
        return;
    world_did(copy->world, "the stream of %s ends at %s", copy->base.name, copy->host->host.name);
    if (copy->sends)
        end_at_source(copy, status);
    else
        end_at_destination(copy);
}

/* The other end sees it, too, unless the way is cut, so that no word comes of it. */
static void end_both(struct copy *copy, const char *status)
{
    struct copy *peer = copy->peer;
    end_here(copy, status);
    if (peer->state == COPY_GONE || copy_reaches_peer(copy))
        end_here(peer, "failed");
}

void copy_break_stream(struct copy *copy)
{
    if (copy->peer != NULL)
        end_both(copy, "failed");
}

void copy_break_end(struct copy *copy)
{
    if (copy->peer == NULL)
        return;
    source_of(copy)->is_severed = true;
    end_here(copy, "failed");
}

void copy_cancel_move(struct copy *copy)
{
    if (copy_is_broken(copy) || copy_has_status(copy, RECOVER)) {
        copy->refusal = "it would be cancelling for ever";
        return;
    }
    if (!copy_is_moving(copy))
        return;
    if (copy->is_given && copy->peer->state != COPY_GONE)
        world_wrong(copy->world, "%s is cancelled in post-copy, which ends the guest on %s",
                    copy->base.name, copy->peer->host->host.name);
    if (copy_has_status(copy, POSTCOPY)) { /* it goes on when it is continued */
        copy->stream++;
        copy->state = COPY_SENT;
        copy_end_move(copy, "cancelled");
        return;
    }
    end_both(copy, "cancelled");
}

void copy_leave_stream(struct copy *copy)
{
    if (!copy_is_moving(copy))
        return;
    copy->is_held = copy->base.is_postcopy && copy->n_channels > 0 && !copy->was_killed;
    copy_tell_status(copy, "failed");
    if (copy->is_held)
        return;
    if (copy->sends || copy_reaches_peer(copy))
        end_both(copy, "failed");
}

void copy_close_channel(struct copy *copy)
{
    bool is_end = copy->is_held || copy_is_broken(copy); /* of what the peer may have taken */
    if (--copy->n_channels > 0 || !is_end)
        return;
    copy->is_held = false;
    if (copy_reaches_peer(copy))
        end_here(copy->peer, "failed");
}

/* One stream of a source; another takes its place when it has broken. */
struct flow {
    struct copy *source;
    unsigned number;
};

/* The next step of the stream is done when both hosts live and bytes pass; false: it has ended. */
static bool await_step(const struct flow *flow, int64_t ms)
{
    struct copy *source = flow->source;
    if (await_deadline(deadline_in(ms), NULL) < 0 ||
        await_event(&source->world->way_is_free, DEADLINE_NEVER, NULL) < 0 ||
        flow->number != source->stream || !copy_is_moving(source))
        return false;
    if (source->peer->state == COPY_GONE && !source->peer->is_held)
        copy_break_stream(source); /* which nobody could hear before */
    return source->peer->state != COPY_GONE;
}

/* The pages flow, for a while or until post-copy is asked for. */
static bool await_pages(const struct flow *flow)
{
    struct event *asked = &flow->source->switch_asked;
    g_autoptr(GError) error = NULL;
    await_event(asked, deadline_in(STEP_MS), &error);
    return g_error_matches(error, SYNC_ERROR, SYNC_ERROR_CANCELLED) ? false : await_step(flow, 0);
}

static void complete(const struct flow *flow)
{
    struct copy *source = flow->source;
    struct copy *destination = source->peer;
    copy_end_move(destination, "completed");
    world_point(destination->host, destination, "stream: destination completed");
    if (!await_step(flow, 0))
        return;
    source->state = COPY_SENT;
    copy_end_move(source, "completed");
    world_reach(source->world, PHASE_COMPLETED);
    world_point(source->host, source, "stream: source completed");
}

void copy_arrive(struct copy *source)
{
    source->peer->state = COPY_PAUSED;
    source->peer->beats = source->beats;
}

static void go_on_in_postcopy(const struct flow *flow)
{
    world_point(flow->source->host, flow->source, "stream: more pages");
    if (await_step(flow, STEP_MS))
        complete(flow);
}

static void enter_postcopy(struct copy *copy)
{
    copy->base.is_postcopy = true;
    copy_tell_status(copy, POSTCOPY);
}

static void switch_over(const struct flow *flow)
{
    struct copy *source = flow->source;
    struct copy *destination = source->peer;
    copy_stop_cpus(source, COPY_GIVEN);
    enter_postcopy(source);
    world_reach(source->world, PHASE_SWITCHED);
    if (!sim_node_owns_guest(destination->host, source->base.name))
        world_wrong(source->world, "%s is given up on %s, and not owned on %s", source->base.name,
                    source->host->host.name, destination->host->host.name);
    world_point(source->host, source, "stream: source switched");
    if (!await_step(flow, 1))
        return;
    source->is_given = true;
    world_reach(source->world, PHASE_GIVEN);
    world_point(source->host, source, "stream: state sent");
    if (!await_step(flow, 1))
        return;
    copy_arrive(source);
    enter_postcopy(destination);
    world_point(destination->host, destination, "stream: destination switched");
    if (await_step(flow, STEP_MS))
        go_on_in_postcopy(flow);
}

/* The stream, a step at a time. QEMU works on its own: nobody can cancel this but by its
 * commands. */
static int flow_over(void *arg, GError **err)
{
    g_autofree struct flow *flow = arg;
    struct copy *source = flow->source;
    (void)err;
    world_point(source->host, source, "stream: pages");
    if (!await_pages(flow))
        return 0;
    if (event_is_set(&source->switch_asked)) {
        switch_over(flow);
        return 0;
    }
    copy_stop_cpus(source, COPY_SENT);
    world_point(source->host, source, "stream: source stopped");
    if (!await_step(flow, STEP_MS))
        return 0;
    copy_arrive(source);
    complete(flow);
    return 0;
}

/* Another stream of one that broke in post-copy. */
static int flow_again(void *arg, GError **err)
{
    g_autofree struct flow *flow = arg;
    struct copy *source = flow->source;
    (void)err;
    world_point(source->host, source, "stream: begins again");
    if (!await_step(flow, 1))
        return 0;
    enter_postcopy(source);
    enter_postcopy(source->peer);
    go_on_in_postcopy(flow);
    return 0;
}

static void spawn_flow(struct copy *source, fiber_fn over)
{
    struct flow *flow = g_new(struct flow, 1);
    *flow = (struct flow){source, ++source->stream};
    scope_spawn_detached(source->world->scope, "stream", over, flow);
}

void copy_connect(struct copy *source, struct copy *destination)
{
    source->is_severed = false;
    event_set(&source->receives);
    event_set(&destination->receives);
}

void copy_begin_move(struct copy *copy)
{
    copy->has_begun = true;
    copy->is_given = false;
    copy->base.is_postcopy = copy->base.has_left = false;
    copy->base.stopped_at_us = copy->base.resumed_at_us = copy->base.completed_at_us = 0;
    event_reset(&copy->switch_asked);
    event_reset(&copy->move_ended);
    copy_tell_status(copy, "setup");
}

/* The stream is there, unless it has broken since; it flows when both have taken it. */
static void go_on_over_another(struct copy *copy)
{
    event_reset(&copy->move_ended);
    copy_tell_status(copy, RECOVER);
    if (!event_is_set(&copy->receives))
        await_another(copy);
    else if (copy_has_status(copy->peer, RECOVER))
        spawn_flow(copy->sends ? copy : copy->peer, flow_again);
}

void copy_listen(struct copy *copy)
{
    if (copy_is_broken(copy)) {
        go_on_over_another(copy);
        return;
    }
    if (copy_is_moving(copy)) {
        copy->refusal = "it receives already";
        return;
    }
    copy_begin_move(copy);
    event_set(&copy->receives);
}

void copy_begin_stream(struct copy *copy)
{
    struct copy *peer = copy_other(copy);
    if (copy_is_broken(copy)) {
        go_on_over_another(copy);
        return;
    }
    copy_begin_move(copy);
    copy->ran_before_move = copy->state == COPY_RUNNING;
    if (peer == NULL || peer->state != COPY_INCOMING || !peer->has_begun) {
        copy_end_move(copy, "failed");
        return;
    }
    world_reach(copy->world, PHASE_MOVING);
    copy_tell_status(copy, "active");
    copy_tell_status(peer, "active");
    copy->peer = peer;
    copy->sends = true;
    peer->peer = copy;
    peer->sends = false;
    spawn_flow(copy, flow_over);
}

void copy_ask_postcopy(struct copy *copy)
{
    if (copy_has_status(copy, "active"))
        event_set(&copy->switch_asked);
    else
        copy->refusal = "no migration is active";
}

void copy_pause_postcopy(struct copy *copy)
{
    if (copy_has_status(copy, POSTCOPY))
        copy_break_stream(copy);
    else
        copy->refusal = "the migration is not in post-copy";
}
