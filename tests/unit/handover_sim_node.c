/* A node of the world: the product's scenario and meetings, and what a node does for its test
 * beside: a ledger, a log, a VM that may be the only copy taken over; and the network. */
#include "migration/move/reach.h"
#include "tests/unit/handover_world_private.h"

#include <fcntl.h>
#include <unistd.h>

#define PORT 4444

struct sim_host *sim_host_of(const struct host *host)
{
    return host->node;
}

int sim_node_is_dead(GError **err)
{
    g_set_error_literal(err, SYNC_ERROR, SYNC_ERROR_CANCELLED, "the node is dead");
    return -1;
}

static int exchange(void *node, const struct test_meeting *meeting, GBytes *payload,
                    GPtrArray **answers_out, GError **err)
{
    struct sim_host *host = node;
    g_autofree char *arriving = g_strdup_printf("arrives at '%s'", meeting->tag);
    if (world_node_point(host, NULL, arriving, NULL) < 0)
        return sim_node_is_dead(err);
    bool met = meetings_exchange(host->meetings, meeting, payload, answers_out, err) == 0;
    if (!met && world_node_goes_on(host) == 0)
        return -1;
    g_autofree char *leaving = g_strdup_printf("leaves '%s'", meeting->tag);
    if (met && world_node_point(host, NULL, leaving, NULL) == 0)
        return 0;
    if (met)
        g_clear_pointer(answers_out, g_ptr_array_unref);
    g_clear_error(err);
    return sim_node_is_dead(err);
}

static void tell(void *node, const struct test_meeting *meeting, GBytes *payload)
{
    struct sim_host *host = node;
    g_autofree char *telling = g_strdup_printf("tells '%s'", meeting->tag);
    if (world_node_point(host, NULL, telling, NULL) == 0)
        meetings_tell(host->meetings, meeting, payload);
}

static void begin_scope(void *node, uint64_t scope, struct scope *fibers)
{
    const struct sim_host *host = node;
    world_reach(host->world, PHASE_BEFORE_READY);
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
    if (world_node_goes_on(host) < 0)
        return;
    world_did(host->world, "%s fails: %s", host->host.name, cause->message);
    coordinator_hears_failure(host, scope, cause->message);
}

static void free_record(gpointer record)
{
    vtmh__record__free_unpacked(record, NULL);
}

static void record(void *node, const Vtmh__Record *record)
{
    const struct sim_host *host = node;
    Vtmh__Record numbered = *record;
    numbered.number = host->told_records->len + 1;
    size_t size = vtmh__record__get_packed_size(&numbered);
    g_autofree uint8_t *packed = g_malloc(size);
    vtmh__record__pack(&numbered, packed);
    g_ptr_array_add(host->told_records, vtmh__record__unpack(NULL, size, packed));
}

static int await_room(void *node, GError **err)
{
    (void)node;
    (void)err;
    return 0;
}

static const struct test_ops test_ops = {exchange, tell,   begin_scope, end_scope,
                                         failing,  record, NULL,        await_room};

/* Transfer full. */
static char *entry_of(enum owned_kind kind, const char *what)
{
    return g_strdup_printf("%d %s", (int)kind, what);
}

static int own(void *node, enum owned_kind kind, const char *what, GError **err)
{
    struct sim_host *host = node;
    enum fault_kind fault;
    if (world_node_point(host, NULL, "own", &fault) < 0)
        return sim_node_is_dead(err);
    if (fault == FAULT_NONE) {
        g_hash_table_add(host->ledger, entry_of(kind, what));
        return 0;
    }
    g_set_error_literal(err, SYNC_ERROR, SYNC_ERROR_SYSTEM, "the disk is full");
    return -1;
}

static void disown(void *node, enum owned_kind kind, const char *what)
{
    const struct sim_host *host = node;
    g_autofree char *entry = entry_of(kind, what);
    if (!host->is_dead)
        g_hash_table_remove(host->ledger, entry);
}

bool sim_node_owns_guest(const struct sim_host *host, const char *name)
{
    g_autofree char *entry = entry_of(OWNED_GUEST, name);
    return g_hash_table_contains(host->ledger, entry);
}

static void take_log(void *node, Vtmh__LogLevel level, const char *role, const char *vm,
                     const char *text)
{
    struct sim_host *host = node;
    (void)level, (void)role;
    world_did(host->world, "%s: %s: %s", host->host.name, vm != NULL ? vm : "-", text);
}

static void take_context(void *node, const char *text)
{
    (void)node, (void)text;
}

static void take_progress(void *node, const Vtmh__Progress *progress)
{
    (void)node, (void)progress;
}

static void keep(void *node, struct vm *vm)
{
    struct sim_host *host = node;
    struct copy *copy = copy_of(vm);
    stream_close(g_steal_pointer(&vm->serial));
    if (world_node_goes_on(host) < 0)
        return;
    copy->is_freed = copy->is_kept = true;
    copy_look_last(copy);
    world_did(host->world, "%s on %s is kept", vm->name, host->host.name);
}

static const struct host_ops host_ops = {
    .own = own,
    .disown = disown,
    .log = take_log,
    .context = take_context,
    .progress = take_progress,
    .keep = keep,
};

/* The network: every host reaches every other, until the way is cut. */
int reach_listen(const char *address, uint16_t low, uint16_t high, uint16_t *port_out, GError **err)
{
    (void)address, (void)low, (void)high, (void)err;
    *port_out = PORT;
    return open("/dev/null", O_RDWR | O_CLOEXEC);
}

int reach_try(const char *address, uint16_t port, int64_t deadline, GError **err)
{
    (void)address, (void)port, (void)deadline;
    return await_turn(err);
}

bool reach_is_silence(const GError *error)
{
    return g_error_matches(error, SYNC_ERROR, SYNC_ERROR_UNREACHABLE);
}

void sim_node_stop(struct sim_host *host, const char *cause)
{
    if (host->has_ended || host->is_dead || host->stop_cause != NULL)
        return;
    host->stop_cause = g_strdup_printf("the node ends: %s", cause);
    coordinator_hears_failure(host, MEETING_TEST_SCOPE, host->stop_cause);
    g_autoptr(GError) error =
        g_error_new_literal(SYNC_ERROR, SYNC_ERROR_CANCELLED, host->stop_cause);
    if (host->scenario != NULL)
        fiber_cancel(host->scenario, error);
}

void sim_node_kill(struct sim_host *host)
{
    if (host->has_ended || host->is_dead)
        return;
    host->is_dead = true;
    coordinator_cut(host);
}

static int run_scenario(void *arg, GError **err)
{
    struct sim_host *host = arg;
    return scenario_run(&host->test, err);
}

static int run(void *arg, GError **err)
{
    struct sim_host *host = arg;
    (void)err;
    struct scope *scope = scope_open("test");
    host->scenario = fiber_ref(scope_spawn(scope, "scenario", run_scenario, host));
    fiber_join(host->scenario, DEADLINE_NEVER, &host->error);
    g_clear_pointer(&host->scenario, fiber_unref);
    scope_abandon(scope);
    bool lives = world_node_goes_on(host) == 0;
    host->has_ended = true;
    host->ended_ms = sim_clock_now_ms();
    if (!lives)
        return 0;
    world_did(host->world, "%s is through: %s", host->host.name,
              host->error != NULL ? host->error->message : "passed");
    if (host->error != NULL && test_status_of(host->error) != VTMH__STATUS__STATUS_ABORTED)
        coordinator_hears_failure(host, MEETING_TEST_SCOPE, host->error->message);
    coordinator_hears_end(host);
    return 0;
}

void sim_node_open(struct world *world, unsigned index, const struct params *params)
{
    struct sim_host *host = &world->hosts[index];
    host->world = world;
    host->index = index;
    host->heard_ms = -1;
    host->ended_ms = INT64_MAX;
    host->ledger = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    event_set(&host->thawed);
    host->host = (struct host){
        .ops = &host_ops,
        .node = host,
        .name = world_host_names[index],
        .address = "10.0.0.1",
        .log_dir = world->folder,
        .run_dir = world->folder,
        .guests_dir = world->folder,
    };
    host->test = (struct test){
        .id = WORLD_TEST,
        .name = "test",
        .params = params,
        .host = &host->host,
        .n_hosts = WORLD_HOSTS,
        .self = index,
        .names = world_host_names,
        .addresses = world_host_names,
        .ops = &test_ops,
        .node = host,
    };
    test_init(&host->test);
    host->told_records = g_ptr_array_new_with_free_func(free_record);
    host->meetings = meetings_new(&host->node, WORLD_TEST, WORLD_HOSTS);
    scope_spawn_detached(world->scope, "link", coordinator_carry, host);
    scope_spawn_detached(world->scope, "node", run, host);
}

void sim_node_close(struct sim_host *host)
{
    meetings_free(host->meetings);
    g_hash_table_unref(host->ledger);
    g_ptr_array_unref(host->told_records);
    test_clear(&host->test);
    g_clear_error(&host->error);
    g_free(host->stop_cause);
}
