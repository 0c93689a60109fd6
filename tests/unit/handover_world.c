/* The network, the coordinator and the nodes of the world. */
#include "tests/unit/handover_world_private.h"

#include <stdarg.h>
#include <string.h>

#define QUIET_TURNS                                                                                \
    64               /* of every fiber, without a point or a message: nothing goes on any more     \
                      */
#define SLOW_TURNS 6 /* by which messages to the slow host are late */

const char *const world_host_names[WORLD_HOSTS] = {"source", "destination"};

static const char *const fault_names[N_FAULTS] = {
    [FAULT_NONE] = "nothing",
    [FAULT_REFUSED] = "the call is refused",
    [FAULT_UNHEARD] = "the call is done, its answer is not heard",
    [FAULT_LATE] = "the call is done late",
    [FAULT_KILLED] = "the VM is killed",
    [FAULT_PEER_KILLED] = "the VM at the other end is killed",
    [FAULT_PANICKED] = "the guest panics",
    [FAULT_SOURCE_LOST] = "the source host is lost",
    [FAULT_DESTINATION_LOST] = "the destination host is lost",
    [FAULT_INTERRUPTED] = "the user interrupts",
    [FAULT_SOURCE_STOPPED] = "the source node is stopped",
    [FAULT_DESTINATION_STOPPED] = "the destination node is stopped",
};

const char *fault_name(enum fault_kind kind)
{
    return fault_names[kind];
}

static void add_line(GPtrArray *lines, const char *format, va_list arguments)
{
    g_ptr_array_add(lines, g_strdup_vprintf(format, arguments));
}

void world_did(struct world *world, const char *format, ...)
{
    va_list arguments;
    world->tick++;
    va_start(arguments, format);
    add_line(world->outcome->log, format, arguments);
    va_end(arguments);
}

void world_wrong(struct world *world, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    add_line(world->outcome->wrong, format, arguments);
    va_end(arguments);
}

void world_broken(struct world *world, const char *format, ...)
{
    va_list arguments;
    world->outcome->is_promise_broken = true;
    va_start(arguments, format);
    add_line(world->outcome->wrong, format, arguments);
    va_end(arguments);
}

static void lose_host(struct world *world, unsigned index);
static void interrupt(struct world *world);
static void stop_node(struct sim_host *host, const char *cause);

static enum fault_kind strike(struct sim_host *host, struct vm *vm, enum fault_kind kind)
{
    struct world *world = host->world;
    world_did(world, "FAULT: %s", fault_name(kind));
    switch (kind) {
    case FAULT_KILLED:
        world_kill(vm);
        break;
    case FAULT_PEER_KILLED:
        if (vm != NULL)
            world_kill(world_other_copy(vm));
        break;
    case FAULT_PANICKED:
        world_panic(vm);
        break;
    case FAULT_SOURCE_LOST:
        lose_host(world, SOURCE);
        break;
    case FAULT_DESTINATION_LOST:
        lose_host(world, DESTINATION);
        break;
    case FAULT_INTERRUPTED:
        interrupt(world);
        break;
    case FAULT_SOURCE_STOPPED:
        stop_node(&world->hosts[SOURCE], "SIGTERM");
        break;
    case FAULT_DESTINATION_STOPPED:
        stop_node(&world->hosts[DESTINATION], "SIGTERM");
        break;
    default:
        return kind;
    }
    return FAULT_NONE;
}

enum fault_kind world_point(struct sim_host *host, struct vm *vm, const char *what)
{
    struct world *world = host->world;
    struct world_outcome *outcome = world->outcome;
    unsigned point = outcome->n_points++;
    enum fault_kind left = FAULT_NONE;
    world_did(world, "%u: %s %s %s", point, host->host.name, what, vm != NULL ? vm->name : "");
    for (unsigned i = 0; i < world->n_faults; i++) {
        if (world->faults[i].point != point)
            continue;
        if (outcome->where == NULL)
            outcome->where =
                g_strdup_printf("%s %s %s", host->host.name, what, vm != NULL ? vm->name : "");
        enum fault_kind kind = strike(host, vm, world->faults[i].kind);
        left = MAX(left, kind);
    }
    return left;
}

/* A message of the coordinator's on its way to a host. */
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

static void act(struct world *world, GPtrArray *actions)
{
    for (unsigned i = 0; i < actions->len; i++) {
        const struct meeting_action *action = g_ptr_array_index(actions, i);
        struct delivery *delivery = g_new0(struct delivery, 1);
        delivery->actions = g_ptr_array_ref(actions);
        delivery->action = action;
        mailbox_put(world->hosts[action->to].inbox, delivery);
    }
    world->is_aborted = meeting_cause(world->book, WORLD_TEST, MEETING_TEST_SCOPE) != NULL;
    g_ptr_array_unref(actions);
}

static void deliver_release(struct sim_host *host, const struct meeting_action *action)
{
    uint32_t members[WORLD_HOSTS];
    ProtobufCBinaryData payloads[WORLD_HOSTS];
    Vtmh__Release release = VTMH__RELEASE__INIT;
    size_t n = 0;
    for (unsigned i = 0; i < action->payloads->len; i++) {
        GBytes *payload = g_ptr_array_index(action->payloads, i);
        if (payload == NULL)
            continue;
        members[n] = i;
        payloads[n].data = (uint8_t *)g_bytes_get_data(payload, &payloads[n].len);
        n++;
    }
    release.test = WORLD_TEST;
    release.tag = action->tag;
    release.scope = action->scope;
    release.use = action->use;
    release.n_members = release.n_payloads = n;
    release.members = members;
    release.payloads = payloads;
    meetings_release(host->meetings, &release);
}

static void cancel_scenario(struct sim_host *host, const char *cause)
{
    g_autoptr(GError) error = g_error_new_literal(SYNC_ERROR, SYNC_ERROR_CANCELLED, cause);
    if (host->scenario != NULL)
        fiber_cancel(host->scenario, error);
}

static void deliver(struct sim_host *host, const struct meeting_action *action)
{
    if (action->kind == MEETING_RELEASE) {
        world_did(host->world, "%s is released from '%s'", host->host.name, action->tag);
        deliver_release(host, action);
        return;
    }
    world_did(host->world, "%s hears the abort of %s: %s", host->host.name,
              action->tag != NULL ? action->tag : "the test", action->cause->message);
    if (action->tag == NULL && action->scope == MEETING_TEST_SCOPE) {
        cancel_scenario(host, action->cause->message);
        return;
    }
    Vtmh__Abort abort = VTMH__ABORT__INIT;
    abort.test = WORLD_TEST;
    if (action->tag != NULL)
        abort.tag = action->tag;
    abort.scope = action->scope;
    abort.use = action->use;
    abort.message = action->cause->message;
    meetings_abort(host->meetings, &abort);
}

static int carry_to_host(void *arg, GError **err)
{
    struct sim_host *host = arg;
    const struct world *world = host->world;
    for (;;) {
        struct delivery *delivery = mailbox_take(host->inbox, DEADLINE_NEVER, err);
        if (delivery == NULL)
            return -1;
        for (int i = 0; world->setup->slow_host == (int)host->index && i < SLOW_TURNS; i++)
            await_turn(NULL);
        if (!host->is_lost && !host->has_ended)
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
    meeting_arrive(world->book, &arrival, world->now_ms, actions);
    act(world, actions);
}

static void fail_host(struct sim_host *host, uint64_t scope, const char *message)
{
    struct world *world = host->world;
    GPtrArray *actions = meeting_actions_new();
    if (host->told == 0 && scope == MEETING_TEST_SCOPE)
        host->told = ++world->n_told;
    meeting_fail(world->book, WORLD_TEST, scope, host->index, message, world->now_ms, actions);
    act(world, actions);
}

static void lose_host(struct world *world, unsigned index)
{
    if (world->hosts[index].has_ended)
        return;
    struct sim_host *host = &world->hosts[index];
    GPtrArray *actions = meeting_actions_new();
    host->is_lost = true;
    if (host->told == 0)
        host->told = ++world->n_told;
    meeting_lose(world->book, WORLD_TEST, index, "lost", world->now_ms, actions);
    act(world, actions);
}

static void interrupt(struct world *world)
{
    GPtrArray *actions = meeting_actions_new();
    meeting_abort(world->book, WORLD_TEST, "interrupted by the user", world->now_ms, actions);
    act(world, actions);
}

/* What meetings.c sends. */
void node_send(struct node *node, const Vtmh__Envelope *envelope)
{
    struct sim_host *host = (struct sim_host *)node;
    g_assert(envelope->body_case == VTMH__ENVELOPE__BODY_ARRIVE);
    world_did(host->world, "%s arrives at '%s'", host->host.name, envelope->arrive->tag);
    if (!host->is_lost)
        on_arrive(host, envelope->arrive);
}

static int exchange(void *node, const struct test_meeting *meeting, GBytes *payload,
                    GPtrArray **answers_out, GError **err)
{
    struct sim_host *host = node;
    g_autofree char *arriving = g_strdup_printf("arrives at '%s'", meeting->tag);
    world_point(host, NULL, arriving);
    if (meetings_exchange(host->meetings, meeting, payload, answers_out, err) < 0)
        return -1;
    g_autofree char *leaving = g_strdup_printf("leaves '%s'", meeting->tag);
    world_point(host, NULL, leaving);
    return 0;
}

static void tell(void *node, const struct test_meeting *meeting, GBytes *payload)
{
    struct sim_host *host = node;
    g_autofree char *telling = g_strdup_printf("tells '%s'", meeting->tag);
    world_point(host, NULL, telling);
    meetings_tell(host->meetings, meeting, payload);
}

static void begin_scope(void *node, uint64_t scope, struct scope *fibers)
{
    const struct sim_host *host = node;
    meetings_begin_scope(host->meetings, scope, fibers);
}

static void end_scope(void *node, uint64_t scope)
{
    const struct sim_host *host = node;
    meetings_end_scope(host->meetings, scope);
}

static void failing(void *node, uint64_t scope, const struct test_cause *cause)
{
    struct sim_host *host = node;
    world_did(host->world, "%s fails: %s", host->host.name, cause->message);
    if (!host->is_lost)
        fail_host(host, scope, cause->message);
}

static const struct test_ops sim_test_ops = {exchange, tell, begin_scope, end_scope, failing};

struct sim_host *sim_host_of(const struct host *host)
{
    return host->node;
}

static void stop_node(struct sim_host *host, const char *cause)
{
    if (host->has_ended || host->stop_cause != NULL)
        return;
    host->stop_cause = g_strdup_printf("the node ends: %s", cause);
    if (!host->is_lost)
        fail_host(host, MEETING_TEST_SCOPE, host->stop_cause);
    cancel_scenario(host, host->stop_cause);
}

static int run_scenario(void *arg, GError **err)
{
    struct sim_host *host = arg;
    return scenario_run(&host->test, err);
}

static int run_host(void *arg, GError **err)
{
    struct sim_host *host = arg;
    (void)err;
    struct scope *scope = scope_open("test");
    host->scenario = scope_spawn(scope, "scenario", run_scenario, host);
    fiber_join(host->scenario, DEADLINE_NEVER, &host->error);
    host->scenario = NULL;
    scope_abandon(scope);
    host->has_ended = true;
    world_did(host->world, "%s is through: %s", host->host.name,
              host->error != NULL ? host->error->message : "passed");
    if (host->is_lost)
        return 0;
    if (host->error != NULL && test_status_of(host->error) != VTMH__STATUS__STATUS_ABORTED)
        fail_host(host, MEETING_TEST_SCOPE, host->error->message);
    GPtrArray *actions = meeting_actions_new();
    meeting_leave(host->world->book, WORLD_TEST, host->index, host->world->now_ms, actions);
    act(host->world, actions);
    return 0;
}

static bool all_ended(const struct world *world)
{
    return world->hosts[SOURCE].has_ended && world->hosts[DESTINATION].has_ended;
}

/* Lets everybody do what he can; until nothing happens any more. */
static void come_to_rest(struct world *world)
{
    unsigned tick = world->tick;
    for (unsigned quiet = 0; quiet < QUIET_TURNS && !all_ended(world); quiet++) {
        await_turn(NULL);
        if (world->tick != tick)
            quiet = 0;
        tick = world->tick;
    }
}

/* At rest: whose patience is over first. False if nobody waits for anything that will come. */
static bool let_time_pass(struct world *world)
{
    for (unsigned i = 0; i < WORLD_HOSTS; i++) {
        struct sim_host *host = &world->hosts[i];
        struct sim_host *other = &world->hosts[1 - i];
        if (!host->is_lost || host->has_ended || host->is_alone ||
            !(other->has_ended || other->is_lost))
            continue;
        host->is_alone = true;
        stop_node(host, "the coordinator was lost for too long");
        meetings_end(host->meetings, "the coordinator is lost");
        return true;
    }
    int64_t next_ms = meeting_next_timeout(world->book);
    if (next_ms == INT64_MAX)
        return false;
    world_wrong(world, "somebody waited in a meeting until its timeout");
    world->now_ms = next_ms;
    GPtrArray *actions = meeting_actions_new();
    meeting_expire(world->book, next_ms, actions);
    act(world, actions);
    return true;
}

static void open_host(struct world *world, unsigned index, const struct params *params)
{
    struct sim_host *host = &world->hosts[index];
    host->world = world;
    host->index = index;
    host->host = (struct host){
        .ops = &sim_host_ops, .node = host, .name = world_host_names[index], .address = "10.0.0.1"};
    host->test = (struct test){
        .id = WORLD_TEST,
        .name = "test",
        .params = params,
        .host = &host->host,
        .n_hosts = WORLD_HOSTS,
        .self = index,
        .names = world_host_names,
        .addresses = world_host_names,
        .ops = &sim_test_ops,
        .node = host,
    };
    test_init(&host->test);
    host->meetings = meetings_new(&host->node, WORLD_TEST, WORLD_HOSTS);
    host->inbox = mailbox_new(free_delivery);
    host->link = scope_spawn_detached(world->scope, "link", carry_to_host, host);
    scope_spawn_detached(world->scope, "node", run_host, host);
}

static void close_host(struct sim_host *host)
{
    mailbox_free(host->inbox);
    meetings_free(host->meetings);
    test_clear(&host->test);
    g_clear_error(&host->error);
    g_free(host->stop_cause);
}

static struct params *params_of(const struct world_setup *setup, unsigned host)
{
    struct params *params = params_new();
    g_autofree char *legs = g_strdup_printf("%u", setup->legs);
    g_autofree char *retries = g_strdup_printf("%u", setup->retries);
    params_set(params, "type", "migration_multi_host_ping_pong", NULL);
    params_set(params, "vms", setup->n_vms == 1 ? "vm1" : "vm1 vm2", NULL);
    params_set(params, "migrate_count", legs, NULL);
    params_set(params, "mig_offline", setup->offline ? "yes" : "no", NULL);
    if (setup->may_fail) {
        params_set(params, "mig_expect", "completed cancelled refused failed uncertain", NULL);
        params_set(params, "mig_expect_survivor", "source destination none uncertain", NULL);
    }
    params_set(params, "mig_retry", retries, NULL);
    if (setup->ends_differ && host == DESTINATION)
        params_set(params, "mig_compress", "yes", NULL);
    return params;
}

static int run_world(void *arg, GError **err)
{
    struct world *world = arg;
    (void)err;
    struct params *params[WORLD_HOSTS];
    world->copies = g_ptr_array_new();
    world->book = meeting_book_new();
    world->scope = scope_open("world");
    meeting_open_test(world->book, WORLD_TEST, WORLD_HOSTS, world_host_names);
    for (unsigned i = 0; i < WORLD_HOSTS; i++) {
        params[i] = params_of(world->setup, i);
        open_host(world, i, params[i]);
    }

    come_to_rest(world);
    while (!all_ended(world) && let_time_pass(world))
        come_to_rest(world);
    if (all_ended(world)) {
        world_check_end(world);
    } else {
        for (unsigned i = 0; i < world->outcome->log->len; i++)
            g_printerr("%s\n", (char *)g_ptr_array_index(world->outcome->log, i));
        g_error("%s waits for what will never come", world->hosts[SOURCE].has_ended
                                                         ? world_host_names[DESTINATION]
                                                         : world_host_names[SOURCE]);
    }
    scope_abandon(world->scope);
    for (unsigned i = 0; i < WORLD_HOSTS; i++) {
        close_host(&world->hosts[i]);
        params_unref(params[i]);
    }
    meeting_book_free(world->book);
    copies_free(world->copies);
    return 0;
}

struct world_outcome *world_run(const struct world_setup *setup, const struct fault *faults,
                                unsigned n_faults)
{
    struct world_outcome *outcome = g_new0(struct world_outcome, 1);
    outcome->wrong = g_ptr_array_new_with_free_func(g_free);
    outcome->log = g_ptr_array_new_with_free_func(g_free);
    struct world world = {
        .setup = setup, .faults = faults, .n_faults = n_faults, .outcome = outcome};
    fiber_run(run_world, &world, NULL);
    return outcome;
}

void world_outcome_free(struct world_outcome *outcome)
{
    g_ptr_array_unref(outcome->wrong);
    g_ptr_array_unref(outcome->log);
    g_free(outcome->where);
    g_free(outcome->cause);
    g_free(outcome);
}
