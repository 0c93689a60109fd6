/*
 * A copy of a guest: its life, and what must never be. What the simulated hypervisor does while it
 * moves is in handover_sim_stream.c.
 */
#include "tests/unit/handover_world_private.h"

#include <string.h>

static bool is_same_guest(const struct copy *a, const struct copy *b)
{
    return strcmp(a->base.name, b->base.name) == 0;
}

void copy_exit(struct copy *copy)
{
    copy->state = COPY_GONE;
    event_reset(&copy->runs);
    stream_close(g_steal_pointer(&copy->line));
    event_set(&copy->exited);
}

void copy_start(struct copy *copy)
{
    struct world *world = copy->world;
    if (copy->state == COPY_GONE || copy->state == COPY_RUNNING)
        return;
    if (copy->state == COPY_GIVEN) {
        copy->refusal = "the migration is not finalized yet";
        return;
    }
    copy->state = COPY_RUNNING;
    copy->ran_at = ++world->tick;
    copy->base.resumed_at_us = g_get_monotonic_time();
    event_set(&copy->runs);
    world_did(world, "%s of %s runs", copy->base.name, copy->host->host.name);
    if (copy->peer != NULL && !copy->sends) {
        world_reach(world, copy->base.is_postcopy ? PHASE_TWO_HALVES : PHASE_RUNNING);
        if (!sim_node_owns_guest(copy->host, copy->base.name))
            world_wrong(world, "%s runs on %s, whose ledger does not have it", copy->base.name,
                        copy->host->host.name);
    }
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

void copy_stop_cpus(struct copy *copy, enum copy_state state)
{
    if (copy->state == COPY_GONE)
        return;
    if (copy->state == COPY_RUNNING) {
        copy->held_at = ++copy->world->tick;
        copy->base.stopped_at_us = g_get_monotonic_time();
        event_reset(&copy->runs);
        event_set(&copy->base.halted);
    }
    copy->state = state;
}

void copy_pause(struct copy *copy)
{
    if (copy->state == COPY_RUNNING)
        copy_stop_cpus(copy, COPY_PAUSED);
}

void copy_end(struct copy *copy)
{
    struct world *world = copy->world;
    copy_exit(copy);
    if (copy->sends &&
        (world->phase == PHASE_RUNNING || (world->phase == PHASE_MOVED && copy->base.is_postcopy)))
        world_reach(world, PHASE_RELEASED);
    copy_leave_stream(copy);
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
    copy->base.acted_at_us = g_get_monotonic_time();
    copy_stop_cpus(copy, COPY_PAUSED);
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

void copy_look_last(struct copy *copy)
{
    copy->halved_at_end = copy_is_half(copy);
    copy->runs_at_end = copy->state == COPY_RUNNING && !copy->halved_at_end;
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
