/*
 * What the managers of two simulated hosts do by themselves once the source's was called: the
 * destination's makes the copy there; all of the guest comes; the destination's has it complete,
 * paused, or starts it; the source's hears that, ends its own copy, and the call returns. They
 * behave as two libvirtd 9.0 do, peer to peer, where it matters:
 *
 * What fails before the source's has heard lets its guest run on, also when all has come: a held
 * copy stays where it is then, complete. One that is not complete ends. A copy that dies while it
 * is held is not missed: the source's is ended all the same.
 *
 * A manager that is killed leaves its hypervisors as they are, and answers nothing any more; the
 * other one sees the connection close.
 */
#include "tests/unit/handover_world_private.h"

#define STEP_MS 15 /* of the stream: somebody can look meanwhile */

struct call {
    struct copy *source;
    unsigned number; /* of the source's stream */
};

bool copy_is_managed(const struct copy *copy)
{
    return copy->world->setup->managed;
}

/* Whether the call is under way still, and the managers reach each other, after so long. */
static bool await_step(const struct call *call, int64_t ms)
{
    struct copy *source = call->source;
    return await_deadline(deadline_in(ms), NULL) == 0 &&
           await_event(&source->world->way_is_free, DEADLINE_NEVER, NULL) == 0 &&
           call->number == source->stream && copy_is_moving(source);
}

/* The source's own has heard that all is there. */
static void leave(struct copy *source)
{
    copy_stop_cpus(source, COPY_GONE);
    source->base.has_left = true;
    world_did(source->world, "the manager ends %s on %s", source->base.name,
              source->host->host.name);
}

static void finish(const struct call *call)
{
    struct copy *source = call->source;
    struct copy *destination = source->peer;
    struct world *world = source->world;
    copy_arrive(source);
    copy_end_move(destination, "completed");
    if (world->setup->lets_go && source->ran_before_move) {
        /* That no answer is lost in between is their promise. */
        copy_start(destination);
        leave(source);
    } else {
        world_point(destination->host, destination, "manager: it is held");
        if (!await_step(call, STEP_MS))
            return;
        leave(source);
    }
    world_point(source->host, source, "manager: the source has ended");
    if (source->host->is_unmanaged)
        return;
    copy_end_move(source, "completed");
    world_reach(world, PHASE_COMPLETED);
    world_point(source->host, source, "manager: the call returns");
}

static int carry_out(void *arg, GError **err)
{
    g_autofree struct call *call = arg;
    struct copy *source = call->source;
    struct copy *destination = source->peer;
    (void)err;
    world_point(source->host, source, "manager: is called");
    if (!await_step(call, STEP_MS) || destination->state != COPY_ABSENT ||
        destination->host->is_unmanaged) {
        if (copy_is_moving(source))
            copy_break_stream(source);
        return 0;
    }
    destination->state = COPY_INCOMING;
    copy_tell_status(destination, "active");
    world_point(destination->host, destination, "manager: has made it");
    if (!await_step(call, STEP_MS))
        return 0;
    world_point(source->host, source, "manager: pages");
    if (!await_step(call, STEP_MS))
        return 0;
    copy_stop_cpus(source, COPY_SENT);
    world_point(source->host, source, "manager: source stopped");
    if (await_step(call, STEP_MS))
        finish(call);
    return 0;
}

void copy_expect(struct copy *copy)
{
    copy_begin_move(copy);
}

void copy_begin_call(struct copy *copy)
{
    struct copy *peer = copy_other(copy);
    struct call *call;
    copy_begin_move(copy);
    copy->ran_before_move = copy->state == COPY_RUNNING;
    if (peer == NULL || peer->state != COPY_ABSENT || !peer->has_begun) {
        copy_end_move(copy, "failed");
        return;
    }
    world_reach(copy->world, PHASE_MOVING);
    copy_tell_status(copy, "active");
    copy->peer = peer;
    copy->sends = true;
    peer->peer = copy;
    peer->sends = false;
    call = g_new(struct call, 1);
    *call = (struct call){copy, ++copy->stream};
    scope_spawn_detached(copy->world->scope, "call", carry_out, call);
}

/* Too late when all is there; with nobody to reach it is only noted. */
void copy_cancel_call(struct copy *copy)
{
    if (copy_is_moving(copy) && copy_reaches_peer(copy) &&
        !copy_has_status(copy->peer, "completed"))
        copy_break_stream(copy);
}

/* The end of a copy that moves, of those of the host. */
static struct copy *moving_on(const struct sim_host *host)
{
    struct copy *copy = copy_last_on(host->world, host->index);
    return copy != NULL && copy_is_managed(copy) && copy->peer != NULL &&
                   (copy_is_moving(copy) || copy_is_moving(copy->peer))
               ? copy
               : NULL;
}

/* Its node sees the connection to the manager close. */
static void lose_manager(struct copy *copy)
{
    if (copy->has_begun && !copy->base.has_left && !copy_has_status(copy, "completed"))
        copy_end_move(copy, "failed");
}

/* The other end's has nobody to speak to: what is not complete there ends, and the hypervisor here
 * goes on by itself. */
static void lose_caller(struct copy *source)
{
    struct copy *destination = source->peer;
    source->stream++;
    if (copy_is_moving(destination)) {
        copy_end_move(destination, "failed");
        if (destination->state != COPY_ABSENT)
            copy_exit(destination);
        if (source->state == COPY_SENT)
            copy_start(source);
    }
}

bool manager_kill(struct sim_host *host)
{
    struct copy *moving = moving_on(host);
    if (!host->world->setup->managed || host->is_unmanaged)
        return false;
    host->is_unmanaged = true;
    if (moving != NULL && moving->sends)
        lose_caller(moving);
    for (unsigned i = 0; i < host->world->copies->len; i++) {
        struct copy *copy = g_ptr_array_index(host->world->copies, i);
        if (copy->host == host && !copy->is_freed)
            lose_manager(copy);
    }
    if (moving != NULL && !moving->sends)
        copy_break_stream(moving->peer);
    return true;
}

void manager_lose_node(struct sim_host *host)
{
    struct copy *copy = moving_on(host);
    if (copy != NULL && !host->world->setup->is_direct)
        copy_break_stream(copy->sends ? copy : copy->peer);
}
