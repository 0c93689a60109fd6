/* The coordinator of the world, with the links to its hosts: the product's meeting book, and what
 * is around it. */
#include "orchestrator/answer.h"
#include "tests/unit/handover_world_private.h"

#include <string.h>

#define SLOW_TURNS 6 /* by which messages to the slow host are late */

/* A message on its way to a host. */
struct delivery {
    GPtrArray *actions; /* keeps the action alive */
    const struct meeting_action *action;
};

static void free_delivery(gpointer data)
{
    struct delivery *delivery = data;
    g_ptr_array_unref(delivery->actions);
    g_free(delivery);
}

/* The leg is that far when the book says so, though nobody has heard it yet. */
static void see_release(struct world *world, const struct meeting_action *action)
{
    if (action->kind != MEETING_RELEASE)
        return;
    if (g_str_has_prefix(action->tag, "ready "))
        world_reach(world, PHASE_READY);
    if (g_str_has_prefix(action->tag, "switch "))
        world_reach(world, PHASE_SWITCHING);
    if (g_str_has_prefix(action->tag, "moved "))
        world_reach(world, PHASE_MOVED);
}

static void act(struct world *world, GPtrArray *actions)
{
    if (world->failing_ms < 0 && meeting_cause(world->book, WORLD_TEST, MEETING_TEST_SCOPE) != NULL)
        world->failing_ms = sim_clock_now_ms();
    for (unsigned i = 0; i < actions->len; i++) {
        const struct meeting_action *action = g_ptr_array_index(actions, i);
        struct delivery *delivery = g_new0(struct delivery, 1);
        see_release(world, action);
        delivery->actions = g_ptr_array_ref(actions);
        delivery->action = action;
        mailbox_put(world->hosts[action->to].inbox, delivery);
    }
    g_ptr_array_unref(actions);
}

static void answer(struct sim_host *host, const struct meeting_action *action)
{
    struct answer answer;
    answer_init(&answer, action);
    if (action->kind == MEETING_RELEASE)
        meetings_release(host->meetings, &answer.release);
    else
        meetings_abort(host->meetings, &answer.abort);
    answer_clear(&answer);
}

static void deliver(struct sim_host *host, const struct meeting_action *action)
{
    if (action->kind == MEETING_RELEASE) {
        world_did(host->world, "%s is released from '%s'", host->host.name, action->tag);
        answer(host, action);
        return;
    }
    world_did(host->world, "%s hears the abort of %s: %s", host->host.name,
              action->tag != NULL ? action->tag : "the test", action->cause->message);
    if (action->tag == NULL && action->scope == MEETING_TEST_SCOPE) {
        host->heard_ms = sim_clock_now_ms();
        g_autoptr(GError) error =
            g_error_new_literal(SYNC_ERROR, SYNC_ERROR_CANCELLED, action->cause->message);
        if (host->scenario != NULL)
            fiber_cancel(host->scenario, error);
        return;
    }
    answer(host, action);
}

static bool is_silent(const struct sim_host *host)
{
    return host->is_cut || host->is_dead || host->world->has_no_coordinator;
}

int coordinator_carry(void *arg, GError **err)
{
    struct sim_host *host = arg;
    const struct world *world = host->world;
    for (;;) {
        struct delivery *delivery = mailbox_take(host->inbox, DEADLINE_NEVER, err);
        if (delivery == NULL)
            return -1;
        for (int i = 0; world->setup->slow_host == (int)host->index && i < SLOW_TURNS; i++)
            await_turn(NULL);
        if (world_node_goes_on(host) == 0 && !is_silent(host) && !host->has_ended)
            deliver(host, delivery->action);
        free_delivery(delivery);
    }
}

static void on_arrive(struct sim_host *host, const Vtmh__Arrive *arrive)
{
    struct world *world = host->world;
    GPtrArray *actions = meeting_actions_new();
    g_autoptr(GBytes) payload = g_bytes_new(arrive->payload.data, arrive->payload.len);
    struct meeting_arrival arrival = {
        .test = WORLD_TEST,
        .tag = arrive->tag,
        .scope = arrive->scope,
        .use = arrive->use,
        .settle = arrive->settle,
        .host = host->index,
        .timeout_ms = arrive->timeout_ms,
        .payload = payload,
    };
    for (size_t i = 0; i < arrive->n_members; i++)
        arrival.members.bits[0] |= (uint64_t)1 << arrive->members[i];
    meeting_arrive(world->book, &arrival, sim_clock_now_ms(), actions);
    act(world, actions);
}

/* What the product's meetings.c sends. */
void node_send(struct node *node, const Vtmh__Envelope *envelope)
{
    struct sim_host *host = (struct sim_host *)node;
    g_assert(envelope->body_case == VTMH__ENVELOPE__BODY_ARRIVE);
    world_did(host->world, "%s arrives at '%s'", host->host.name, envelope->arrive->tag);
    if (!is_silent(host))
        on_arrive(host, envelope->arrive);
}

void coordinator_hears_failure(struct sim_host *host, uint64_t scope, const char *message)
{
    struct world *world = host->world;
    if (is_silent(host))
        return;
    GPtrArray *actions = meeting_actions_new();
    if (host->told == 0 && scope == MEETING_TEST_SCOPE)
        host->told = ++world->n_told;
    meeting_fail(world->book, WORLD_TEST, scope, host->index, message, sim_clock_now_ms(), actions);
    act(world, actions);
}

void coordinator_hears_end(struct sim_host *host)
{
    if (is_silent(host))
        return;
    GPtrArray *actions = meeting_actions_new();
    meeting_leave(host->world->book, WORLD_TEST, host->index, sim_clock_now_ms(), actions);
    act(host->world, actions);
}

void coordinator_interrupt(struct world *world)
{
    if (world->has_no_coordinator)
        return;
    GPtrArray *actions = meeting_actions_new();
    meeting_abort(world->book, WORLD_TEST, "interrupted by the user", sim_clock_now_ms(), actions);
    act(world, actions);
}

static void lose(struct sim_host *host)
{
    struct world *world = host->world;
    GPtrArray *actions = meeting_actions_new();
    host->is_lost = true;
    if (host->told == 0)
        host->told = ++world->n_told;
    world_did(world, "%s is lost", host->host.name);
    meeting_lose(world->book, WORLD_TEST, host->index, "lost", sim_clock_now_ms(), actions);
    act(world, actions);
}

/* Both ends of a link notice its silence, each after its own time. */
static int notice_silence(void *arg, GError **err)
{
    struct sim_host *host = arg;
    struct world *world = host->world;
    int64_t grace = deadline_in(WORLD_GRACE_MS);
    if (await_deadline(deadline_in(WORLD_LOST_MS), err) < 0)
        return -1;
    if ((is_silent(host) || host->is_frozen) && !host->is_lost && !world->has_no_coordinator)
        lose(host);
    if (await_deadline(grace, err) < 0)
        return -1;
    if (!is_silent(host) || host->is_dead || host->has_ended)
        return 0;
    sim_node_stop(host, "the coordinator was lost for too long");
    meetings_end(host->meetings, "the coordinator is lost");
    return 0;
}

void coordinator_cut(struct sim_host *host)
{
    if (!host->is_frozen)
        host->is_cut = true;
    scope_spawn_detached(host->world->scope, "silence", notice_silence, host);
}

void coordinator_die(struct world *world)
{
    if (world->has_no_coordinator)
        return;
    world->has_no_coordinator = true;
    for (unsigned i = 0; i < WORLD_HOSTS; i++)
        scope_spawn_detached(world->scope, "silence", notice_silence, &world->hosts[i]);
}

int64_t coordinator_next_timeout_ms(const struct world *world)
{
    return world->has_no_coordinator ? INT64_MAX : meeting_next_timeout(world->book);
}

void coordinator_expire(struct world *world)
{
    GPtrArray *actions = meeting_actions_new();
    world_wrong(world, "somebody waited in a meeting until its timeout");
    meeting_expire(world->book, sim_clock_now_ms(), actions);
    act(world, actions);
}

void coordinator_open(struct world *world)
{
    world->failing_ms = -1;
    world->book = meeting_book_new();
    meeting_open_test(world->book, WORLD_TEST, WORLD_HOSTS, world_host_names);
    for (unsigned i = 0; i < WORLD_HOSTS; i++)
        world->hosts[i].inbox = mailbox_new(free_delivery);
}

void coordinator_close(struct world *world)
{
    for (unsigned i = 0; i < WORLD_HOSTS; i++)
        mailbox_free(world->hosts[i].inbox);
    meeting_book_free(world->book);
}
