/*
 * A copy of a guest: what the simulated hypervisor does by itself. It behaves as QEMU 7.2 does
 * where it matters: events come in order, a cancelled or broken stream lets the source run on, a
 * destination whose stream breaks ends by itself, and a destination that has everything stays
 * paused until it is continued.
 */
#include "tests/unit/handover_world_private.h"

#include <string.h>

#define STEP_MS 15       /* of the stream: somebody can look meanwhile */
#define PRE_COPY_MS 5000 /* for a switch to post-copy */

#define POSTCOPY "postcopy-active"
#define BROKEN "postcopy-paused"

static bool is_same_guest(const struct copy *a, const struct copy *b)
{
    return strcmp(a->base.name, b->base.name) == 0;
}

static void tell_status(struct copy *copy, const char *status)
{
    g_strlcpy(copy->base.move_status, status, sizeof(copy->base.move_status));
    copy->base.is_postcopy = copy->base.is_postcopy || strcmp(status, POSTCOPY) == 0;
    event_set(&copy->base.move_changed);
}

bool copy_has_status(const struct copy *copy, const char *status)
{
    return strcmp(copy->base.move_status, status) == 0;
}

static void end_move(struct copy *copy, const char *status)
{
    tell_status(copy, status);
    if (copy_has_status(copy, "completed"))
        copy->base.completed_at_us = g_get_real_time();
    event_set(&copy->move_ended);
}

static void exit_copy(struct copy *copy)
{
    copy->state = COPY_GONE;
    event_reset(&copy->runs);
    stream_close(g_steal_pointer(&copy->line));
    event_set(&copy->exited);
}

bool copy_is_moving(const struct copy *copy)
{
    return copy_has_status(copy, "active") || copy_has_status(copy, POSTCOPY);
}

void copy_start(struct copy *copy)
{
    struct world *world = copy->world;
    if (copy->state == COPY_GONE || copy->state == COPY_RUNNING)
        return;
    copy->state = COPY_RUNNING;
    copy->ran_at = ++world->tick;
    copy->base.resumed_at_us = g_get_real_time();
    event_set(&copy->runs);
    world_did(world, "%s of %s runs", copy->base.name, copy->host->host.name);
    if (copy->peer != NULL && !copy->sends)
        world_reach(world, PHASE_RUNNING);
    for (unsigned i = 0; i < world->copies->len; i++) {
        const struct copy *other = g_ptr_array_index(world->copies, i);
        if (other == copy || !is_same_guest(other, copy))
            continue;
        if (other->state == COPY_RUNNING)
            world_broken(world, "%s runs on %s and on %s", copy->base.name, other->host->host.name,
                         copy->host->host.name);
        if (copy->held_at > 0 && other->ran_at > copy->held_at)
            world_broken(world, "%s on %s goes back in time: it has run on %s since",
                         copy->base.name, copy->host->host.name, other->host->host.name);
    }
}

static void stop_cpus(struct copy *copy, enum copy_state state)
{
    if (copy->state == COPY_GONE)
        return;
    if (copy->state == COPY_RUNNING) {
        copy->held_at = ++copy->world->tick;
        copy->base.stopped_at_us = g_get_real_time();
        event_reset(&copy->runs);
        event_set(&copy->base.halted);
    }
    copy->state = state;
}

void copy_pause(struct copy *copy)
{
    if (copy->state == COPY_RUNNING)
        stop_cpus(copy, COPY_PAUSED);
}

/* In post-copy neither end gives up: both wait for another stream. A source that has sent all of it
 * has failed, and does not go on. */
static bool break_in_postcopy(struct copy *copy, const char *status)
{
    bool breaks = copy_has_status(copy, POSTCOPY) && strcmp(status, "cancelled") != 0;
    if (breaks && copy->state != COPY_GONE) {
        event_reset(&copy->receives);
        end_move(copy, copy_has_status(copy->peer, "completed") ? "failed" : BROKEN);
    }
    return breaks;
}

/* The stream ended before all was over. */
static void end_stream(struct copy *source, const char *status)
{
    struct copy *destination = source->peer;
    if (copy_is_moving(source) && !break_in_postcopy(source, status)) {
        end_move(source, status);
        if (source->state == COPY_SENT && source->ran_before_move)
            copy_start(source);
        else if (source->state == COPY_SENT)
            source->state = COPY_PAUSED;
    }
    if (!copy_is_moving(destination))
        return;
    /* Where the way is cut, no word comes of it. */
    if (destination->state != COPY_GONE && !event_is_set(&source->world->way_is_free))
        return;
    if (break_in_postcopy(destination, "failed"))
        return;
    end_move(destination, "failed");
    exit_copy(destination);
}

void copy_break_stream(struct copy *source)
{
    if (source->peer != NULL)
        end_stream(source, "failed");
}

void copy_cancel_move(struct copy *copy)
{
    if (copy_is_moving(copy))
        end_stream(copy, "cancelled");
}

void copy_switch(struct copy *copy)
{
    if (copy_has_status(copy, "active"))
        event_set(&copy->switches);
}

void copy_pause_move(struct copy *copy)
{
    if (copy_has_status(copy, POSTCOPY))
        copy_break_stream(copy->sends ? copy : copy->peer);
}

bool copy_is_half(const struct copy *copy)
{
    return copy_has_status(copy, BROKEN) || copy_has_status(copy, POSTCOPY);
}

/* Its process ends, and with it a stream. */
void copy_end(struct copy *copy)
{
    struct copy *source = copy->sends ? copy : copy->peer;
    bool moves = copy_is_moving(copy);
    exit_copy(copy);
    if (copy->sends)
        world_reach(copy->world,
                    copy->world->phase == PHASE_RUNNING ? PHASE_RELEASED : copy->world->phase);
    if (!moves)
        return;
    tell_status(copy, "failed");
    /* The other end does not hear of it; in post-copy as its node holds the stream open. */
    if (copy != source &&
        (!event_is_set(&copy->world->way_is_free) || copy_has_status(source, POSTCOPY)))
        return;
    end_stream(source, "failed");
}

void copy_kill(struct copy *copy)
{
    world_did(copy->world, "%s on %s is killed", copy->base.name, copy->host->host.name);
    copy->was_killed = true;
    copy_end(copy);
}

void copy_panic(struct copy *copy)
{
    if (copy == NULL || copy->state != COPY_RUNNING)
        return;
    world_did(copy->world, "the guest of %s on %s panics", copy->base.name, copy->host->host.name);
    copy->base.act = VM_ACT_PANICKED;
    copy->base.acted_at_us = g_get_real_time();
    stop_cpus(copy, COPY_PAUSED);
    event_set(&copy->base.acted);
}

struct copy *copy_other(const struct copy *copy)
{
    for (unsigned i = copy->world->copies->len; i > 0; i--) {
        struct copy *other = g_ptr_array_index(copy->world->copies, i - 1);
        if (other != copy && other->state != COPY_GONE && is_same_guest(other, copy))
            return other;
    }
    return NULL;
}

struct copy *copy_last_on(const struct world *world, unsigned host)
{
    for (unsigned i = world->copies->len; i > 0; i--) {
        struct copy *copy = g_ptr_array_index(world->copies, i - 1);
        if (copy->host->index == host)
            return copy;
    }
    return NULL;
}

static void begin_move(struct copy *copy)
{
    copy->has_begun = true;
    copy->base.stopped_at_us = copy->base.resumed_at_us = copy->base.completed_at_us = 0;
    copy->base.is_postcopy = false;
    event_reset(&copy->move_ended);
    event_reset(&copy->switches);
    tell_status(copy, "setup");
}

void copy_listen(struct copy *copy)
{
    if (!copy_has_status(copy, BROKEN))
        begin_move(copy);
    event_set(&copy->receives);
}

/* The next step of the stream is done when both hosts live and bytes pass; false: it has ended. */
static bool await_step(struct copy *source, int64_t ms)
{
    if (await_deadline(deadline_in(ms), NULL) < 0 ||
        await_event(&source->world->way_is_free, DEADLINE_NEVER, NULL) < 0)
        return false;
    if (source->peer->state != COPY_GONE)
        return copy_is_moving(source);
    if (!copy_has_status(source, POSTCOPY)) /* which nobody could hear before */
        copy_break_stream(source);
    return false;
}

static void complete(struct copy *source)
{
    end_move(source, "completed");
    world_reach(source->world, PHASE_COMPLETED);
    world_point(source->host, source, "stream: source completed");
}

/* The guest's pages that are left, while it can run at the destination. */
static int stream_rest(void *arg, GError **err)
{
    struct copy *source = arg;
    struct copy *destination = source->peer;
    (void)err;
    world_point(source->host, source, "stream: pages in post-copy");
    if (!await_step(source, STEP_MS))
        return 0;
    end_move(destination, "completed");
    world_point(destination->host, destination, "stream: destination completed");
    if (await_step(source, STEP_MS))
        complete(source);
    return 0;
}

static void switch_over(struct copy *source)
{
    struct copy *destination = source->peer;
    world_reach(source->world, PHASE_MOVED);
    stop_cpus(source, COPY_SENT);
    tell_status(source, POSTCOPY);
    world_point(source->host, source, "stream: source switched");
    if (!await_step(source, STEP_MS))
        return;
    destination->state = COPY_PAUSED;
    destination->beats = source->beats;
    tell_status(destination, POSTCOPY);
    world_point(destination->host, destination, "stream: destination switched");
    if (await_step(source, STEP_MS))
        stream_rest(source, NULL);
}

/* Whether there was a switch, which a test of post-copy gives time for. */
static bool await_switch(struct copy *source)
{
    return source->world->setup->postcopy &&
           await_event(&source->switches, deadline_in(PRE_COPY_MS), NULL) == 0;
}

/* The stream, a step at a time. QEMU works on its own: nobody can cancel this but by its
 * commands. */
static int stream_over(void *arg, GError **err)
{
    struct copy *source = arg;
    struct copy *destination = source->peer;
    (void)err;
    world_point(source->host, source, "stream: pages");
    bool switches = await_switch(source);
    if (!await_step(source, STEP_MS))
        return 0;
    if (switches) {
        switch_over(source);
        return 0;
    }
    stop_cpus(source, COPY_SENT);
    world_point(source->host, source, "stream: source stopped");
    if (!await_step(source, STEP_MS))
        return 0;
    destination->state = COPY_PAUSED;
    destination->beats = source->beats;
    end_move(destination, "completed");
    world_point(destination->host, destination, "stream: destination completed");
    if (await_step(source, 0))
        complete(source);
    return 0;
}

/* A stream that broke in post-copy is replaced by another. */
static void go_on_over_another(struct copy *source)
{
    struct copy *destination = source->peer;
    if (!copy_has_status(destination, BROKEN) || !event_is_set(&destination->receives))
        return;
    event_reset(&source->move_ended);
    event_reset(&destination->move_ended);
    tell_status(source, POSTCOPY);
    tell_status(destination, POSTCOPY);
    scope_spawn_detached(source->world->scope, "stream", stream_rest, source);
}

void copy_begin_stream(struct copy *copy)
{
    if (copy_has_status(copy, BROKEN)) {
        go_on_over_another(copy);
        return;
    }
    struct copy *peer = copy_other(copy);
    begin_move(copy);
    copy->ran_before_move = copy->state == COPY_RUNNING;
    if (peer == NULL || peer->state != COPY_INCOMING || !peer->has_begun) {
        end_move(copy, "failed");
        return;
    }
    world_reach(copy->world, PHASE_MOVING);
    tell_status(copy, "active");
    tell_status(peer, "active");
    copy->peer = peer;
    copy->sends = true;
    peer->peer = copy;
    peer->sends = false;
    scope_spawn_detached(copy->world->scope, "stream", stream_over, copy);
}

void copy_look_last(struct copy *copy)
{
    copy->is_half_at_end = copy_is_half(copy);
    copy->runs_at_end = copy->state == COPY_RUNNING && !copy->is_half_at_end;
    copy->gone_at_end = copy->state == COPY_GONE;
}

void copies_reap(struct sim_host *host)
{
    for (unsigned i = 0; i < host->world->copies->len && host->is_dead; i++) {
        struct copy *copy = g_ptr_array_index(host->world->copies, i);
        if (copy->host != host || copy->is_freed)
            continue;
        copy_look_last(copy);
        copy->is_freed = true;
        copy_end(copy);
    }
}

void copies_free(GPtrArray *copies)
{
    for (unsigned i = 0; i < copies->len; i++) {
        struct copy *copy = g_ptr_array_index(copies, i);
        stream_close(copy->base.serial);
        stream_close(copy->line);
        g_free(copy->base.name);
        g_free(copy);
    }
    g_ptr_array_unref(copies);
}
